"""Receipts of erasures: what was deleted where, and what the system said when asked for it.

The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from idp_core.db import bulk
from idp_core.provisioning.tables import account, erasure_receipt, journal, refusal

GONE = "gone"
"""The proof of an account that the system does not find any more."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One account of an erased person. `account` is the system's own id of it, `proof` what the
    system said at `proved_at`; `deleted_at` is None when our journal does not know.
    """

    gid: str
    target: str
    object: str
    account: str
    deleted_at: datetime | None
    proof: str
    proved_at: datetime


def put_receipt(conn: sa.Connection, receipt: Receipt) -> None:
    """Keep a receipt in the place of an earlier one, and forget the keys that may be values."""
    same = (
        erasure_receipt.c.gid == receipt.gid,
        erasure_receipt.c.target == receipt.target,
        erasure_receipt.c.object == receipt.object,
    )
    conn.execute(sa.delete(erasure_receipt).where(*same))
    values = {name: getattr(receipt, name) for name in Receipt.__slots__}
    conn.execute(sa.insert(erasure_receipt).values(**values))
    conn.execute(sa.delete(refusal).where(refusal.c.gid == receipt.gid))
    for table in (account, journal):
        conn.execute(
            sa.update(table)
            .where(table.c.gid == receipt.gid, table.c.target == receipt.target)
            .values(key=receipt.gid)
        )


def read_receipts(conn: sa.Connection, gids: Collection[str]) -> Sequence[Receipt]:
    """Return the receipts of a person, by target."""
    query = sa.select(erasure_receipt).where(bulk.among(conn, erasure_receipt.c.gid, gids))
    order = (erasure_receipt.c.target, erasure_receipt.c.object, erasure_receipt.c.gid)
    return [Receipt(**row) for row in conn.execute(query.order_by(*order)).mappings()]
