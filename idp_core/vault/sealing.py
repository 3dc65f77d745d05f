"""Values sealed at rest: a `Sealer` is the seam where a KMS or an HSM takes the place of a file."""

from __future__ import annotations

import secrets
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from idp_core.errors import SettingsError
from idp_core.vault.master import Master

_NONCE = 12


class Sealer(Protocol):
    """Seals a value so that it opens only under the same context, such as the row it stands in."""

    def seal(self, value: bytes, context: str) -> bytes:
        """Return the sealed value."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """Return the value; SettingsError when it was sealed otherwise."""


class LocalSealer:
    """AES-256-GCM with a key of the master secret; the context is authenticated beside it."""

    def __init__(self, master: Master) -> None:
        self._cipher = AESGCM(master.key("sealing"))

    def seal(self, value: bytes, context: str) -> bytes:
        """Return nonce and ciphertext; the same value never looks the same twice."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, value, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Return the value. Raises SettingsError when secret, context or bytes differ."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode())
        except (InvalidTag, ValueError):
            raise SettingsError(
                f"{context}: sealed with another master secret; put back the file that was there"
            ) from None
