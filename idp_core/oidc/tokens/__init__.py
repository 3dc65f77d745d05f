"""Access tokens (RFC 9068) and ID tokens: what is in them, and how they are checked."""
