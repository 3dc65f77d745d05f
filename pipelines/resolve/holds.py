"""What a likeness must not do on its own, whatever its bits: the holds, as SQL on Splink's answer.

As among identifiers names alone never join, nor does what a household shares. Names and a place
join only when they leave next to no doubt: who has them both may have a namesake there. A value
seen on two people who cannot be one is no identifier of one's own, and no full name of one's own.
How often the dates of birth of one person differ is learnt, so a difference is weighed here, not
held; and where dates or mailboxes are written so badly that one near another speaks for a person,
it counts as agreement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from math import log2

from pipelines.resolve.modelfile import Comparison, Model, Says
from pipelines.resolve.trained import Trained, Weights
from pipelines.resolve.weights import OFTEN, OWN

_SPEAKS = 1.0  # bits from which a likeness that needs not agree does


def held(model: Model, trained: Trained, chosen: Collection[str]) -> str:
    """Return the SQL condition of a pair that must not join by the `chosen` comparisons.

    It speaks of ``p``, Splink's answer, and ``l`` and ``r``, the two rows of the table.
    """
    weights = {name: trained.weights[name] for name in chosen}
    name, other_name, birth, personal, household = (
        _any(model, weights, says)
        for says in ("name", "other_name", "birth", "personal", "household")
    )
    place = _any(model, weights, "household", learns=True)
    thin = f"(p.match_weight >= {model.thin_at + trained.together})"
    named = f"({name} AND {other_name} AND {place} AND {thin})"
    return (
        f"(NOT ({birth} OR {personal} OR {household} OR {named}))"
        f" OR (NOT ({birth} OR {name} OR {personal}))"
    )


def _any(model: Model, weights: Weights, says: Says, *, learns: bool = False) -> str:
    """Return the condition that any comparison of this kind agrees."""
    found = _agree(model, weights, says, learns=learns or says in OWN)
    return f"({' OR '.join(found) or 'false'})"


def _agree(model: Model, weights: Weights, says: Says, *, learns: bool) -> Iterator[str]:
    for name, worth in weights.items():
        comparison = model.comparisons[name]
        if comparison.says != says:
            continue
        levels = ", ".join(map(str, _levels(comparison, worth, learns=learns)))
        contested = [
            f'{side}."{column}_shared"'
            for column in comparison.needs(name)
            if says == "personal" and model.columns[column].read is not None
            for side in ("l", "r")
        ]
        yield f"(p.gamma_{name} IN ({levels}) AND NOT ({' OR '.join(contested) or 'false'}))"


def _levels(
    comparison: Comparison, worth: Sequence[tuple[float, float]], *, learns: bool
) -> Sequence[int]:
    """Return Splink's numbers of the levels that agree (0 is no likeness, -1 unknown).

    With `learns` a level agrees, too, when it is often all that the records of a person have.
    """
    most = len(comparison.levels)
    return [
        most - place
        for place, level in enumerate(comparison.levels)
        if level.agrees or (learns and _speaks(*worth[place]))
    ] or [most + 1]


def _speaks(m: float, u: float) -> bool:
    return m >= OFTEN and log2(m / u) >= _SPEAKS
