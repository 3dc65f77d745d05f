"""What resolution leaves to a person: two groups that may be one, with the pair to look at and why.

One doubt stands for two groups, however many pairs of their records are in doubt.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from idp_core.profiles.cluster import WEAK
from idp_core.profiles.model import SourceRef
from idp_core.profiles.vetoes import Veto


class DoubtKind(StrEnum):
    """Why a pair waits for a person."""

    VETO = "veto"  # it is strong, and something forbids it
    CONFLICT = "conflict"  # it is strong, and identifiers contradict it
    SPLIT = "split"  # it is strong, and the other records of the two speak against it
    HELD = "held"  # what agrees never joins on its own
    DOUBTFUL = "doubtful"  # what agrees is a little short of a join


class Doubt(NamedTuple):
    """A pair in doubt; `left` sorts before `right`. `weight` is bits above what joins."""

    left: SourceRef
    right: SourceRef
    kind: DoubtKind
    weight: float
    reason: str


def kind_of(reason: str) -> DoubtKind:
    """Return the kind of a refused merge by the guard's, or the clustering's, reason."""
    if reason == WEAK:
        return DoubtKind.SPLIT
    vetoes = {veto.value for veto in Veto} - {Veto.IDENTIFIER.value}
    return DoubtKind.VETO if reason in vetoes else DoubtKind.CONFLICT
