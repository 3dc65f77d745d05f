"""What people decided: values kept by hand, records that are (or never are) one person."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa
import uuid_utils

from idp_core.db import bulk
from idp_core.db.jsontext import to_json, typer
from idp_core.profiles import stale
from idp_core.profiles.model import SourceRef
from idp_core.profiles.records import by_source
from idp_core.profiles.tables import link_constraint, override
from mappings.schema import CUSTOMER, Schema


@dataclass(frozen=True, slots=True)
class LinkConstraint:
    """Two source profiles that must, or cannot, be one person; `left` sorts before `right`."""

    id: str
    kind: Literal["must", "cannot"]
    left: SourceRef
    right: SourceRef
    who: str
    why: str
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A value that a person set, whatever the sources say."""

    gid: str
    attribute: str
    value: Any = field(repr=False)
    who: str
    why: str
    created_at: datetime


def put_override(conn: sa.Connection, given: Override) -> None:
    """Set, or replace, the value kept for an attribute; the profile is made anew."""
    same = (override.c.gid == given.gid) & (override.c.attribute == given.attribute)
    conn.execute(sa.delete(override).where(same))
    values = {
        "gid": given.gid,
        "attribute": given.attribute,
        "value": json.loads(to_json(given.value)),
        "who": given.who,
        "why": given.why,
        "created_at": given.created_at,
    }
    conn.execute(sa.insert(override).values(values))
    stale.mark(conn, [given.gid])


def remove_override(conn: sa.Connection, gid: str, attribute: str) -> bool:
    """Let the sources speak again for an attribute; tell whether there was an override."""
    same = (override.c.gid == gid) & (override.c.attribute == attribute)
    removed = conn.execute(sa.delete(override).where(same)).rowcount > 0
    if removed:
        stale.mark(conn, [gid])
    return removed


def read_overrides(
    conn: sa.Connection, gids: Collection[str] | None = None, *, schema: Schema = CUSTOMER
) -> Mapping[str, Sequence[Override]]:
    """Return overrides by global id, each profile's in order of attribute."""
    query = sa.select(override).order_by(override.c.gid, override.c.attribute)
    if gids is not None:
        query = query.where(bulk.among(conn, override.c.gid, gids))
    typed = typer(schema)
    found: dict[str, list[Override]] = {}
    for row in conn.execute(query):
        value = typed({row.attribute: row.value})[row.attribute]
        kept = Override(row.gid, row.attribute, value, row.who, row.why, row.created_at)
        found.setdefault(row.gid, []).append(kept)
    return found


def put_constraint(  # noqa: PLR0913 (who says what of which two, and why)
    conn: sa.Connection,
    kind: Literal["must", "cannot"],
    one: SourceRef,
    other: SourceRef,
    *,
    who: str,
    why: str,
    expires_at: datetime | None = None,
    now: datetime | None = None,
) -> LinkConstraint:
    """Say that two source profiles must or cannot be one person; replaces an earlier word on them.

    Raises ValueError when both are the same.
    """
    if one == other:
        raise ValueError("a constraint needs two different source records")
    left, right = sorted((one, other))
    made = LinkConstraint(
        str(uuid_utils.uuid7()), kind, left, right, who, why, now or datetime.now(UTC), expires_at
    )
    table = link_constraint.c
    conn.execute(
        sa.delete(link_constraint).where(
            table.left_source == left.source,
            table.left_key == left.key,
            table.right_source == right.source,
            table.right_key == right.key,
        )
    )
    conn.execute(
        sa.insert(link_constraint).values(
            id=made.id,
            kind=kind,
            left_source=left.source,
            left_key=left.key,
            right_source=right.source,
            right_key=right.key,
            who=who,
            why=why,
            created_at=made.created_at,
            expires_at=expires_at,
        )
    )
    return made


def remove_constraint(conn: sa.Connection, id_: str) -> bool:
    """Take back a constraint; tell whether it was there."""
    deleted = conn.execute(sa.delete(link_constraint).where(link_constraint.c.id == id_))
    return deleted.rowcount > 0


def read_constraints(conn: sa.Connection, now: datetime | None = None) -> Sequence[LinkConstraint]:
    """Return the constraints that hold at this moment, in the order they were made."""
    table = link_constraint.c
    query = (
        sa.select(link_constraint)
        .where(sa.or_(table.expires_at.is_(None), table.expires_at > (now or datetime.now(UTC))))
        .order_by(table.created_at, table.id)
    )
    return [_constraint(row) for row in conn.execute(query)]


def constraints_about(conn: sa.Connection, refs: Collection[SourceRef]) -> Sequence[LinkConstraint]:
    """Return the constraints on any of some records, also expired ones, as they were made."""
    table = link_constraint.c
    found: dict[str, LinkConstraint] = {}
    for side in ("left", "right"):
        for source, keys in by_source(refs).items():
            query = sa.select(link_constraint).where(
                table[f"{side}_source"] == source, bulk.among(conn, table[f"{side}_key"], keys)
            )
            found.update((row.id, _constraint(row)) for row in conn.execute(query))
    return sorted(found.values(), key=lambda said: (said.created_at, said.id))


def _constraint(row: sa.Row[Any]) -> LinkConstraint:
    return LinkConstraint(
        row.id,
        row.kind,
        SourceRef(row.left_source, row.left_key),
        SourceRef(row.right_source, row.right_key),
        row.who,
        row.why,
        row.created_at,
        row.expires_at,
    )
