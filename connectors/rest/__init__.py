"""JSON over HTTP, REST or GraphQL: any system, by description."""

from connectors.rest.connector import Rest

__all__ = ["Rest"]
