"""OpenID Connect Discovery 1.0, RFC 8414, RFC 7517: what this provider can do, and its keys."""
