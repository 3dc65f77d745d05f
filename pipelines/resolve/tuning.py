"""How far people's decisions bear out what likeness is said to be worth.

Logistic regression over the bits of each comparison: their logs of odds add up (Fellegi and Sunter,
1969), so what people decided may only stretch or shrink them, each as a whole. A Gaussian prior
keeps a stretch near one where the decisions say little.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

FEWEST, FEWEST_OF_EACH = 300, 30
"""Decisions, and of each verdict, that can be learnt from."""
MOST = 2.0
"""Times as much as was learnt from the records: more is no matter of degree."""
_FOLDS = 5
_STRETCH, _SHIFT = 0.5, 8.0  # standard deviations before anything is known; of bits
_DIGITS = 2  # of a stretch: more would be of the sample
_NAT = log(2)


class Example(NamedTuple):
    """A decided pair: the bits of each comparison before rarities, of all together, and whether
    the two are one person.
    """

    parts: Sequence[float]
    bits: float
    same: bool


class Tuned(NamedTuple):
    """What decisions say: by what to multiply the bits of each comparison, the bits from which
    people call two records one person, and how surprising the decisions are in bits each, without
    and with it, where each was foretold by the others.
    """

    scales: tuple[float, ...]
    joins_at: float
    before: float
    after: float

    @property
    def better(self) -> bool:
        """Whether decisions that were left out were foretold better with it."""
        return self.after < self.before


Array = NDArray[np.float64]


def tune(examples: Sequence[Example]) -> Tuned:
    """Learn from decided pairs, in an order of their own; the same pairs give the same.

    Raises ValueError when they are too few.
    """
    of_one = sum(each.same for each in examples)
    if len(examples) < FEWEST or min(of_one, len(examples) - of_one) < FEWEST_OF_EACH:
        raise ValueError("too few")
    parts = np.array([each.parts for each in examples], dtype=np.float64)
    bits = np.array([each.bits for each in examples], dtype=np.float64)
    same = np.array([each.same for each in examples], dtype=np.float64)
    known = _fit(parts, bits, same)
    scales, shift = known[:-1].round(_DIGITS), known[-1]
    before, after = _foretold(parts, bits, same)
    return Tuned(tuple(map(float, scales)), float(round(-shift, 2)), before, after)


def _fit(parts: Array, bits: Array, same: Array, *, free: bool = True) -> Array:
    """Return the stretches and, last, the shift in bits; stretches of one where not `free`."""
    many = parts.shape[1]

    def cost(at: Array) -> tuple[float, Array]:
        off = at[:-1] - 1.0
        odds = (bits + at[-1] + parts @ off) * _NAT
        wrong = expit(odds) - same
        loss = np.logaddexp(0.0, odds).sum() - same @ odds
        loss += (off @ off / _STRETCH**2 + (at[-1] / _SHIFT) ** 2) / 2
        slope = np.append(parts.T @ wrong, wrong.sum()) * _NAT
        slope += np.append(off / _STRETCH**2, at[-1] / _SHIFT**2)
        return float(loss), slope

    begin = np.append(np.ones(many), 0.0)
    bounds = [(0.0, MOST) if free else (1.0, 1.0)] * many + [(None, None)]
    return np.asarray(minimize(cost, begin, jac=True, method="L-BFGS-B", bounds=bounds).x)


def _foretold(parts: Array, bits: Array, same: Array) -> tuple[float, float]:
    """Return the mean surprise in bits of decisions that were left out, without and with scales."""
    fold = np.arange(len(same)) % _FOLDS
    found = []
    for free in (False, True):
        surprise = 0.0
        for number in range(_FOLDS):
            out = fold == number
            at = _fit(parts[~out], bits[~out], same[~out], free=free)
            odds = (bits[out] + at[-1] + parts[out] @ (at[:-1] - 1.0)) * _NAT
            surprise += float((np.logaddexp(0.0, odds) - same[out] * odds).sum())
        found.append(round(surprise / len(same) / _NAT, 4))
    return found[0], found[1]
