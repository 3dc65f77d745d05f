"""Whom to trust, and what to show of ourselves, on a way that TLS secures."""

from __future__ import annotations

import ssl
from pathlib import Path

from connectors.errors import MisconfiguredError


def context(
    above: str, ca_file: Path | None, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """Return a context that checks certificates and names, by `ca_file` or the system's own.

    `above` is what stands before the names of our settings, for the message, such as ``http.``.
    Raises MisconfiguredError when a file cannot be used.
    """
    try:
        made = ssl.create_default_context(cafile=ca_file)
        if certificate:
            made.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        which = f"{above}ca_file" + (f" or {above}client_certificate" if certificate else "")
        raise MisconfiguredError(f"{which} cannot be used as PEM: {type(error).__name__}") from None
    return made
