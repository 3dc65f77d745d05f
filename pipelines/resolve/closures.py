"""A trained model as plain functions: one pair of records scored in microseconds.

The levels, term frequencies and holds of the batch, said in Python with the words of
`wordclosures`; a test holds both to the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf, log2
from operator import add
from typing import NamedTuple

from pipelines.resolve.holds import Agreeing, grounds
from pipelines.resolve.likeness import CROSSED
from pipelines.resolve.modelfile import Comparison, Level, Model, Words
from pipelines.resolve.settings import RAREST
from pipelines.resolve.trained import Trained
from pipelines.resolve.wordclosures import WORDS, Word, crossed

Texts = Sequence[str | None]
"""What a record says in each column of the model, in their order; None where nothing."""
Told = Callable[[Texts, Texts], bool]
Rare = tuple[int, float, Mapping[str, float]]
"""The column of a rare value, the bits of its chance agreement, and how common each is."""


class Row(NamedTuple):
    """One record as the model sees it; `shared` are columns with a value that others have, too."""

    texts: Texts
    shared: frozenset[int] = frozenset()

    def __repr__(self) -> str:
        """Show no value of a customer."""
        return f"Row(shared={sorted(self.shared)})"


class Scored(NamedTuple):
    """What a pair is worth in bits, whether it must not join, and the level of each comparison.

    A level is its place in the model file; -1 is unknown, one beyond the last is no likeness.
    """

    bits: float
    held: bool
    levels: Sequence[int]


_SLACK = 1e-6  # bits: a sum that is only estimated may be off by the last digit


class _Compared(NamedTuple):
    """One comparison: what makes it unknown, its levels, their bits, and rare values worth more.

    `exact` are the columns of each entry of the first likeness, when it is that they are the same,
    else nothing. `rest` is the most that any likeness but the first is worth.
    """

    needs: Sequence[int]
    unknown: Sequence[Told]
    levels: Sequence[Told]
    bits: Sequence[float]
    rare: Sequence[Rare | None]
    exact: Sequence[Sequence[int]]
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
        levels, rare = [-1] * len(self.names), [0.0] * len(self.names)
        could, unsure = self.start + _SLACK, []
        for at, each in enumerate(self._compared):
            place = each.first(left.texts, right.texts)
            most = each.rest
            if place == 0:
                rare[at] = self._adjusted(each, 0, left, right)
                most = each.bits[0] + rare[at]
            if place is None or (each.unknown and place == 0):
                unsure.append((max(most, 0.0) if each.unknown else most, at))
                could += unsure[-1][0]
            elif place == 0:
                levels[at] = 0
                could += most
        for most, at in sorted(unsure, reverse=True):
            if could < least:
                return None
            each = self._compared[at]
            levels[at] = place = each.level(left.texts, right.texts)
            rare[at] = self._adjusted(each, place, left, right) if place >= 0 else 0.0
            could += (each.bits[place] + rare[at] if place >= 0 else 0.0) - most
        bits = self.start
        for each, place, adjusted in zip(self._compared, levels, rare, strict=True):
            if place >= 0:
                bits = bits + each.bits[place] + adjusted
        if bits < least:
            return None
        return Scored(round(bits, 3), self._held(levels, left, right, bits), levels)

    def bound(self, ours: Texts) -> Callable[[Sequence[str]], float]:
        """Return what says how much a record is worth beside ours at most, by its texts.

        They are "" where it says nothing. For many records beside one: ours is looked at once, and
        what is not the same is taken to be as alike as can be.
        """
        one: list[tuple[int, str, float, float]] = []
        several: list[tuple[Callable[[Sequence[str]], bool | None], float, float]] = []
        for each in self._compared:
            needs = [at for at in each.needs if ours[at]]
            best, rest = self._utmost(each, ours)
            if not each.exact:
                best = rest = max(best, rest)
            if len(needs) == 1 and all(entry == needs for entry in each.exact):
                one.append((needs[0], ours[needs[0]] or "", best, rest))
            elif needs:
                same = [entry for entry in each.exact if all(ours[at] for at in entry)]
                several.append((_same(needs, same, ours), best, rest))
        start = self.start + _SLACK

        def most(theirs: Sequence[str]) -> float:
            bits = start
            for at, text, best, rest in one:
                if said := theirs[at]:
                    bits += best if said == text else rest
            for same, best, rest in several:
                if (found := same(theirs)) is not None:
                    bits += best if found else rest
            return bits

        return most

    def worth(self, scored: Scored, left: Row, right: Row) -> list[float]:
        """Return the bits of each comparison of a scored pair; 0 where it is unknown."""
        return [
            each.bits[place] + self._adjusted(each, place, left, right) if place >= 0 else 0.0
            for each, place in zip(self._compared, scored.levels, strict=True)
        ]

    def _utmost(self, each: _Compared, ours: Texts) -> tuple[float, float]:
        """Return what the first likeness, and what any other, is worth at most beside ours."""
        rare = [self._rarest(found, ours) if found else 0.0 for found in each.rare]
        first, *others = map(add, each.bits, [*rare, 0.0])
        unknown = [0.0] * bool(each.unknown)
        return max([first, *unknown]), max(others + unknown)

    def _rarest(self, found: Rare, ours: Texts) -> float:
        column, u, shares = found
        text = ours[column]
        share = RAREST if text is None else max(shares.get(text, self._rare), RAREST)
        return max(u - log2(share), 0.0)

    def _adjusted(self, each: _Compared, place: int, left: Row, right: Row) -> float:
        """Return what a rare value adds, or a common one takes away."""
        if place == len(each.levels) or (rare := each.rare[place]) is None:
            return 0.0
        column, u, shares = rare
        one, other = left.texts[column], right.texts[column]
        if one is None and other is None:
            return 0.0
        share = RAREST if one is None else max(shares.get(one, self._rare), RAREST)
        if other is not None and other != one:
            share = max(shares.get(other, self._rare), share)
        return u - log2(share)

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
            exact=[
                [self._column[column] for column in entry["same"]]
                for entry in comparison.levels[0].when
                if all(entry.keys() == {"same"} for entry in comparison.levels[0].when)
            ],
            rest=max(rest + [0.0] * bool(comparison.unknown)),
        )

    def _rarity(
        self,
        comparison: Comparison,
        level: Level,
        weights: Sequence[tuple[float, float]],
        shares: Mapping[str, Mapping[str, float]],
    ) -> Rare | None:
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
                told += [_said(crossed, a, b), _said(crossed, b, a)]
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


def _same(
    needs: Sequence[int], entries: Sequence[Sequence[int]], ours: Texts
) -> Callable[[Sequence[str]], bool | None]:
    """Return what says whether all columns of an entry are the same; None: nothing to compare."""

    def told(theirs: Sequence[str]) -> bool | None:
        for at in needs:
            if theirs[at]:
                return any(all([theirs[at] == ours[at] for at in entry]) for entry in entries)  # noqa: C419
        return None

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
