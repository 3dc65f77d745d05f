"""Questions of accounts, sealed, with Argon2id hashes of their answers; which are asked, and when.

Which of them are asked is drawn once a day for each account: who reloads the page does not get
questions that are easier to guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from idp_core.login.factors.questions.tables import security_question as table
from idp_core.vault.sealing import Sealer
from idp_core.vault.tokens import keyed


@dataclass(frozen=True, slots=True)
class Question:
    """A question of an account, and the hash of its answer."""

    place: int
    text: str = field(repr=False)
    hashed: str = field(repr=False)


def put(
    conn: sa.Connection, sealer: Sealer, account: str, given: Mapping[str, str], now: datetime
) -> None:
    """Keep questions, each with the hash of its answer, in the place of all there were."""
    remove(conn, account)
    rows = [
        {
            "account": account, "place": place, "hashed": hashed, "since": now,
            "sealed": sealer.seal(text.encode(), f"question {account} {place}"),
        }
        for place, (text, hashed) in enumerate(given.items())
    ]  # fmt: skip
    conn.execute(sa.insert(table), rows)


def remove(conn: sa.Connection, account: str) -> bool:
    """Take the questions away; False when there were none."""
    return conn.execute(sa.delete(table).where(table.c.account == account)).rowcount > 0


def count(conn: sa.Connection, account: str) -> int:
    """Return how many questions an account has."""
    return conn.scalar(sa.select(sa.func.count()).where(table.c.account == account)) or 0


def of_account(conn: sa.Connection, sealer: Sealer, account: str) -> Sequence[Question]:
    """Return the questions of an account."""
    rows = conn.execute(sa.select(table).where(table.c.account == account).order_by(table.c.place))
    return [
        Question(
            row.place,
            sealer.open(row.sealed, f"question {account} {row.place}").decode(),
            row.hashed,
        )
        for row in rows
    ]


def drawn(
    questions: Sequence[Question], asked: int, key: bytes, account: str, now: datetime
) -> Sequence[Question]:
    """Return the questions that are asked today, in their order."""
    day = now.date().isoformat()
    by_lot = sorted(questions, key=lambda q: keyed(key, "asked", account, day, str(q.place)))
    return sorted(by_lot[:asked], key=lambda q: q.place)
