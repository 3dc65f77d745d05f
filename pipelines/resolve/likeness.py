"""The words of a model file as SQL conditions on a pair of records, for DuckDB and Spark alike.

A condition speaks of ``"column_l"`` and ``"column_r"``; missing values make it NULL, never true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Condition = Callable[[str], str]


def _both(text: str) -> Condition:
    """Return a condition on one column; ``{l}`` and ``{r}`` are its two sides."""
    return lambda column: text.format(l=f'"{column}_l"', r=f'"{column}_r"', c=column)


def _edits(most: int, length: int = 0) -> Condition:
    shortest = f" AND least(length({{l}}), length({{r}})) >= {length}" if length else ""
    return _both(f"(damerau_levenshtein({{l}}, {{r}}) <= {most}{shortest})")


def _jaro(least: float) -> Condition:
    return _both(f"(jaro_winkler_similarity({{l}}, {{r}}) >= {least})")


def _days(most: int) -> Condition:
    day = "try_cast({{{0}}} AS date)"
    return _both(f"(abs(date_diff('day', {day.format('l')}, {day.format('r')})) <= {most})")


def _date_part(start: int, length: int) -> str:
    side = "substr({{{0}}}, {1}, {2})"
    return f"{side.format('l', start, length)} = {side.format('r', start, length)}"


_YEAR, _MONTH, _DAY = _date_part(1, 4), _date_part(6, 2), _date_part(9, 2)
_BEFORE_AT = "split_part({l}, '@', 1) = split_part({r}, '@', 1)"
_LONG_WORDS = "list_filter(string_split({l}, ' '), lambda word: length(word) > 2)"

WORDS: Mapping[str, Condition] = {
    "same": _both("{l} = {r}"),
    "nickname": _both('list_has_any("{c}_roots_l", "{c}_roots_r")'),
    "initial": _both(
        "((length({l}) = 1 OR length({r}) = 1) AND substr({l}, 1, 1) = substr({r}, 1, 1))"
    ),
    "part": _both(f"list_has_any({_LONG_WORDS}, string_split({{r}}, ' '))"),
    "slip": _edits(1),
    "two_slips": _edits(2),
    "slips": _edits(2, length=5),
    "close": _jaro(0.93),
    "alike": _jaro(0.9),
    "near": _jaro(0.85),
    "similar": _jaro(0.8),
    "local_part": _both(_BEFORE_AT),
    "swapped": _both(
        f"({_YEAR} AND substr({{l}}, 6, 2) = substr({{r}}, 9, 2)"
        " AND substr({l}, 9, 2) = substr({r}, 6, 2))"
    ),
    "few_days": _days(11),
    "within_year": _days(370),
    "within_ten_years": _days(3720),
    "two_parts": _both(f"(({_YEAR})::int + ({_MONTH})::int + ({_DAY})::int >= 2)"),
}
"""The words that are said of one column."""

CROSSED = "crossed"
"""The word that is said of two columns: each of one record is alike to the other of the other."""


def condition(word: str, columns: Sequence[str]) -> str:
    """Return the SQL of a word said of columns; for several all must hold."""
    if word == CROSSED:
        a, b = columns
        return (
            f'(jaro_winkler_similarity("{a}_l", "{b}_r") >= 0.88'
            f' AND jaro_winkler_similarity("{b}_l", "{a}_r") >= 0.88)'
        )
    return " AND ".join(WORDS[word](column) for column in columns)
