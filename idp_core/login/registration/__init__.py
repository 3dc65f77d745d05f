"""Registration: the address first; the account is made by whoever reads its mail."""
