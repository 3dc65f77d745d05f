"""Client authentication: RFC 6749 section 2.3, RFC 7523 private_key_jwt."""
