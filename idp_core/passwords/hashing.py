"""Argon2id (RFC 9106): hash, verify, and tell when a hash is to be made anew."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from idp_core.passwords import foreign

LONGEST = 1024
"""Longer passwords are refused before any work, in characters."""


@dataclass(frozen=True)
class Hasher:
    """Hashes with one cost: passes, memory in MiB, lanes."""

    passes: int = 2
    mebibytes: int = 19
    lanes: int = 1

    @cached_property
    def _argon(self) -> PasswordHasher:
        return PasswordHasher(self.passes, self.mebibytes * 1024, self.lanes)

    @cached_property
    def _nobody(self) -> str:
        return self._argon.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return the hash of a password, in the encoded form that names its cost."""
        return self._argon.hash(_normal(password))

    def verify(self, password: str, known: str | None) -> bool:
        """Whether the password is the one of this hash.

        With None, when there is no account or it has no password, it takes as long and is False.
        """
        if len(password) > LONGEST:
            return False
        normal = _normal(password)
        if known is None:
            self._same(normal, self._nobody)
            return False
        if not known.startswith("$argon2"):
            return foreign.verify(password, known)
        return self._same(normal, known)

    def is_outdated(self, known: str) -> bool:
        """Whether a hash is of another system or of another cost than ours is now."""
        if not known.startswith("$argon2id$"):
            return True
        return self._argon.check_needs_rehash(known)

    def _same(self, normal: str, known: str) -> bool:
        try:
            return self._argon.verify(known, normal)
        except (Argon2Error, InvalidHashError):
            return False


def is_importable(text: str) -> bool:
    """Whether a hash of another system can be taken over."""
    return foreign.is_known(text) or text.startswith(("$argon2id$v=", "$argon2i$v=", "$argon2d$v="))


def _normal(password: str) -> str:
    """Return the password as RFC 8265 compares: one form for each letter with its accents."""
    return unicodedata.normalize("NFC", password)
