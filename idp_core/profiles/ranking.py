"""The claims on one attribute, in the order in which the survivorship rules prefer them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from idp_core.profiles.model import Attributes, SourceProfile
from idp_core.profiles.survivorship_rules import By, Rule, SurvivorshipRules

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Claim:
    """One record's word on one attribute, or on one element of it.

    `count` records say the same. `place` is the element's in its record, the primary one first.
    `beside` tells that the record gave the attribute which this one is to come with.
    """

    value: Any = field(repr=False)
    member: SourceProfile
    count: int
    place: int = 0
    beside: bool = False


def ranked(claims: Sequence[Claim], rule: Rule, rules: SurvivorshipRules) -> list[Claim]:
    """Return the claims best first."""
    if len(claims) == 1:
        return list(claims)
    words = [_words_of(claim, rule, rules) for claim in claims]
    if len(set(words)) == len(words):  # so nobody asks what the values read like, which costs most
        return [claims[place] for place in sorted(range(len(words)), key=words.__getitem__)]
    return sorted(claims, key=lambda claim: rank_of(claim, rule, rules))


def decided(claims: Sequence[Claim], rule: Rule, rules: SurvivorshipRules) -> By | None:
    """Return the word that decided for the first of ranked claims; None if none did."""
    if len(claims) == 1:
        return None
    best, *others = claims
    said = text_of(best.value)
    rival = next((c for c in others if text_of(c.value) != said), None)
    return None if rival is None else parted(best, rival, rule, rules)


def parted(best: Claim, other: Claim, rule: Rule, rules: SurvivorshipRules) -> By | None:
    """Return the first word that prefers one claim to another; None when no word does."""
    one, two = rank_of(best, rule, rules), rank_of(other, rule, rules)
    return next((by for i, by in enumerate(rule.words) if one[i] != two[i]), None)


def rank_of(claim: Claim, rule: Rule, rules: SurvivorshipRules) -> tuple[Any, ...]:
    """Return where a claim stands: the smallest is best, and no two claims stand alike."""
    return (*_words_of(claim, rule, rules), text_of(claim.value), claim.member.ref)


def _words_of(claim: Claim, rule: Rule, rules: SurvivorshipRules) -> tuple[Any, ...]:
    """Return what each word of the rule says of a claim, and its place in its record."""
    trust = rules.place(claim.member.ref.source, rule)
    return (*[_KEYS[by](claim, trust) for by in rule.words], claim.place)


def text_of(value: Any) -> str:
    """Write a value so that equal ones read the same and there is an order of all."""
    if type(value) is str:  # most are: asking whether it is a mapping costs ten times as much
        return value
    if isinstance(value, Mapping):
        return "|".join(f"{part}={value[part]}" for part in sorted(value))
    return str(value)


def _age(claim: Claim, _: int) -> float:
    changed = claim.member.changed_at or _NEVER
    return (_NEVER - changed).total_seconds()


def _verified(claim: Claim, _: int) -> bool:
    said: Attributes = claim.value if isinstance(claim.value, Mapping) else {}
    return said.get("verified") is not True


def _moment(value: Any, direction: int) -> float:
    """Return a date, a timestamp or its ISO text as a number; anything else comes last."""
    try:
        found = datetime.fromisoformat(value if isinstance(value, str) else value.isoformat())
    except (AttributeError, ValueError):
        return float("inf")
    return direction * found.replace(tzinfo=found.tzinfo or UTC).timestamp()


_KEYS: Mapping[By, Callable[[Claim, int], Any]] = {
    By.TRUSTED: lambda _, place: place,
    By.MOST_RECENT: _age,
    By.VERIFIED_FIRST: _verified,
    By.LONGEST: lambda claim, _: -len(text_of(claim.value)),
    By.MOST_FREQUENT: lambda claim, _: -claim.count,
    By.SAID_YES: lambda claim, _: claim.value is not True,
    By.SAID_NO: lambda claim, _: claim.value is not False,
    By.EARLIEST: lambda claim, _: _moment(claim.value, 1),
    By.LATEST: lambda claim, _: _moment(claim.value, -1),
    By.SAME_RECORD: lambda claim, _: not claim.beside,
}
"""What each word prefers, as a number: the smallest is best. The second argument is the trust."""
