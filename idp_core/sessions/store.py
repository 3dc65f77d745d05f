"""Sessions: opaque ids of 256 bits, kept as digests, new at each change of privilege."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import uuid_utils

from idp_core.accounts import store as accounts
from idp_core.sessions.tables import session
from idp_core.tickets import store as tickets
from idp_core.vault.tokens import digest, new_token

REMEMBERED = "remembered"
"""The tickets of browsers that are spared further steps; they end when all sessions do."""
_TOUCH = timedelta(minutes=1)
"""How old the time a session was last seen may get before it is written again."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that holds. `sid` is its public name; `token` is what the browser has."""

    sid: str
    account: str
    created_at: datetime
    auth_time: datetime
    amr: tuple[str, ...]
    acr: str
    seen_at: datetime
    expires_at: datetime
    agent: str = ""
    network: str = ""
    factors: tuple[str, ...] = ()
    """Names of what was proven, in the order of the steps."""
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lives at most, and without being used."""

    absolute: timedelta
    idle: timedelta


@dataclass(frozen=True, slots=True)
class Who:
    """What a person did to log in, and from where, as far as they may be told of it later."""

    account: str
    amr: tuple[str, ...]
    acr: str
    agent: str = ""
    network: str = ""
    factors: tuple[str, ...] = ()


def start(conn: sa.Connection, who: Who, now: datetime, limits: Limits) -> Session:
    """Begin a session; its token goes to the browser and nowhere else."""
    token = new_token()
    made = Session(
        str(uuid_utils.uuid7()), who.account, now, now, who.amr, who.acr, now,
        now + limits.absolute, who.agent[:120], who.network[:64], who.factors, token,
    )  # fmt: skip
    conn.execute(
        sa.insert(session).values(
            sid=made.sid,
            digest=digest(token),
            account=made.account,
            created_at=now,
            auth_time=now,
            amr=list(made.amr),
            acr=made.acr,
            factors=list(made.factors),
            seen_at=now,
            expires_at=made.expires_at,
            agent=made.agent,
            network=made.network,
        )
    )
    return made


def find(conn: sa.Connection, token: str, now: datetime, limits: Limits) -> Session | None:
    """Return the session of a token; None when it ended, idled too long or never was."""
    query = sa.select(session).where(session.c.digest == digest(token), *_holds(now, limits))
    row = conn.execute(query).one_or_none()
    return None if row is None else replace(_session(row), token=token)


def is_due(found: Session, now: datetime) -> bool:
    """Whether it is time to write that the session was seen."""
    return now - found.seen_at >= _TOUCH


def touch(conn: sa.Connection, sid: str, now: datetime) -> None:
    """Note that a session was seen."""
    conn.execute(sa.update(session).where(session.c.sid == sid).values(seen_at=now))


def elevate(
    conn: sa.Connection, old: Session, who: Who, now: datetime, limits: Limits
) -> Session | None:
    """Give a session of the same account a new id and what was proven now.

    Only one of several at once gets it: None when the session ended or was elevated meanwhile.
    """
    token = new_token()
    changed = (
        sa.update(session)
        .where(
            session.c.sid == old.sid,
            session.c.account == who.account,
            session.c.digest == digest(old.token),
            *_holds(now, limits),
        )
        .values(
            digest=digest(token),
            auth_time=now,
            amr=list(who.amr),
            acr=who.acr,
            factors=list(who.factors),
            seen_at=now,
        )
    )
    if conn.execute(changed).rowcount != 1:
        return None
    return replace(
        old,
        token=token,
        auth_time=now,
        amr=who.amr,
        acr=who.acr,
        factors=who.factors,
        seen_at=now,
    )


def end(conn: sa.Connection, account: str, sid: str, now: datetime, why: str) -> bool:
    """End one session of an account; False when it is not one that goes on."""
    return bool(_end(conn, now, why, session.c.account == account, session.c.sid == sid))


def end_all(
    conn: sa.Connection, account: str, now: datetime, why: str, *, but: str | None = None
) -> Sequence[str]:
    """End every session of an account but one; return those that went on until now.

    No browser is remembered any more, and no login that is under way comes to its end: each further
    one takes all its steps again.
    """
    accounts.begin_epoch(conn, account)
    tickets.drop(conn, REMEMBERED, account, now)
    spared = () if but is None else (session.c.sid != but,)
    return _end(conn, now, why, session.c.account == account, *spared)


def of_account(
    conn: sa.Connection, account: str, now: datetime, limits: Limits
) -> Sequence[Session]:
    """Return the sessions of an account that hold, the last used first."""
    query = (
        sa.select(session)
        .where(session.c.account == account, *_holds(now, limits))
        .order_by(session.c.seen_at.desc())
    )
    return [_session(row) for row in conn.execute(query)]


def holds(conn: sa.Connection, sid: str, now: datetime, limits: Limits) -> bool:
    """Whether a session goes on."""
    query = sa.select(sa.literal(1)).where(session.c.sid == sid, *_holds(now, limits))
    return conn.scalar(query) is not None


def prune(conn: sa.Connection, now: datetime, keep: timedelta = timedelta(days=30)) -> int:
    """Remove sessions that ended long ago; return how many."""
    return conn.execute(sa.delete(session).where(session.c.expires_at < now - keep)).rowcount


def _end(
    conn: sa.Connection, now: datetime, why: str, *which: sa.ColumnElement[bool]
) -> Sequence[str]:
    ended = conn.execute(
        sa.update(session)
        .where(session.c.ended_at.is_(None), *which)
        .values(ended_at=now, ended_why=why)
        .returning(session.c.sid)
    )
    return list(ended.scalars())


def _holds(now: datetime, limits: Limits) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        session.c.ended_at.is_(None),
        session.c.expires_at > now,
        session.c.seen_at > now - limits.idle,
    )


def _session(row: sa.Row[Any]) -> Session:
    return Session(
        row.sid, row.account, row.created_at, row.auth_time, tuple(row.amr), row.acr,
        row.seen_at, row.expires_at, row.agent, row.network,
        tuple(row.factors or ()),
    )  # fmt: skip
