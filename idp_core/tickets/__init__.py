"""One-time tokens of every kind, and the one statement that decides who used each."""
