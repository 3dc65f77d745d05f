"""Singer taps and dlt sources as sources: each in an environment of its own."""

from connectors.singer.connector import Dlt, Singer

__all__ = ["Dlt", "Singer"]
