"""Login accounts: a way for a person's profile to log in."""
