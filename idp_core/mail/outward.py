"""A POST to somebody else's service: no redirect is followed, no private network is entered."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

URL = r"^https?://[^\s/@]+(/[^\s]*)?$"
"""What such an address looks like."""


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, private: bool, seconds: float = 15.0
) -> int:
    """Send a body and return the status of the answer. Raises OSError when there is none.

    An address in a private network is connected to only with `private`.
    """
    parts = urlsplit(url)
    secure, host = parts.scheme == "https", parts.hostname or ""
    port = parts.port or (443 if secure else 80)
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        made = _connected(host, port, seconds, private=private)
        connection.sock = (
            ssl.create_default_context().wrap_socket(made, server_hostname=host) if secure else made
        )
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, dict(headers))
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(type(error).__name__) from None
    finally:
        connection.close()


def _connected(host: str, port: int, seconds: float, *, private: bool) -> socket.socket:
    """Connect, then look at whom: a name that is resolved twice may give two addresses."""
    made = socket.create_connection((host, port), seconds)
    address = ipaddress.ip_address(made.getpeername()[0].partition("%")[0])
    if not private and not address.is_global:
        made.close()
        raise OSError("the provider's address is in a private network")
    return made
