"""What happened to a person, in order of time: from all that is kept of it. Reads only.

Records that joined and went, events of the profile, what stewards said, consents, operations at
targets, the erasure and its proofs. It holds ids and names of attributes, never values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from idp_core.accounts.store import SOURCE as LOGIN
from idp_core.audit import log as audit
from idp_core.consents import store as consents
from idp_core.db.engine import reading
from idp_core.profiles import asked, store
from idp_core.profiles.model import EventKind, Lineage, SourceRef
from idp_core.provisioning.receipts import read_receipts
from pipelines.bus import Bus

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened; `gid` is the id that the person had then.

    `who` and `why` are None where nobody said it. `data` holds ids, names and counts, no values.
    """

    time: datetime
    kind: str
    gid: str
    who: str | None = None
    why: str | None = None
    data: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened to a person, oldest first; `asked` is the id that was asked for."""

    asked: str
    gid: str
    happened: Sequence[Happening]


def timeline(bus: Bus, gid: str) -> Timeline:
    """Tell what happened to a person, under every id that merged into today's.

    Raises UnknownProfileError for an id that no profile ever had.
    """
    with reading(bus.engine) as conn:
        stored = store.get_stored(conn, gid, schema=bus.schema)
        now = stored.gid
        records = store.joined(conn, now)
        refs = [each.ref for each in records]
        happened = [
            *_records(records, now),
            *_words(conn, refs, now),
            *_events(conn, now, stored.lineage),
            *_consents(conn, refs, now),
            *_operations(conn, now),
            *_erasure(conn, now),
        ]
    return Timeline(gid, now, sorted(happened, key=lambda each: each.time))


def _records(records: Sequence[store.Joined], gid: str) -> Iterator[Happening]:
    for each in records:
        data = {"record": each.ref.name}
        yield Happening(each.since, "record.joined", gid, data=data)
        if each.deleted_at is not None:
            yield Happening(each.deleted_at, "record.deleted", gid, data=data)


def _words(conn: sa.Connection, refs: Sequence[SourceRef], gid: str) -> Iterator[Happening]:
    """Yield what stewards said: decisions on cases, and words that come of no case shown."""
    shown: set[str] = set()
    for case in store.cases_about(conn, refs).values():
        pair = [case.doubt.left.name, case.doubt.right.name]
        for act in store.read_actions(conn, case.id):
            shown.update(act.data.get("words", ()))
            data = {"case": case.id, "pairs": [pair], "until": act.until}
            if "to" in act.data:
                data["to"] = act.data["to"]
            yield Happening(act.time, f"review.{act.action}", gid, act.who, act.why or None, data)
    left = [each for each in store.constraints_about(conn, refs) if each.id not in shown]
    for (time, kind, who, why, until), said in groupby(left, _word):
        pairs = [[each.left.name, each.right.name] for each in said]
        data = {"pairs": pairs, "until": until}
        yield Happening(time, f"steward.{kind}", gid, who, why, data)


def _word(said: store.LinkConstraint) -> tuple[Any, ...]:
    return (said.created_at, said.kind, said.who, said.why, said.expires_at)


def _events(conn: sa.Connection, gid: str, lineage: Sequence[Lineage]) -> Iterator[Happening]:
    """Yield the events of a profile: changes with the source of what still stands, sets with why.

    The sources of values that changed again since, or of a profile that is gone, are not kept.
    """
    entries = store.history(conn, gid)
    stands = _standing(entries, gid, lineage)
    kept = {each.attribute: each for each in store.read_overrides(conn, [gid]).get(gid, ())}
    erasure = store.read_erasure(conn, gid)
    for each in entries:
        data = dict(each.data)
        who, why = data.pop("who", None), None
        by = kept.get(data.get("attribute", ""))
        if each.kind is EventKind.OVERRIDDEN and by and each.time >= by.created_at:
            why = by.why
            del kept[by.attribute]
        if each.kind is EventKind.ERASED and erasure is not None and each.gid == gid:
            who, why = erasure.who, erasure.why
        if each.position in stands:
            data["from"] = stands[each.position]
        yield Happening(each.time, each.kind.value, each.gid, who, why, data)


def _standing(
    entries: Sequence[store.HistoryEntry], gid: str, lineage: Sequence[Lineage]
) -> Mapping[int, Sequence[Data]]:
    """Return by position of an event where the values it set, and none after it, come from."""
    last: dict[str, int] = {}
    made = None
    for each in entries:
        if each.gid == gid and each.kind is EventKind.CREATED:
            made = each.position
        if each.gid == gid and each.kind is EventKind.CHANGED:
            last.update(dict.fromkeys(each.data.get("attributes", ()), each.position))
    found: dict[int, list[Data]] = {}
    for entry in lineage:
        position = last.get(entry.attribute, made)
        if position is not None:
            told = {"attribute": entry.attribute, "record": entry.ref.name}
            told |= {"mapping": entry.mapping, "rule": entry.rule, "reason": entry.reason}
            found.setdefault(position, []).append(told)
    return found


def _consents(conn: sa.Connection, refs: Sequence[SourceRef], gid: str) -> Iterator[Happening]:
    """Yield the consents to clients that the person's login accounts gave and took back."""
    accounts = [ref.key for ref in refs if ref.source == LOGIN]
    for each in consents.ever(conn, accounts) if accounts else ():
        data = {"client": each.client, "scope": sorted(each.scope), "receipt": each.receipt}
        yield Happening(each.given_at, "consent.given", gid, "self", data=data)
        if each.ended_at is not None:
            yield Happening(each.ended_at, "consent.ended", gid, data=data)


def _operations(conn: sa.Connection, gid: str) -> Iterator[Happening]:
    """Yield what was written to the person's accounts, oldest first."""
    wanted = audit.Wanted(gids=store.ids_of(conn, gid))
    for entry, each in reversed(list(audit.find_operations(conn, wanted))):
        data = {
            "target": entry.data["target"],
            "object": entry.data["object"],
            "account": each.account,
            "action": each.action,
            "attributes": each.attributes.split(),
            "outcome": each.outcome,
            "run": entry.data["run"],
            "plan_hash": entry.data["plan_hash"],
        }
        yield Happening(each.time, entry.kind, each.gid, entry.actor, each.cause, data)


def _erasure(conn: sa.Connection, gid: str) -> Iterator[Happening]:
    """Yield erasures that sources wait for, and what each system said after one."""
    for ref, at in asked.waiting_for(conn, gid):
        yield Happening(at, "erasure.asked", gid, f"source:{ref.source}", data={"record": ref.name})
    for each in read_receipts(conn, store.ids_of(conn, gid)):
        data = {"target": each.target, "object": each.object, "account": each.account}
        told = {"proof": each.proof, "deleted_at": each.deleted_at}
        yield Happening(each.proved_at, "erasure.proved", each.gid, data=data | told)
