"""How much more alike strangers of one place are than strangers at large.

Fellegi and Sunter's model takes what it compares for independent. Where people come from several
countries their first names, family names and towns are not: a Giovanni Rossi in Bologna agrees with
another three times for one reason. How strong that is, the records themselves say.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log2

import duckdb

from pipelines.resolve.modelfile import Model


def together(con: duckdb.DuckDBPyConnection, model: Model, there: Iterable[str]) -> float:
    """Return how many bits too much two names and a place are worth that agree at once, 0 at least.

    Records of other families are strangers: among those of one place a first name is shared so
    many times more often than among all. A family name is, too, hence twice. Asks the table
    ``records``; without names or a place there is nothing to say.
    """
    held = set(there)
    given = _named(model, "given_name", held)
    family = _named(model, "family_name", held)
    places = [column for column in _places(model) if column in held]
    if given is None or family is None or not places:
        return 0.0
    at_large = _agreement(con, given, family, None)
    near = [found for place in places if (found := _agreement(con, given, family, place))]
    if not at_large or not near:
        return 0.0
    return round(max(2 * log2(min(near) / at_large), 0.0), 3)


def _named(model: Model, read: str, held: set[str]) -> str | None:
    return next((n for n, c in model.columns.items() if c.read == read and n in held), None)


def _places(model: Model) -> list[str]:
    """Return the columns that a household's comparisons look at and that many people share."""
    return sorted(
        {
            level.frequency
            for comparison in model.comparisons.values()
            if comparison.says == "household"
            for level in comparison.levels
            if level.frequency is not None
        }
    )


def _agreement(con: duckdb.DuckDBPyConnection, given: str, family: str, place: str | None) -> float:
    """Return the share of the pairs of other families, of one place, that agree in the first name.

    Every family name, first name and place counts; a record without one of them does not.
    """
    where = f'"{given}" IS NOT NULL AND "{family}" IS NOT NULL'
    at = [f'"{place}"'] if place else []
    if place:
        where += f' AND "{place}" IS NOT NULL'

    def pairs(*columns: str) -> float:
        by = [*at, *columns]
        group = f"GROUP BY {', '.join(by)}" if by else ""
        sql = f"SELECT count(*) AS n FROM records WHERE {where} {group}"
        ((found,),) = con.execute(f"SELECT sum(n * (n - 1) / 2) FROM ({sql})").fetchall()
        return float(found or 0)

    name, letter = f'"{given}"', f'substr("{family}", 1, 1)'
    strangers = pairs() - pairs(letter)
    return (pairs(name) - pairs(name, letter)) / strangers if strangers > 0 else 0.0
