"""The operations of provisioning in the audit log: many rows under one entry of the chain.

An entry of a kind in `KINDS` tells who ordered a batch, in which run and by which plan, and has the
keyed digest of the batch's rows: a row that is changed, removed or put in breaks the chain as a
changed entry does. So an operation costs one row and no MAC of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from pydantic_core import to_json

from idp_core.audit.tables import operation
from idp_core.db import bulk
from idp_core.db.types import utc_text
from idp_core.vault.tokens import keyed

WRITTEN = "provisioning.written"
ASKED = "provisioning.asked"
"""Settled by asking the target, after a crash or a lost answer."""
ADOPTED = "provisioning.adopted"
"""Accounts that became ours, or another profile's, without a write."""
KINDS = (WRITTEN, ASKED, ADOPTED)
_COLUMNS = tuple(column.name for column in operation.columns)
_WORDS = frozenset({"batch", "time", "action", "cause", "attributes", "outcome"})


class Operation(NamedTuple):
    """One write to an account, or taking one over, and what became of it. It holds no values.

    `account` is the target's own id; None where the target knows it by the key we gave. `cause` is
    why it was planned, `attributes` the names that were written, joined by blanks; `digest` is the
    keyed digest of what was sent.
    """

    time: datetime
    gid: str
    account: str | None
    action: str
    cause: str
    attributes: str
    digest: str
    outcome: str


Line = tuple[str, str, str | None, str, str, str, str, str]
"""An operation as it is stored: in that order, its time as text (`utc_text`).

There is one for each write, and an `Operation` would take three times as long to make.
"""


def insert(conn: sa.Connection, key: bytes, batch: int, lines: Iterable[Line]) -> str:
    """Store the operations of a batch; return their digest for its entry of the chain."""
    rows = [(batch, number, *line) for number, line in enumerate(lines)]
    bulk.insert(conn, operation, _COLUMNS, rows, words=_WORDS)
    return _digest(key, rows)


def batches(conn: sa.Connection, key: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield of each batch its position, how many operations it has, and their digest."""
    query = sa.select(operation).order_by(operation.c.batch, operation.c.number)
    rows: list[bulk.Row] = []
    with conn.execute(query, execution_options={"yield_per": 5_000}) as found:
        for each in found:
            if rows and rows[0][0] != each.batch:
                yield rows[0][0], len(rows), _digest(key, rows)
                rows = []
            rows.append((each.batch, each.number, utc_text(each.time), *each[3:]))
    if rows:
        yield rows[0][0], len(rows), _digest(key, rows)


def _digest(key: bytes, rows: Sequence[bulk.Row]) -> str:
    return keyed(key, text_of([row[1:] for row in rows]))


def text_of(rows: Sequence[bulk.Row]) -> str:
    """Return rows as the JSON text that `json` makes of them.

    Of plain ASCII pydantic makes the very same, in a fourth of the time; there is a row a write.
    """
    with suppress(ValueError):  # half a surrogate pair
        text = to_json(rows)
        if text.isascii() and b"\x7f" not in text:
            return text.decode()
    return json.dumps(rows, separators=(",", ":"))
