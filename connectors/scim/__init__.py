"""SCIM 2.0 service providers (RFC 7643, RFC 7644) as targets."""
