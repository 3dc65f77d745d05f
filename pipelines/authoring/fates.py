"""What a run would do with a row."""

from __future__ import annotations

from enum import StrEnum


class Fate(StrEnum):
    """It becomes a source profile, a dead letter or a deletion, or ``where`` leaves it out."""

    PASSES = "passes"
    QUARANTINED = "quarantined"
    DELETED = "deleted"
    LEFT_OUT = "left out"
