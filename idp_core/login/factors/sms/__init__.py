"""One-time codes by text message, as a further step."""
