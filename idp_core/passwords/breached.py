"""Lists of stolen passwords: a file here, or a service that is told five digits of a hash."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.error import URLError
from urllib.request import Request, urlopen

from idp_core.errors import SettingsError
from idp_core.logs import logger

_DIGITS = 40
_SECONDS = 2.0
_MOST_BYTES = 1_000_000


class BreachList(Protocol):
    """Knows stolen passwords."""

    def has(self, password: str) -> bool:
        """Whether a password was stolen somewhere."""


@dataclass(frozen=True, slots=True)
class BreachFile:
    """A text file of SHA-1 hashes in hex, one a line, sorted, perhaps with ``:count`` behind each.

    It is searched by halves and never read as a whole: the known lists have tens of gigabytes.
    """

    path: Path

    def check(self) -> None:
        """Raise SettingsError when the file is not such a list."""
        try:
            with self.path.open("rb") as file:
                first = file.readline(200)
        except OSError as error:
            raise SettingsError(f"{self.path}: cannot be read ({error.strerror})") from None
        if not _is_hash(first[:_DIGITS]):
            raise SettingsError(f"{self.path}: its first line is no SHA-1 hash in hex")

    def has(self, password: str) -> bool:
        """Whether the file has the hash of a password."""
        wanted = _sha1(password).encode()
        with self.path.open("rb") as file:
            low, high = 0, file.seek(0, os.SEEK_END)
            while low < high:
                middle = (low + high) // 2
                file.seek(middle)
                if middle:
                    file.readline()  # the rest of a line that begins before
                line = file.readline()
                if not line or line[:_DIGITS].upper() > wanted:
                    high = middle
                elif line[:_DIGITS].upper() == wanted:
                    return True
                else:
                    low = middle + 1
            file.seek(0)
            return file.readline()[:_DIGITS].upper() == wanted


@dataclass(frozen=True, slots=True)
class BreachService:
    """A service by k-anonymity, such as Have I Been Pwned's: it hears five digits of the hash.

    When it does not answer the password is taken, and that is noted: a service of others must not
    keep everybody out.
    """

    url: str

    def has(self, password: str) -> bool:
        """Whether the service knows the hash of a password."""
        digits = _sha1(password)
        request = Request(f"{self.url.rstrip('/')}/{digits[:5]}", headers={"Add-Padding": "true"})  # noqa: S310 (the configuration's own URL)
        try:
            with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                text = answer.read(_MOST_BYTES).decode("ascii", "replace")
        except (URLError, OSError, ValueError):
            logger().warning("breach_service.unreachable")
            return False
        rows = (line.strip().partition(":") for line in text.splitlines())
        return any(tail.upper() == digits[5:] and count != "0" for tail, _, count in rows)


def _sha1(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def _is_hash(text: bytes) -> bool:
    return len(text) == _DIGITS and all(c in b"0123456789abcdefABCDEF" for c in text)
