"""Which passwords are taken: long enough, hard to guess, in no list of stolen ones.

No rules on kinds of characters and no expiry: NIST SP 800-63B-4 section 3.1.1.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from zxcvbn_rs_py import zxcvbn

from idp_core.passwords.breached import BreachList
from idp_core.passwords.hashing import LONGEST

_MEASURED = 100
"""How many characters are looked at for guessability: what is longer is not weak."""


class Refusal(StrEnum):
    """Why a password is not taken."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    GUESSABLE = "guessable"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What a password needs. `score` is zxcvbn's, 0 to 4."""

    least: int = 8
    score: int = 2
    breached: BreachList | None = None

    def refusal(self, password: str, about: Iterable[str] = ()) -> Refusal | None:
        """Return why a password is not taken, None when it is.

        `about` are words that whoever knows the person or the place tries first.
        """
        if len(password) < self.least:
            return Refusal.TOO_SHORT
        if len(password) > LONGEST:
            return Refusal.TOO_LONG
        if strength(password, about) < self.score:
            return Refusal.GUESSABLE
        if self.breached is not None and self.breached.has(password):
            return Refusal.BREACHED
        return None


def strength(password: str, about: Iterable[str] = ()) -> int:
    """Return how hard a password is to guess, 0 (at once) to 4 (not at all)."""
    words = [word for each in about for word in (each, *each.replace("@", " ").split())]
    return int(zxcvbn(password[:_MEASURED], words).score)
