"""Random tokens, their digests, and codes a person types.

The database keeps digests only. A token of 256 random bits needs no more than SHA-256; a short code
is keyed with a secret that is not in the database, for its few digits could be tried one by one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

_CONSONANTS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: no words; RFC 8628 section 6.1


def new_token() -> str:
    """Return 256 random bits as 43 characters that any URL takes."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is kept of a random token: SHA-256 in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def keyed(key: bytes, *parts: str) -> str:
    """Return the HMAC-SHA-256 in hex of several texts, each with its length before it."""
    told = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
    return hmac.new(key, told, hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )


def new_digits(count: int = 6) -> str:
    """Return a code of decimal digits."""
    return f"{secrets.randbelow(10**count):0{count}}"


def new_letters(groups: int = 2, size: int = 4) -> str:
    """Return a code of letters to be typed, such as ``WDJB-MJHT``."""
    return "-".join(
        "".join(secrets.choice(_CONSONANTS) for _ in range(size)) for _ in range(groups)
    )
