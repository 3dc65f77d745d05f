"""What a likeness must not do on its own, whatever its bits: the holds, as SQL on Splink's answer.

As among identifiers names alone never join, nor does what a household shares. A value seen on two
people who cannot be one is no identifier of one's own. How often the dates of birth of one person
differ is learnt, so a difference is weighed here, not held; and where dates are written so badly
that one near another speaks for a person, it counts as agreement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipelines.resolve.modelfile import Comparison, Model, Says

_SPEAKS = 1.0  # bits from which a likeness that needs not agree does

Bits = Mapping[str, Sequence[float]]
"""What each level of each comparison is worth, as learnt."""


def held(model: Model, bits: Bits) -> str:
    """Return the SQL condition of a pair that must not join by the comparisons in `bits`.

    It speaks of ``p``, Splink's answer, and ``l`` and ``r``, the two rows of the table.
    """
    name, birth, personal, household = (
        _any(model, bits, says) for says in ("name", "birth", "personal", "household")
    )
    return (
        f"(NOT ({birth} OR {personal} OR {household})) OR (NOT ({birth} OR {name} OR {personal}))"
    )


def _any(model: Model, bits: Bits, says: Says) -> str:
    """Return the condition that any comparison of this kind agrees."""
    found = _agree(model, bits, says)
    return f"({' OR '.join(found) or 'false'})"


def _agree(model: Model, bits: Bits, says: Says) -> Iterator[str]:
    for name, worth in bits.items():
        comparison = model.comparisons[name]
        if comparison.says != says:
            continue
        agrees = f"p.gamma_{name} IN ({', '.join(map(str, _levels(comparison, worth)))})"
        contested = [
            f'{side}."{column}_shared"'
            for column in comparison.needs(name)
            if says == "personal" and model.columns[column].read is not None
            for side in ("l", "r")
        ]
        yield f"({agrees} AND NOT ({' OR '.join(contested) or 'false'}))"


def _levels(comparison: Comparison, worth: Sequence[float]) -> Sequence[int]:
    """Return Splink's numbers of the levels that agree (0 is no likeness, -1 unknown)."""
    most = len(comparison.levels)
    learns = comparison.says == "birth"
    return [
        most - place
        for place, level in enumerate(comparison.levels)
        if level.agrees or (learns and worth[place] >= _SPEAKS)
    ] or [most + 1]
