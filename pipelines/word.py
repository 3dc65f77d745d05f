"""A person's word: who decides something, and why. It is kept with what it decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Word:
    """Who says something, why, and until when it holds; None is for good."""

    who: str
    why: str
    expires_at: datetime | None = None
