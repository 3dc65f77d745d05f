"""The golden profile: one value per attribute out of what the sources say, and why that one.

The order of the members never matters: what the rules leave open, the value itself decides, then
the name of the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from idp_core.profiles.junk import Junk
from idp_core.profiles.model import Lineage, Profile, SourceProfile, SourceRef
from idp_core.profiles.ranking import Claim, decided, parted, rank_of, ranked, text_of
from idp_core.profiles.survivorship_rules import By, Rule, SurvivorshipRules

OVERRIDE = SourceRef("override", "")
"""Who says an attribute that a person set by hand."""

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
    By.SAME_RECORD: "from the record that gives what it belongs to",
}
_LOSSES: Mapping[By, str] = {
    By.TRUSTED: "from a less trusted source",
    By.MOST_RECENT: "an older word",
    By.VERIFIED_FIRST: "not verified",
    By.LONGEST: "a shorter form",
    By.MOST_FREQUENT: "fewer records say it",
    By.SAID_YES: "another record says yes",
    By.SAID_NO: "another record says no",
    By.EARLIEST: "a later one",
    By.LATEST: "an earlier one",
    By.SAME_RECORD: "not from the record that gives what it belongs to",
}
Said = Mapping[str, Sequence[SourceProfile]]
"""The records that say something of each attribute, and whose word counts."""

_SAME = "says the same"
_NOBODYS = "nobody's: a placeholder, or shared by too many"
_LEFT_OUT = "the rule of this attribute does not let this record speak"


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
    by_hand = dict(overrides or {})
    said = _said(living, rules)
    attributes: dict[str, Any] = {}
    lineage: list[Lineage] = []
    for name in sorted(said.keys() | by_hand.keys()):
        if name in by_hand:
            value, why = by_hand[name], _by_hand(name, by_hand[name])
        else:
            value, why = _survivor(name, said, rules)
        if value is not None:
            attributes[name] = value
            lineage += why
    return Profile(gid, attributes, tuple(lineage), tuple(m.ref for m in living))


def _said(members: Sequence[SourceProfile], rules: SurvivorshipRules) -> Said:
    """Return whose word on each attribute counts."""
    said: dict[str, list[SourceProfile]] = {}
    for member in members:
        for name, value in member.attributes.items():
            if value is not None and value not in ([], ()):
                said.setdefault(name, []).append(member)
    for name, rule in [(name, rules.rule(name)) for name in said]:
        if not rule.is_open:
            said[name] = [member for member in said[name] if rule.counts(member)]
    return {name: speaking for name, speaking in said.items() if speaking}


def _says(member: SourceProfile, name: str) -> bool:
    return member.attributes.get(name) not in (None, [], ())


@dataclass(frozen=True, slots=True)
class Contender:
    """Another record's word on an attribute, and what became of it in a sentence."""

    member: SourceProfile
    value: Any = field(repr=False)
    fate: str


def contenders(
    name: str,
    element: int | None,
    members: Sequence[SourceProfile],
    rules: SurvivorshipRules,
    junk: Junk | None = None,
) -> list[Contender]:
    """Return the words that did not become the golden value, best first, and why not.

    `element` is the place in a multi-valued attribute: there, all elements are kept, and the words
    are those of other records on this one.
    """
    living = [m for m in members if not m.deleted]
    clean = {m.ref: junk.cleaned(m) if junk is not None else m for m in living}
    said = _said(list(clean.values()), rules)
    left = said.get(name, [])
    rule = rules.rule(name)
    if element is not None:
        found = _elements(name, said, rule, rules)[element : element + 1]
        return [Contender(c.member, c.value, _SAME) for _, of in found for c in of[1:]]
    speaking = {each.ref for each in left}
    others = [
        Contender(m, m.attributes[name], _LEFT_OUT if _says(clean[m.ref], name) else _NOBODYS)
        for m in living
        if _says(m, name) and m.ref not in speaking
    ]
    order = ranked(_claims(name, said, rule, rules), rule, rules) if left else []
    return [*(_fate(order[0], claim, rule, rules) for claim in order[1:]), *others]


def _fate(best: Claim, claim: Claim, rule: Rule, rules: SurvivorshipRules) -> Contender:
    if text_of(claim.value) == text_of(best.value):
        return Contender(claim.member, claim.value, _SAME)
    by = parted(best, claim, rule, rules)
    fate = "by every rule as good; the order of values decided" if by is None else _LOSSES[by]
    return Contender(claim.member, claim.value, fate)


