"""What each likeness is worth: learnt by Splink, then floored where the records say too little."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import log2
from typing import Any

from pipelines.resolve.modelfile import Comparison, Model, keys
from pipelines.resolve.settings import compared, rule, usable
from pipelines.resolve.trained import Weights
from pipelines.resolve.usual import OWN, Usual

SEED = 7
OFTEN = 0.1
"""Of the pairs of one person, the share from which a mere likeness is usual."""
_PAIRS = 1_000_000  # that chance agreement is counted on
_LEARNT_FROM = 2_000_000  # pairs of one blocking key that are learnt from
_MOST, _LEAST = 20.0, -10.0  # bits: no single field proves or disproves a person
_MOST_MATCHES = 64  # times that chance agreement is less than random pairs say, at most
_NEVER = 1e-6  # as few agree by chance, at least
_DIGITS = 6  # learnt numbers are rounded, so that no order of adding shows


def learn(fresh: Callable[[], Any], keys: Iterable[str]) -> Mapping[str, Any]:
    """Train a `fresh` linker and return its model as Splink writes it.

    Chance agreement comes from random pairs, the rest from expectation maximisation on pairs that
    share a key; each key learns the comparisons that it does not block on. A key that fails (a
    likeness fades to nothing) leaves a linker spoilt: another one learns from the other keys.
    """
    left = list(keys)
    while True:
        linker = fresh()
        failed = _failing(linker, left)
        if failed is None:
            said: Mapping[str, Any] = linker.misc.save_model_to_json()
            return said
        left.remove(failed)


def _failing(linker: Any, keys: Iterable[str]) -> str | None:
    """Train a linker by these keys; return the first that nothing can be learnt from."""
    from splink.internals.exceptions import EMTrainingException

    training = linker.training
    training.estimate_u_using_random_sampling(max_pairs=_PAIRS, seed=SEED)
    for key in keys:
        try:
            training.estimate_parameters_using_expectation_maximisation(
                rule(key),
                fix_probability_two_random_records_match=True,
                estimate_without_term_frequencies=True,
                max_pairs=_LEARNT_FROM,
            )
        except (EMTrainingException, ValueError):
            return key
    return None


def teaching(model: Model, held: frozenset[str]) -> Iterator[str]:
    """Yield the keys that some comparison learns from: one that looks at none of their columns."""
    found = compared(model, held)
    for text in usable(model.training, held):
        blocked = {key.column for key in keys(text)}
        if any(not blocked & comparison.uses(name) for name, comparison in found.items()):
            yield text


def floored(
    said: Mapping[str, Any], model: Model, prior: float, usual: Usual
) -> tuple[Weights, tuple[str, ...]]:
    """Return the weights of each comparison, and a warning for each with levels nobody could learn.

    A level that never was seen, or never among matches, would be worth nothing or forbid all: it
    gets `_default` bits, and what is learnt stays within sense (`_sensible`). `usual` is what sure
    pairs show.
    """
    weights: dict[str, tuple[tuple[float, float], ...]] = {}
    warnings: list[str] = []
    for found in said["comparisons"]:
        name = found["output_column_name"]
        comparison = model.comparisons[name]
        levels = [
            _among_strangers(each, prior)
            for each in found["comparison_levels"]
            if not each.get("is_null_level")
        ]
        bits = [_bits(level) for level in levels]
        best = max((each for each in bits if each is not None), default=0.0)
        labels = [*(level.name for level in comparison.levels), "different"]
        if unlearnt := [repr(w) for w, each in zip(labels, bits, strict=True) if each is None]:
            which = "any level" if len(unlearnt) == len(labels) else ", ".join(unlearnt)
            warnings.append(f"{name}: too few pairs to learn {which} from; defaults are used")
        weights[name] = tuple(
            _pair(
                level,
                _sensible(
                    each,
                    comparison,
                    place,
                    best,
                    idle=_idle(level, comparison, place, usual.get(name)),
                ),
            )
            for place, (level, each) in enumerate(zip(levels, bits, strict=True))
        )
    return weights, tuple(warnings)


def _among_strangers(level: Mapping[str, Any], prior: float) -> Mapping[str, Any]:
    """Return a level with the chance agreement of strangers only: random pairs hold matches, too.

    Of what only one person has, all that random pairs agree in are matches; without this it would
    be worth no more than the prior takes away.
    """
    m, u = level.get("m_probability"), level.get("u_probability")
    if not isinstance(m, float) or not isinstance(u, float):
        return level
    rest = (u - prior * m) / (1 - prior)
    return {**level, "u_probability": max(rest, u / _MOST_MATCHES, _NEVER)}


def _bits(level: Mapping[str, Any]) -> float | None:
    """Return what a level is worth, or None when it was not learnt."""
    m, u = level.get("m_probability"), level.get("u_probability")
    if not isinstance(m, float) or not isinstance(u, float) or m <= 0 or u <= 0:
        return None
    return log2(m / u)


def _idle(
    level: Mapping[str, Any], comparison: Comparison, place: int, usual: Sequence[float] | None
) -> bool:
    """Whether a likeness is one that says nothing for a join.

    A mailbox or date that is merely near is so because namesakes spell alike and are many, unless
    it often is all that the records of one person have: by what was learnt, and by the sure pairs
    where there are any.
    """
    if place == len(comparison.levels) or comparison.levels[place].agrees:
        return False
    m = level.get("m_probability")
    often = isinstance(m, float) and m >= OFTEN and (usual is None or usual[place] >= OFTEN)
    return comparison.says in OWN and not often


def _sensible(
    bits: float | None, comparison: Comparison, place: int, best: float, *, idle: bool
) -> float:
    """Return the bits of a level within bounds: what agrees speaks for, no likeness against."""
    if place == len(comparison.levels):
        return max(min(-3.0 if bits is None else bits, -0.5), _LEAST)
    agrees = comparison.levels[place].agrees
    if bits is None:
        return min(best / 2, 5.0) if agrees else 0.0
    most = 0.0 if idle else _MOST
    return min(max(bits, 0.5 if agrees else _LEAST), most)


def _pair(level: Mapping[str, Any], bits: float) -> tuple[float, float]:
    """Return m and u of these bits, keeping the learnt u where there is one."""
    learnt = level.get("u_probability")
    u = learnt if isinstance(learnt, float) and learnt > 0 else 1e-4
    u = min(u, 2.0**-bits) if bits > 0 else u
    return float(f"{min(u * 2**bits, 1.0):.{_DIGITS}g}"), float(f"{u:.{_DIGITS}g}")
