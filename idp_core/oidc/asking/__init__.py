"""What is still to be asked of an account: by rules, by what is known, by what it put off."""
