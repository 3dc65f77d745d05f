"""Follows one edit of each kind from its source to the profile it changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from idp_core.profiles.model import SourceRef
from pipelines.sandbox.evolution import EDITS
from pipelines.sandbox.job import Job
from pipelines.sandbox.story import NightStory
from pipelines.sandbox.world import Edit

_NOT_NEWS = {"created_at", "updated_at"}


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of one record's profile at one time, and of all profiles of its person."""

    gid: str | None
    records: int = 0
    attributes: Mapping[str, object] = field(default_factory=dict, repr=False)
    profiles_of_person: int = 0


def examples(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Return the first edit of each kind, in the order of `EDITS`."""
    first: dict[str, Edit] = {}
    for edit in edits:
        first.setdefault(edit.what, edit)
    return tuple(first[what] for what in EDITS if what in first)


def look(job: Job, edits: Sequence[Edit], truth: Mapping[tuple[str, str], int]) -> list[Sight]:
    """See the profiles of these records as they are now."""
    gids = dict(job.links())
    people: dict[int, set[str]] = {}
    for ref, gid in gids.items():
        people.setdefault(truth.get((ref.source, ref.key), -1), set()).add(gid)
    sights = []
    for edit in edits:
        home = gids.get(SourceRef(edit.source, edit.key))
        profile = job.profile(home) if home else None
        person = people.get(truth.get((edit.source, edit.key), -2), set())
        records = len(profile.members) if profile else 0
        attributes = dict(profile.attributes) if profile else {}
        sights.append(Sight(profile.gid if profile else None, records, attributes, len(person)))
    return sights


def told(
    edits: Sequence[Edit], before: Sequence[Sight], after: Sequence[Sight]
) -> list[NightStory]:
    """Return the night as stories: `before` and `after` are sights of `examples(edits)`."""
    counts = Counter(edit.what for edit in edits)
    return [
        NightStory(
            what=edit.what,
            meaning=EDITS[edit.what],
            count=counts[edit.what],
            example=f"{edit.source} {edit.key}",
            consequence=consequence(old, new),
        )
        for edit, old, new in zip(examples(edits), before, after, strict=True)
    ]


def consequence(before: Sight, after: Sight) -> str:
    """Say in a few words what became of a record's profile."""
    if after.gid is None:
        left = "left its profile" if before.gid else "is kept aside"
        return left if before.records < 2 else f"{left}, which keeps the other records"
    name = f"profile …{after.gid[-6:]}"
    if before.gid is None:
        if before.profiles_of_person > 1 and after.profiles_of_person == 1:
            return f"{before.profiles_of_person} profiles became one: {name}"
        return f"new {name}" if after.records == 1 else f"joined {name} ({after.records} records)"
    if before.gid != after.gid:
        return f"went over to {name}"
    changed = sorted(
        attribute
        for attribute in before.attributes.keys() | after.attributes.keys()
        if attribute not in _NOT_NEWS
        and before.attributes.get(attribute) != after.attributes.get(attribute)
    )
    return f"{name}: {', '.join(changed)}" if changed else f"{name} keeps what others say"
