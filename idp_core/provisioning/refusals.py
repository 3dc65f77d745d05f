"""Changes that a target refused for good: they are not sent again as long as nothing moves.

The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from idp_core.db import bulk
from idp_core.db.types import utc_text
from idp_core.provisioning.tables import refusal


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change to a profile's account that was refused. It holds no values.

    `digest` is that of the change, `state` that of what it depended on besides: the push mapping,
    the target's schema, its quirks. `reason` is what the target said, as a dead letter has it.
    """

    target: str
    object: str
    gid: str
    digest: str
    state: str
    reason: str
    at: datetime


_COLUMNS = tuple(column.name for column in refusal.columns)


def put_refusals(conn: sa.Connection, refusals: Iterable[Refusal]) -> None:
    """Remember refusals, in the place of earlier ones; a profile must not come twice."""
    rows = [
        (
            each.target,
            each.object,
            each.gid,
            each.digest,
            each.state,
            each.reason,
            utc_text(each.at),
        )
        for each in refusals
    ]
    bulk.upsert(conn, refusal, _COLUMNS, rows)


def read_refusals(conn: sa.Connection, target: str, object_: str) -> Mapping[str, Refusal]:
    """Return what a target refused, by global id."""
    query = sa.select(refusal).where(refusal.c.target == target, refusal.c.object == object_)
    return {row["gid"]: Refusal(**row) for row in conn.execute(query).mappings()}


def forget_refusals(conn: sa.Connection, target: str, object_: str, gids: Collection[str]) -> None:
    """Forget what is no longer wanted, has changed, or is to be tried again."""
    if gids:
        conn.execute(
            sa.delete(refusal).where(
                refusal.c.target == target,
                refusal.c.object == object_,
                bulk.among(conn, refusal.c.gid, gids),
            )
        )
