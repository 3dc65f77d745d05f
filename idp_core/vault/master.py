"""The master secret of an installation: 32 random bytes, from which each purpose has its own key.

It stands in a file that only its owner may read, apart from the database: whoever copies the
database alone reads no signing key, no TOTP secret and guesses no code.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from idp_core.errors import SettingsError

_BYTES = 32


@dataclass(frozen=True, slots=True)
class Master:
    """The master secret; `key` derives from it."""

    value: bytes = field(repr=False)

    def key(self, purpose: str) -> bytes:
        """Return the 32-byte key of one purpose: the same each time, no use for another.

        HKDF-SHA-256 (RFC 5869) without a salt; 32 bytes are its first block.
        """
        extracted = hmac.digest(bytes(_BYTES), self.value, "sha256")
        return hmac.digest(extracted, f"isthmus {purpose}".encode() + b"\x01", "sha256")


def read_or_make(path: Path) -> Master:
    """Read the secret in a file, made if it is not there.

    Raises SettingsError when it is no such file, or others than its owner may read it.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _make(path)
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SettingsError(f"{path}: others than its owner may read it; run `chmod 600 {path}`")
    return parse(path.read_text("ascii", "replace"), str(path))


def parse(text: str, name: str) -> Master:
    """Return the secret that is written as base64. Raises SettingsError, never with its value."""
    try:
        value = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != _BYTES:
        raise SettingsError(
            f"{name}: not a master secret (base64 of {_BYTES} bytes); put back the one that was "
            "there: what was sealed with it cannot be read without it"
        )
    return Master(value)


def _make(path: Path) -> None:
    """Write a new secret unless the file is there; two processes at once agree on one."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(_BYTES)) + b"\n")
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
