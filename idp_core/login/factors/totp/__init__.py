"""One-time codes of an app (RFC 6238)."""
