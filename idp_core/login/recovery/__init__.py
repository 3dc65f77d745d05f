"""Recovery: a forgotten password is replaced by whoever reads the account's mail."""
