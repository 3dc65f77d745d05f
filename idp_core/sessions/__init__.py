"""Sessions of people who are logged in, kept on the server."""
