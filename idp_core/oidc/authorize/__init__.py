"""The authorization endpoint: RFC 6749, OpenID Connect Core, RFC 7636, RFC 8707, RFC 9207."""
