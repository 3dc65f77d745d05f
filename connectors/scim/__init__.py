"""SCIM 2.0 service providers (RFC 7643, RFC 7644) as targets."""

from connectors.scim.connector import Scim

__all__ = ["Scim"]
