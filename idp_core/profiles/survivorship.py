"""The golden profile: one value per attribute out of what the sources say, and why that one.

The order of the members never matters: what the rules leave open, the value itself decides, then
the name of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from idp_core.profiles.junk import Junk
from idp_core.profiles.model import Attributes, Lineage, Profile, SourceProfile, SourceRef
from idp_core.profiles.survivorship_rules import By, Rule, SurvivorshipRules

OVERRIDE = SourceRef("override", "")
"""Who says an attribute that a person set by hand."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_REASONS: Mapping[By, str] = {
    By.TRUSTED: "from the most trusted source that says it",
    By.MOST_RECENT: "the most recent word on it",
    By.VERIFIED_FIRST: "the only verified one, or the first of them",
    By.LONGEST: "the longest form that was given",
    By.MOST_FREQUENT: "what most records say",
    By.SAID_YES: "at least one record says yes",
    By.SAID_NO: "at least one record says no",
    By.EARLIEST: "the earliest of all",
    By.LATEST: "the latest of all",
}


@dataclass(frozen=True, slots=True)
class _Claim:
    """One record's word on one attribute, or on one element of it.

    `count` records say the same. `place` is the element's in its record, the primary one first.
    """

    value: Any = field(repr=False)
    member: SourceProfile
    count: int
    place: int = 0


def golden(
    gid: str,
    members: Sequence[SourceProfile],
    rules: SurvivorshipRules,
    overrides: Mapping[str, Any] | None = None,
    junk: Junk | None = None,
) -> Profile:
    """Return the profile of one person from the records that are theirs; deleted ones say nothing.

    `overrides` are values that a person set: they hold whatever the records say, and None there
    means that nothing is to be said. What `junk` holds to be nobody's counts as not said.
    """
    living = sorted((m for m in members if not m.deleted), key=lambda m: m.ref)
    if junk is not None:
        living = [junk.cleaned(member) for member in living]
    said: dict[str, list[SourceProfile]] = {}
    for member in living:
        for name, value in member.attributes.items():
            if value is not None and value not in ([], ()):
                said.setdefault(name, []).append(member)
    by_hand = dict(overrides or {})
    attributes: dict[str, Any] = {}
    lineage: list[Lineage] = []
    for name in sorted(said.keys() | by_hand.keys()):
        if name in by_hand:
            value, why = by_hand[name], _by_hand(name, by_hand[name])
        else:
            value, why = _survivor(name, said[name], rules)
        if value is not None:
            attributes[name] = value
            lineage += why
    return Profile(gid, attributes, tuple(lineage), tuple(m.ref for m in living))


def _by_hand(name: str, value: Any) -> list[Lineage]:
    places: Iterable[int | None] = range(len(value)) if isinstance(value, list) else (None,)
    return [
        Lineage(name, OVERRIDE, "", "override", "a person set it", element) for element in places
    ]


def _survivor(
    name: str, members: Sequence[SourceProfile], rules: SurvivorshipRules
) -> tuple[Any, list[Lineage]]:
    rule = rules.rule(name)
    if any(isinstance(m.attributes[name], (list, tuple)) for m in members):
        return _united(name, members, rule, rules)
    texts = [_text(m.attributes[name]) for m in members]
    claims = [
        _Claim(m.attributes[name], m, texts.count(text))
        for m, text in zip(members, texts, strict=True)
    ]
    ranked, decided = _ranked(claims, rule, rules)
    best = ranked[0]
    return best.value, [_lineage(name, best, decided, None)]


