"""From what a run did and what the world knows to the story of the demo. No I/O."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from idp_core.profiles.model import Lineage, Profile, SourceRef
from pipelines.sandbox.flaws import FLAWS
from pipelines.sandbox.job import Outcome, Refusal
from pipelines.sandbox.report import scalar
from pipelines.sandbox.story import FlawStory, ProfileStory, SourceStory, ValueStory
from pipelines.sandbox.world import SOURCES, World

SYSTEMS: Mapping[str, str] = {
    "shop": "PostgreSQL table",
    "crm": "Salesforce (simulated)",
    "newsletter": "CSV file, cp1252, semicolons",
    "loyalty": "fixed-width file of a mainframe",
}
"""What each source really is."""

_UNREADABLE = {
    (source, flaw.name) for source, flaws in FLAWS.items() for flaw in flaws if not flaw.readable
}


def sources_told(
    outcome: Outcome, further: Mapping[str, str] = MappingProxyType({})
) -> tuple[SourceStory, ...]:
    """Return one story per source, in the order in which the world names them.

    `further` are those beside the world's four, and what each really is.
    """
    systems = {**SYSTEMS, **further}
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for refusal in outcome.refused:
        reasons[refusal.source][refusal.reason] += 1
    return tuple(
        SourceStory(
            name=source,
            system=systems[source],
            read=outcome.read.get(source, 0),
            changed=outcome.changed.get(source, 0),
            quarantined=reasons[source].total(),
            reasons=dict(reasons[source]),
        )
        for source in (*SOURCES, *further)
    )


def flaws_told(
    world: World, refused: Iterable[Refusal], known: Iterable[tuple[str, str]] = ()
) -> FlawStory:
    """Tell what became of the rows that are wrong on purpose; no others of `known` rows are.

    A row that is none has no key to know it by: of those, as many are caught as were refused
    without a key at the same source.
    """
    refused = list(refused)
    stages = {(one.source, one.key): one.stage for one in refused if one.key is not None}
    keyless = Counter(one.source for one in refused if one.key is None)
    caught: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    planted = 0
    for record in world.rows():
        if not record.flaw:
            continue
        planted += 1
        stage = stages.get((record.source, record.key))
        if (record.source, record.flaw) in _UNREADABLE and keyless[record.source]:
            keyless[record.source] -= 1
            stage = "read"
        if stage:
            caught[stage] += 1
        else:
            missed[f"{record.source}: {record.flaw}"] += 1
    flawed = {(r.source, r.key) for r in world.rows() if r.flaw}
    sound = {(r.source, r.key) for r in world.rows()}.union(known) - flawed
    return FlawStory(planted, caught, missed, len(stages.keys() & sound))


def showpiece(truth: Mapping[tuple[str, str], int], gids: Mapping[SourceRef, str]) -> str | None:
    """Return the profile worth showing: records from the most systems, all of them one person's."""
    members: dict[str, list[SourceRef]] = defaultdict(list)
    for ref, gid in gids.items():
        members[gid].append(ref)
    best: tuple[int, int, int, str] | None = None
    for gid, refs in members.items():
        people = {truth.get((ref.source, ref.key), -1) for ref in refs}
        if len(people) == 1:
            rank = (len({ref.source for ref in refs}), len(refs), -people.pop(), gid)
            best = rank if best is None or rank > best else best
    return best[3] if best else None


def profile_told(profile: Profile) -> ProfileStory:
    """Return each value of a profile with the record it comes from and the reason for it."""
    reasons: dict[tuple[str, int | None], Lineage] = {
        (entry.attribute, entry.element): entry for entry in profile.lineage
    }
    values: list[ValueStory] = []
    for attribute, value in profile.attributes.items():
        elements: Sequence[tuple[int | None, object]] = (
            list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        )
        for element, one in elements:
            entry = reasons.get((attribute, element)) or reasons.get((attribute, None))
            if entry is None or one is None:
                continue
            values.append(ValueStory(attribute, scalar(one), _named(entry.ref), entry.reason))
    return ProfileStory(profile.gid, tuple(_named(ref) for ref in profile.members), values)


def _named(ref: SourceRef) -> str:
    return f"{ref.source} {ref.key}"
