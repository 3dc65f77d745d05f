"""What a likeness must not do on its own, whatever its bits: the holds, as SQL on Splink's answer.

As among identifiers names alone never join, nor does what a household shares. Names and a place
join only when they leave next to no doubt: who has them both may have a namesake there. A value
seen on two people who cannot be one is no identifier of one's own, and no full name of one's own.
How often the dates of birth of one person differ is learnt, so a difference is weighed here, not
held; and where dates or mailboxes are written so badly that one near another speaks for a person,
it counts as agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from typing import NamedTuple

from pipelines.resolve.modelfile import Comparison, Model, Says
from pipelines.resolve.trained import Trained, Weights
from pipelines.resolve.weights import OFTEN

_SPEAKS = 1.0  # bits from which a likeness that needs not agree does


Agreeing = Sequence[tuple[str, Sequence[int], Sequence[str]]]
"""Comparisons with the places of the levels that agree, and columns whose values must not be
shared with someone who cannot be the same person."""


class Grounds(NamedTuple):
    """What a join may rest on, by kind of evidence."""

    name: Agreeing
    other_name: Agreeing
    birth: Agreeing
    personal: Agreeing
    household: Agreeing
    place: Agreeing


def grounds(model: Model, weights: Weights) -> Grounds:
    """Return which levels of the comparisons that were learnt agree."""
    return Grounds(
        name=_agreeing(model, weights, "name"),
        other_name=_agreeing(model, weights, "other_name"),
        birth=_agreeing(model, weights, "birth", learns=True),
        personal=_agreeing(model, weights, "personal", learns=True),
        household=_agreeing(model, weights, "household"),
        place=_agreeing(model, weights, "household", learns=True),
    )


def held(model: Model, trained: Trained, weight: str = "p.match_weight") -> str:
    """Return the SQL condition of a pair that must not join by what was learnt.

    It speaks of ``p``, Splink's answer, and ``l`` and ``r``, the two rows of the table; `weight` is
    the SQL of what the pair is worth.
    """
    name, other_name, birth, personal, household, place = (
        _any(model, each) for each in grounds(model, trained.weights)
    )
    thin = f"({weight} >= {model.thin_at + trained.together})"
    named = f"({name} AND {other_name} AND {place} AND {thin})"
    return (
        f"(NOT ({birth} OR {personal} OR {household} OR {named}))"
        f" OR (NOT ({birth} OR {name} OR {personal}))"
    )


def _agreeing(model: Model, weights: Weights, says: Says, *, learns: bool = False) -> Agreeing:
    return [
        (
            name,
            _levels(model.comparisons[name], worth, learns=learns),
            [
                column
                for column in model.comparisons[name].needs(name)
                if says == "personal" and model.columns[column].read is not None
            ],
        )
        for name, worth in weights.items()
        if model.comparisons[name].says == says
    ]


def _any(model: Model, found: Agreeing) -> str:
    """Return the condition that any comparison agrees; Splink counts levels from the last one."""
    said = []
    for name, places, columns in found:
        most = len(model.comparisons[name].levels)
        levels = ", ".join(str(most - place) for place in places)
        shared = [f'{side}."{column}_shared"' for column in columns for side in ("l", "r")]
        unshared = f"NOT ({' OR '.join(shared) or 'false'})"
        said.append(f"(p.gamma_{name} IN ({levels}) AND {unshared})" if levels else "false")
    return f"({' OR '.join(said) or 'false'})"


def _levels(
    comparison: Comparison, worth: Sequence[tuple[float, float]], *, learns: bool
) -> Sequence[int]:
    """Return the places of the levels that agree.

    With `learns` a level agrees, too, when it is often all that the records of a person have.
    """
    return [
        place
        for place, level in enumerate(comparison.levels)
        if level.agrees or (learns and _speaks(*worth[place]))
    ]


def _speaks(m: float, u: float) -> bool:
    return m >= OFTEN and log2(m / u) >= _SPEAKS
