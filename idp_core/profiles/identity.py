"""Stable global ids: who a group of records was before, and what happened to the ids since.

A group keeps the id that gave it most of its members (ties: the older id). An id belongs to one
group only, the one that got most of it; other parts get new ids. An id that is left without a
group redirects to the group that got most of its members, so that every id ever published
resolves; one whose records are all gone is deleted and stays itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import uuid_utils

from idp_core.profiles.model import Event, EventKind, SourceRef

NewId = Callable[[], str]
Group = tuple[SourceRef, ...]


def new_gid() -> str:
    """Return a new global id: a UUIDv7 in its text form, so later ids sort after earlier ones."""
    return str(uuid_utils.uuid7())


@dataclass(frozen=True, slots=True)
class Identities:
    """Who is who now: record -> id, retired id -> the id it resolves to, and what happened.

    `redirects` are all that hold, old ones path-compressed; `new_redirects` those to be written.
    """

    links: Mapping[SourceRef, str]
    redirects: Mapping[str, str] = field(default_factory=dict)
    new_redirects: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Event, ...] = ()


def identify(
    groups: Iterable[Iterable[SourceRef]],
    previous: Mapping[SourceRef, str],
    redirects: Mapping[str, str] | None = None,
    new_id: NewId = new_gid,
) -> Identities:
    """Give every group its id. Each record is in one group at most; the order never matters.

    `previous` links every record that had an id (also those that are gone now); `redirects` are
    those of before.
    """
    ordered = sorted(tuple(sorted(group)) for group in groups)
    flows = _flows(ordered, previous)
    kept = _kept(flows, ordered)
    fresh = [place for place in range(len(ordered)) if place not in kept]
    ids = kept | {place: new_id() for place in fresh}
    links = {ref: ids[place] for place, group in enumerate(ordered) for ref in group}
    retired = sorted(set(previous.values()) - set(ids.values()))
    heirs = _heirs(flows, ids, retired)
    events = tuple(_events(flows, ids, set(fresh), retired, heirs, previous))
    before = dict(redirects or {})
    after = _compressed(before | heirs, set(ids.values()))
    changed = {gid: into for gid, into in after.items() if before.get(gid) != into}
    return Identities(links, after, changed, events)


def resolve_id(gid: str, redirects: Mapping[str, str]) -> str:
    """Return the id that `gid` resolves to today: itself unless it redirects."""
    seen = {gid}
    while (into := redirects.get(gid)) is not None and into not in seen:
        seen.add(into)
        gid = into
    return gid


def _flows(
    groups: Sequence[Group], previous: Mapping[SourceRef, str]
) -> Mapping[tuple[int, str], int]:
    """Count how many records each group got from each id of before."""
    return Counter(
        (place, previous[ref])
        for place, group in enumerate(groups)
        for ref in group
        if ref in previous
    )


def _kept(flows: Mapping[tuple[int, str], int], groups: Sequence[Group]) -> dict[int, str]:
    """Give ids of before to groups, the largest flow first, then the older id."""
    kept: dict[int, str] = {}
    taken: set[str] = set()
    for place, gid in sorted(flows, key=lambda f: (-flows[f], f[1], groups[f[0]])):
        if place not in kept and gid not in taken:
            kept[place] = gid
            taken.add(gid)
    return kept


def _heirs(
    flows: Mapping[tuple[int, str], int], ids: Mapping[int, str], retired: Sequence[str]
) -> dict[str, str]:
    """Return for each retired id the one that got most of its records; none for deleted ids."""
    gone = set(retired)
    best: dict[str, tuple[int, str]] = {}
    for (place, gid), count in flows.items():
        if gid in gone:
            best[gid] = min(best.get(gid, (0, "")), (-count, ids[place]))
    return {gid: into for gid, (_, into) in best.items()}


def _events(
    flows: Mapping[tuple[int, str], int],
    ids: Mapping[int, str],
    fresh: set[int],
    retired: Sequence[str],
    heirs: Mapping[str, str],
    previous: Mapping[SourceRef, str],
) -> Iterator[Event]:
    gone: dict[str, list[list[str]]] = {gid: [] for gid in retired}
    for ref in sorted(previous):
        if previous[ref] in gone:
            gone[previous[ref]].append(list(ref))
    for place in sorted(fresh):
        yield Event(EventKind.CREATED, ids[place])
    for gid in retired:
        if gid in heirs:
            yield Event(EventKind.MERGED, gid, {"into": heirs[gid], "records": gone[gid]})
        else:
            yield Event(EventKind.DELETED, gid)
    for (place, gid), count in sorted(flows.items()):
        if ids[place] == gid or heirs.get(gid) == ids[place]:
            continue
        kind = EventKind.SPLIT if place in fresh else EventKind.MOVED
        yield Event(kind, gid, {"into": ids[place], "records": count})


def _compressed(redirects: Mapping[str, str], living: set[str]) -> dict[str, str]:
    """Point every retired id straight at what it resolves to; a living id redirects nowhere."""
    open_ = {gid: into for gid, into in redirects.items() if gid not in living}
    return {gid: resolve_id(gid, open_) for gid in sorted(open_)}
