"""The words of `likeness` said in Python: whether two spellings are alike, one pair at a time.

As in DuckDB letters are characters where they are counted or cut, and bytes where spellings are
compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from idp_core.profiles.names import roots

Word = Callable[[str, str], bool]


def _edits(most: int, length: int = 0) -> Word:
    def alike(left: str, right: str) -> bool:
        if length and min(len(left), len(right)) < length:
            return False
        one, other = left.encode(), right.encode()
        return DamerauLevenshtein.distance(one, other, score_cutoff=most) <= most

    return alike


def _jaro(least: float) -> Word:
    return lambda left, right: JaroWinkler.similarity(left.encode(), right.encode()) >= least


def _days(most: int) -> Word:
    def near(left: str, right: str) -> bool:
        one, other = _day(left), _day(right)
        return one is not None and other is not None and abs(one - other) <= most

    return near


@lru_cache(maxsize=50_000)
def _day(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return None


def _initial(left: str, right: str) -> bool:
    return (len(left) == 1 or len(right) == 1) and left[:1] == right[:1]


def _part(left: str, right: str) -> bool:
    words = right.split(" ")
    return any(len(word) > 2 and word in words for word in left.split(" "))


def _swapped(left: str, right: str) -> bool:
    return left[:4] == right[:4] and left[5:7] == right[8:10] and left[8:10] == right[5:7]


def _two_parts(left: str, right: str) -> bool:
    parts = (left[:4] == right[:4], left[5:7] == right[5:7], left[8:10] == right[8:10])
    return sum(parts) >= 2


WORDS: Mapping[str, Word] = {
    "same": lambda left, right: left == right,
    "nickname": lambda left, right: not roots(left).isdisjoint(roots(right)),
    "initial": _initial,
    "part": _part,
    "slip": _edits(1),
    "two_slips": _edits(2),
    "slips": _edits(2, length=5),
    "close": _jaro(0.93),
    "alike": _jaro(0.9),
    "near": _jaro(0.85),
    "similar": _jaro(0.8),
    "local_part": lambda left, right: left.partition("@")[0] == right.partition("@")[0],
    "swapped": _swapped,
    "few_days": _days(11),
    "within_year": _days(370),
    "within_ten_years": _days(3720),
    "two_parts": _two_parts,
}
"""The words of `likeness.WORDS`."""
crossed = _jaro(0.88)
"""What `likeness.CROSSED` asks of a name and one that stands in the other's place."""