def _united(
    name: str, members: Sequence[SourceProfile], rule: Rule, rules: SurvivorshipRules
) -> tuple[list[Any], list[Lineage]]:
    """Unite the elements of all members, equal ones as one, best first; the best is primary."""
    alike: dict[tuple[str, ...], list[_Claim]] = {}
    for member in members:
        own = sorted(member.attributes[name], key=lambda e: e.get("primary") is not True)
        for place, element in enumerate(own):
            claim = _Claim(element, member, 1, place)
            alike.setdefault(rule.sameness(element), []).append(claim)
    claims: list[_Claim] = []
    for found in alike.values():
        count = len({claim.member.ref for claim in found})
        ranked, _ = _ranked(found, rule, rules)
        value, best = _filled([claim.value for claim in ranked]), ranked[0]
        claims.append(_Claim(value, best.member, count, best.place))
    ranked, decided = _ranked(claims, rule, rules)
    values = [dict(claim.value) for claim in ranked]
    if any("primary" in value for value in values):
        for place, value in enumerate(values):
            value["primary"] = place == 0
    first = _lineage(name, ranked[0], decided, 0)
    rest = [
        Lineage(name, c.member.ref, c.member.mapping, "union", "one of all that were given", place)
        for place, c in enumerate(ranked)
        if place
    ]
    return values, [first, *rest]


def _filled(elements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the best of equal elements, its missing parts from the next; verified if one is."""
    filled: dict[str, Any] = {}
    for element in elements:
        filled |= {
            part: value
            for part, value in element.items()
            if value is not None and part not in filled
        }
    if any(element.get("verified") is True for element in elements):
        filled["verified"] = True
    return filled


def _ranked(
    claims: Sequence[_Claim], rule: Rule, rules: SurvivorshipRules
) -> tuple[list[_Claim], By | None]:
    """Return the claims best first, and the word that decided for the first; None if none did."""
    keys = [_KEYS[by] for by in rule.by]

    def rank(claim: _Claim) -> tuple[Any, ...]:
        place = rules.place(claim.member.ref.source, rule)
        ours = (key(claim, place) for key in keys)
        return (*ours, claim.place, _text(claim.value), claim.member.ref)

    ranked = sorted(claims, key=rank)
    best = rank(ranked[0])
    others = [rank(c) for c in ranked if _text(c.value) != _text(ranked[0].value)]
    if not others:
        return ranked, None
    next_best = min(others)
    return ranked, next((by for i, by in enumerate(rule.by) if best[i] != next_best[i]), None)


def _lineage(name: str, claim: _Claim, decided: By | None, element: int | None) -> Lineage:
    rule = "only" if decided is None else decided.value
    reason = "nobody says otherwise" if decided is None else _REASONS[decided]
    return Lineage(name, claim.member.ref, claim.member.mapping, rule, reason, element)


def _text(value: Any) -> str:
    """Write a value so that equal ones read the same and there is an order of all."""
    if isinstance(value, Mapping):
        return "|".join(f"{part}={value[part]}" for part in sorted(value))
    return str(value)


def _age(claim: _Claim, _: int) -> float:
    changed = claim.member.changed_at or _NEVER
    return (_NEVER - changed).total_seconds()


def _verified(claim: _Claim, _: int) -> bool:
    said: Attributes = claim.value if isinstance(claim.value, Mapping) else {}
    return said.get("verified") is not True


def _moment(value: Any, direction: int) -> float:
    """Return a date, a timestamp or its ISO text as a number; anything else comes last."""
    try:
        found = datetime.fromisoformat(value if isinstance(value, str) else value.isoformat())
    except (AttributeError, ValueError):
        return float("inf")
    return direction * found.replace(tzinfo=found.tzinfo or UTC).timestamp()


_KEYS: Mapping[By, Callable[[_Claim, int], Any]] = {
    By.TRUSTED: lambda _, place: place,
    By.MOST_RECENT: _age,
    By.VERIFIED_FIRST: _verified,
    By.LONGEST: lambda claim, _: -len(_text(claim.value)),
    By.MOST_FREQUENT: lambda claim, _: -claim.count,
    By.SAID_YES: lambda claim, _: claim.value is not True,
    By.SAID_NO: lambda claim, _: claim.value is not False,
    By.EARLIEST: lambda claim, _: _moment(claim.value, 1),
    By.LATEST: lambda claim, _: _moment(claim.value, -1),
}
"""What each word prefers, as a number: the smallest is best. The second argument is the trust."""
