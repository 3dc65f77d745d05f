"""Mails that wait to be sent. They hold links that log people in, so they are sealed, and gone
once they are sent.

A mail to nobody is queued and dropped like any other: whether an address has an account shows
neither in what is answered nor in how long that takes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
import uuid_utils

from idp_core.mail.tables import mail
from idp_core.vault.sealing import Sealer

_LEASE = timedelta(seconds=60)
_MOST_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail; `to` is "" for one that only looks as if."""

    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    sender: str = ""
    """From whom; "": from whom all mails are."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail that is ours to send until its lease ends."""

    id: int
    attempts: int
    letter: Letter


class Transport(Protocol):
    """Sends a mail. Raises OSError when it cannot be sent now."""

    def send(self, letter: Letter) -> None:
        """Hand the mail over."""


def put(conn: sa.Connection, sealer: Sealer, letter: Letter, now: datetime) -> None:
    """Queue a mail in the caller's transaction."""
    context = str(uuid_utils.uuid7())
    text = json.dumps([letter.to, letter.subject, letter.text, letter.sender]).encode()
    sealed = sealer.seal(text, f"mail {context}")
    conn.execute(sa.insert(mail).values(context=context, sealed=sealed, not_before=now))


def claim(conn: sa.Connection, sealer: Sealer, now: datetime, limit: int = 20) -> Sequence[Waiting]:
    """Take mails that are due; another worker gets them only when their lease is over."""
    due = (
        sa.select(mail.c.id)
        .where(mail.c.not_before <= now)
        .order_by(mail.c.not_before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = conn.execute(
        sa.update(mail)
        .where(mail.c.id.in_(due))
        .values(not_before=now + _LEASE, attempts=mail.c.attempts + 1)
        .returning(mail.c.id, mail.c.attempts, mail.c.context, mail.c.sealed)
    ).all()
    return [_waiting(row, sealer) for row in rows]


def done(conn: sa.Connection, ids: Sequence[int]) -> None:
    """Forget mails that were sent."""
    conn.execute(sa.delete(mail).where(mail.c.id.in_(ids)))


def again(conn: sa.Connection, waiting: Waiting, now: datetime) -> bool:
    """Put back a mail that could not be sent, for later; False when it is given up."""
    if waiting.attempts >= _MOST_ATTEMPTS:
        done(conn, [waiting.id])
        return False
    later = now + timedelta(seconds=15 * 2**waiting.attempts)
    conn.execute(sa.update(mail).where(mail.c.id == waiting.id).values(not_before=later))
    return True


def count(conn: sa.Connection) -> int:
    """Return how many mails wait."""
    return conn.scalar(sa.select(sa.func.count()).select_from(mail)) or 0


def _waiting(row: sa.Row[Any], sealer: Sealer) -> Waiting:
    # Of a mail that was queued before there were themes there are three parts.
    parts = json.loads(sealer.open(row.sealed, f"mail {row.context}"))
    return Waiting(row.id, row.attempts, Letter(*parts))
