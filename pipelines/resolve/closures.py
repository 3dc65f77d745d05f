"""A trained model as plain functions: one pair of records scored in microseconds.

The words of `likeness`, the levels, term frequencies and holds of the batch, said in Python; a test
holds both to the same bits. As in DuckDB letters are characters where they are counted or cut, and
bytes where spellings are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from math import inf, log2
from typing import NamedTuple

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from idp_core.profiles.names import roots
from pipelines.resolve.holds import Agreeing, grounds
from pipelines.resolve.likeness import CROSSED
from pipelines.resolve.modelfile import Comparison, Level, Model, Words
from pipelines.resolve.settings import RAREST
from pipelines.resolve.trained import Trained

Texts = Sequence[str | None]
"""What a record says in each column of the model, in their order; None where nothing."""
Word = Callable[[str, str], bool]
Told = Callable[[Texts, Texts], bool]


class Row(NamedTuple):
    """One record as the model sees it; `shared` are columns with a value that others have, too."""

    texts: Texts
    shared: frozenset[int] = frozenset()


class Scored(NamedTuple):
    """What a pair is worth in bits, whether it must not join, and the level of each comparison.

    A level is its place in the model file; -1 is unknown, one beyond the last is no likeness.
    """

    bits: float
    held: bool
    levels: Sequence[int]


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
_crossed = _jaro(0.88)


_SLACK = 1e-6  # bits: a sum that is only estimated may be off by the last digit


class _Compared(NamedTuple):
    """One comparison: what makes it unknown, its levels, their bits, and rare values worth more.

    `rest` is the most that any likeness but the first is worth.
    """

    needs: Sequence[int]
    unknown: Sequence[Told]
    levels: Sequence[Told]
    bits: Sequence[float]
    rare: Sequence[tuple[int, float, Mapping[str, float]] | None]
    rest: float

    def first(self, left: Texts, right: Texts) -> int | None:
        """Return the place of the likeness where that is quickly known: unknown, or the first."""
        for at in self.needs:
            if left[at] is not None and right[at] is not None:
                break
        else:
            return -1
        return 0 if self.levels[0](left, right) else None

    def level(self, left: Texts, right: Texts) -> int:
        """Return the place of the first likeness that holds, of a comparison that is not empty."""
        for told in self.unknown:
            if told(left, right):
                return -1
        for place, told in enumerate(self.levels):
            if told(left, right):
                return place
        return len(self.levels)


class Scorer:
    """A trained model among so many records."""

    def __init__(self, model: Model, trained: Trained, records: int) -> None:
        self._column = {name: at for at, name in enumerate(model.columns)}
        shares = _shares(trained)
        self._rare = trained.rare
        self.names = list(trained.weights)
        self._compared = [self._one(model, trained, name, shares) for name in self.names]
        prior = trained.prior_among(records)
        self.start = log2(prior / (1 - prior))
        self._thin = model.thin_at + trained.together
        self._grounds = grounds(model, trained.weights)

    def score(self, left: Row, right: Row, least: float = -inf) -> Scored | None:
        """Score a pair; the first is the one whose source and key come first.

        None when it cannot be worth `least` bits.
        """
        levels, could, unsure = [-1] * len(self.names), self.start + _SLACK, []
        for at, each in enumerate(self._compared):
            place = each.first(left.texts, right.texts)
            if place is None or (each.unknown and place == 0):
                most = each.rest if place is None else self._most(each, left, right)
                unsure.append((most, at))
                could += most
            elif place == 0:
                levels[at] = 0
                could += self._worth(each, 0, left, right)
        for most, at in sorted(unsure, reverse=True):
            if could < least:
                return None
            each = self._compared[at]
            levels[at] = place = each.level(left.texts, right.texts)
            could -= most - (self._worth(each, place, left, right) if place >= 0 else 0.0)
        bits = self.start
        for at, place in enumerate(levels):
            if place >= 0:
                each = self._compared[at]
                bits = bits + each.bits[place] + self._adjusted(each, place, left, right)
        if bits < least:
            return None
        return Scored(round(bits, 3), self._held(levels, left, right, bits), levels)

    def worth(self, scored: Scored, left: Row, right: Row) -> list[float]:
        """Return the bits of each comparison of a scored pair; 0 where it is unknown."""
        return [
            self._worth(each, place, left, right) if place >= 0 else 0.0
            for each, place in zip(self._compared, scored.levels, strict=True)
        ]

    def _most(self, each: _Compared, left: Row, right: Row) -> float:
        """Return what a comparison is worth whose first likeness holds, if it is not unknown."""
        return max(self._worth(each, 0, left, right), 0.0)

    def _worth(self, each: _Compared, place: int, left: Row, right: Row) -> float:
        return each.bits[place] + self._adjusted(each, place, left, right)

    def _adjusted(self, each: _Compared, place: int, left: Row, right: Row) -> float:
        """Return what a rare value adds, or a common one takes away."""
        if place == len(each.levels) or (rare := each.rare[place]) is None:
            return 0.0
        column, u, shares = rare
        values = [text for side in (left, right) if (text := side.texts[column]) is not None]
        if not values:
            return 0.0
        return u - log2(max(*(shares.get(value, self._rare) for value in values), RAREST))

    def _held(self, levels: Sequence[int], left: Row, right: Row, bits: float) -> bool:
        shared = left.shared | right.shared
        there = dict(zip(self.names, levels, strict=True))

        def any_of(found: Agreeing) -> bool:
            return any(
                there[name] in places and shared.isdisjoint(self._column[c] for c in columns)
                for name, places, columns in found
            )

        of = self._grounds
        name, personal, birth = any_of(of.name), any_of(of.personal), any_of(of.birth)
        household = any_of(of.household)
        named = name and any_of(of.other_name) and any_of(of.place) and bits >= self._thin
        return not (birth or personal or household or named) or not (birth or name or personal)

    def _one(
        self, model: Model, trained: Trained, name: str, shares: Mapping[str, Mapping[str, float]]
    ) -> _Compared:
        comparison, weights = model.comparisons[name], trained.weights[name]
        bits = [log2(m / u) for m, u in weights]
        rare = [self._rarity(comparison, level, weights, shares) for level in comparison.levels]
        rest = [
            worth + (max(each[1] - log2(RAREST), 0.0) if each else 0.0)
            for worth, each in zip(bits[1:], [*rare[1:], None], strict=True)
        ]
        return _Compared(
            needs=[self._column[column] for column in comparison.needs(name)],
            unknown=[self._entry({w: cs}) for w, cs in comparison.unknown.items()],
            levels=[self._level(level) for level in comparison.levels],
            bits=bits,
            rare=rare,
            rest=max(rest + [0.0] * bool(comparison.unknown)),
        )

    def _rarity(
        self,
        comparison: Comparison,
        level: Level,
        weights: Sequence[tuple[float, float]],
        shares: Mapping[str, Mapping[str, float]],
    ) -> tuple[int, float, Mapping[str, float]] | None:
        column = level.frequency
        if column is None:
            return None
        exact = next(
            at
            for at, each in enumerate(comparison.levels)
            if [dict(entry) for entry in each.when] == [{"same": (column,)}]
        )
        return self._column[column], log2(weights[exact][1]), shares.get(column, {})

    def _level(self, level: Level) -> Told:
        entries = [self._entry(entry) for entry in level.when]
        return entries[0] if len(entries) == 1 else _any(entries)

    def _entry(self, entry: Words) -> Told:
        """Return what says whether all words of an entry hold."""
        told: list[Told] = []
        for word, columns in entry.items():
            places = [self._column[column] for column in columns]
            if word == CROSSED:
                a, b = places
                told += [_said(_crossed, a, b), _said(_crossed, b, a)]
            else:
                told += [_said(WORDS[word], at, at) for at in places]
        return told[0] if len(told) == 1 else _all(told)


def _any(entries: Sequence[Told]) -> Told:
    def told(left: Texts, right: Texts) -> bool:
        for entry in entries:  # noqa: SIM110 (a generator would take as long as what it asks)
            if entry(left, right):
                return True
        return False

    return told


def _all(entries: Sequence[Told]) -> Told:
    def told(left: Texts, right: Texts) -> bool:
        for entry in entries:  # noqa: SIM110
            if not entry(left, right):
                return False
        return True

    return told


def _said(word: Word, a: int, b: int) -> Told:
    """Return whether a word holds of a column of the left and one of the right record."""

    def told(left: Texts, right: Texts) -> bool:
        one, other = left[a], right[b]
        return one is not None and other is not None and word(one, other)

    return told


def _shares(trained: Trained) -> Mapping[str, Mapping[str, float]]:
    found: dict[str, dict[str, float]] = {}
    columns = (trained.frequencies[name].to_pylist() for name in ("column", "value", "share"))
    for column, value, share in zip(*columns, strict=True):
        found.setdefault(column, {})[value] = share
    return found