def _by_hand(name: str, value: Any) -> list[Lineage]:
    places: Iterable[int | None] = range(len(value)) if isinstance(value, list) else (None,)
    return [
        Lineage(name, OVERRIDE, "", "override", "a person set it", element) for element in places
    ]


def _survivor(name: str, said: Said, rules: SurvivorshipRules) -> tuple[Any, list[Lineage]]:
    rule, speaking = rules.rule(name), said[name]
    for member in speaking:
        if isinstance(member.attributes[name], (list, tuple)):
            return _united(name, said, rule, rules)
    if len(speaking) == 1:  # half of all that is said; a claim would only cost
        return speaking[0].attributes[name], [_only(name, speaking[0], None)]
    order = ranked(_claims(name, said, rule, rules), rule, rules)
    return order[0].value, [_lineage(name, order[0], decided(order, rule, rules), None)]


def _claims(name: str, said: Said, rule: Rule, rules: SurvivorshipRules) -> list[Claim]:
    members, beside = said[name], _beside(rule, said, rules)
    if len(members) == 1:
        (member,) = members
        return [Claim(member.attributes[name], member, 1, beside=member.ref == beside)]
    texts = [text_of(m.attributes[name]) for m in members]
    return [
        Claim(m.attributes[name], m, texts.count(text), beside=m.ref == beside)
        for m, text in zip(members, texts, strict=True)
    ]


def _beside(rule: Rule, said: Said, rules: SurvivorshipRules) -> SourceRef | None:
    """Return the record that gives the attribute which this one is to come with."""
    name = rule.same_record_as
    if name is None or name not in said:
        return None
    return _survivor(name, said, rules)[1][0].ref


def _united(
    name: str, said: Said, rule: Rule, rules: SurvivorshipRules
) -> tuple[list[Any], list[Lineage]]:
    """Unite the elements of all members, equal ones as one, best first; the best is primary."""
    order = [claim for claim, _ in _elements(name, said, rule, rules)]
    values = [dict(claim.value) for claim in order]
    if any("primary" in value for value in values):
        for place, value in enumerate(values):
            value["primary"] = place == 0
    first = _lineage(name, order[0], decided(order, rule, rules), 0)
    rest = [
        Lineage(name, c.member.ref, c.member.mapping, "union", "one of all that were given", place)
        for place, c in enumerate(order)
        if place
    ]
    return values, [first, *rest]


def _elements(
    name: str, said: Said, rule: Rule, rules: SurvivorshipRules
) -> list[tuple[Claim, list[Claim]]]:
    """Return the elements of all members, best first, each with the claims it is made of."""
    alike: dict[tuple[str, ...], list[Claim]] = {}
    beside = _beside(rule, said, rules)
    for member in said[name]:
        own = member.attributes[name]
        if len(own) > 1:
            own = sorted(own, key=lambda e: e.get("primary") is not True)
        for place, element in enumerate(own):
            claim = Claim(element, member, 1, place, beside=member.ref == beside)
            alike.setdefault(rule.sameness(element), []).append(claim)
    united: list[tuple[Claim, list[Claim]]] = []
    for found in alike.values():
        count = len({claim.member.ref for claim in found}) if len(found) > 1 else 1
        order = ranked(found, rule, rules)
        value, best = _filled([claim.value for claim in order]), order[0]
        united.append((Claim(value, best.member, count, best.place, beside=best.beside), order))
    if len(united) == 1:
        return united
    return sorted(united, key=lambda pair: rank_of(pair[0], rule, rules))


def _filled(elements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the best of equal elements, its missing parts from the next; verified if one is."""
    best, *others = elements
    filled = {part: value for part, value in best.items() if value is not None}
    if not others:
        return filled
    for element in others:
        filled |= {
            part: value
            for part, value in element.items()
            if value is not None and part not in filled
        }
    if any(element.get("verified") is True for element in elements):
        filled["verified"] = True
    return filled


def _lineage(name: str, claim: Claim, decided: By | None, element: int | None) -> Lineage:
    if decided is None:
        return _only(name, claim.member, element)
    member = claim.member
    return Lineage(name, member.ref, member.mapping, decided.value, _REASONS[decided], element)


def _only(name: str, member: SourceProfile, element: int | None) -> Lineage:
    return Lineage(name, member.ref, member.mapping, "only", "nobody says otherwise", element)
