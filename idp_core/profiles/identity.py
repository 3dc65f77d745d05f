"""Stable global ids: a new partition takes over the ids of the old one, and says what happened.

A group keeps the id that gave it most of its members, among equals the older one. An id whose
members all went to other groups redirects to the group that has most of them, for ever. A part
that was split off takes its own earlier id back when it once had one, otherwise it gets a new id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from uuid_utils import uuid7

from idp_core.profiles.model import Event, EventKind, SourceRef

Links = Mapping[SourceRef, str]
"""Source profile -> global id. Ids are UUIDv7: of two, the smaller text is the older."""

Group = tuple[SourceRef, ...]


def new_id() -> str:
    """Return a fresh global id (UUIDv7, lower case with hyphens)."""
    return str(uuid7())


@dataclass(frozen=True, slots=True)
class Previous:
    """What is published: the links, the redirects (old id -> id it leads to) and earlier ids.

    `former` gives, for a source profile, the id it had before that id was merged away.
    """

    links: Links = field(default_factory=dict)
    redirects: Mapping[str, str] = field(default_factory=dict)
    former: Links = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assignment:
    """The ids of a new partition.

    `links` and `redirects` are complete: what is not in them is no longer so. Redirects are
    path-compressed, each leads straight to a living id. `former` is what `Previous.former` wants
    next time. `events` tell the differences, in a stable order; a run without news has none.
    """

    links: Links
    redirects: Mapping[str, str]
    former: Links
    events: Sequence[Event]


def assign(
    groups: Iterable[Iterable[SourceRef]],
    previous: Previous,
    make_id: Callable[[], str] = new_id,
) -> Assignment:
    """Give each group its global id. Groups hold each source profile at most once."""
    ordered = sorted(tuple(sorted(group)) for group in groups)
    kept = _keep(ordered, previous.links)
    kept |= _revive(ordered, kept, previous)
    fresh = {group: make_id() for group in ordered if group not in kept}
    ids = kept | fresh
    links = {ref: ids[group] for group in ordered for ref in group}
    merged = _merged(links, previous.links)
    redirects = _redirects(previous.redirects, merged, set(ids.values()))
    return Assignment(
        links,
        redirects,
        _former(links, merged, previous),
        tuple(_events(ordered, ids, fresh, merged, previous.links)),
    )


def _keep(groups: Sequence[Group], links: Links) -> dict[Group, str]:
    """Give groups the published ids: most members first, then the older id, then the first group."""
    claims = []
    for group in groups:
        counts = Counter(links[ref] for ref in group if ref in links)
        claims += [(-count, gid, group) for gid, count in counts.items()]
    return _granted(claims)


def _revive(
    groups: Sequence[Group], kept: Mapping[Group, str], previous: Previous
) -> dict[Group, str]:
    """Give groups that have no id the earlier ids of their members, unless these live."""
    living = set(kept.values())
    claims = []
    for group in groups:
        if group not in kept:
            counts = Counter(previous.former[ref] for ref in group if ref in previous.former)
            claims += [(-n, gid, group) for gid, n in counts.items() if gid not in living]
    return _granted(claims)


def _granted(claims: Iterable[tuple[int, str, Group]]) -> dict[Group, str]:
    granted: dict[Group, str] = {}
    taken: set[str] = set()
    for _, gid, group in sorted(claims):
        if gid not in taken and group not in granted:
            granted[group] = gid
            taken.add(gid)
    return granted


def _merged(links: Links, before: Links) -> dict[str, str]:
    """Map each id that lives no more, but whose members do, to the id that has most of them."""
    living = set(links.values())
    went: dict[str, Counter[str]] = {}
    for ref, gid in before.items():
        if gid not in living and ref in links:
            went.setdefault(gid, Counter())[links[ref]] += 1
    return {gid: min(to, key=lambda new: (-to[new], new)) for gid, to in sorted(went.items())}


def _redirects(
    before: Mapping[str, str], merged: Mapping[str, str], living: set[str]
) -> dict[str, str]:
    """Lead every retired id straight to where its person is now."""
    return {
        old: merged.get(to, to)
        for old, to in sorted({**before, **merged}.items())
        if old not in living
    }


def _former(links: Links, merged: Mapping[str, str], previous: Previous) -> dict[SourceRef, str]:
    """Remember the merged id of each member; an id that lives again is former no more."""
    living = set(links.values())
    former = {ref: gid for ref, gid in previous.former.items() if gid not in living}
    former |= {ref: gid for ref, gid in previous.links.items() if gid in merged and ref in links}
    return former


def _events(
    groups: Sequence[Group],
    ids: Mapping[Group, str],
    fresh: Mapping[Group, str],
    merged: Mapping[str, str],
    before: Links,
) -> Iterable[Event]:
    published = set(before.values())
    after = {ref: ids[group] for group in groups for ref in group}
    for gid, into in merged.items():
        yield Event(EventKind.MERGED, gid, {"into": into})
    for group in groups:
        gid = ids[group]
        if gid in published:
            continue
        came_from = sorted({before[ref] for ref in group if ref in before} - merged.keys())
        yield Event(EventKind.CREATED, gid, {"members": len(group), "revived": group not in fresh})
        for old in came_from:
            yield Event(EventKind.SPLIT, old, {"into": gid})
    yield from _moves(after, before, published, merged)
    for gid in sorted(published - set(after.values()) - merged.keys()):
        yield Event(EventKind.DELETED, gid, {"reason": "no source has this person any more"})


def _moves(
    after: Links, before: Links, published: set[str], merged: Mapping[str, str]
) -> Iterable[Event]:
    """Yield one event per pair of living ids between which members moved."""
    moved: dict[tuple[str, str], list[SourceRef]] = {}
    for ref, old in before.items():
        new = after.get(ref)
        if new is None or new == old or new not in published or merged.get(old) == new:
            continue
        moved.setdefault((old, new), []).append(ref)
    for (old, new), refs in sorted(moved.items()):
        data = {"to": new, "members": [list(ref) for ref in sorted(refs)]}
        yield Event(EventKind.MOVED, old, data)
