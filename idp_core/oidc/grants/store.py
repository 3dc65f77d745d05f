"""Grants and their one-time tokens (codes, refresh tokens).

A grant is the family of all tokens that came of one consent. One conditional UPDATE … RETURNING
decides who used a token; a second use, whenever it comes, ends the family. Whether a token lives is
asked of its grant: ending a grant races with nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import uuid_utils
from sqlalchemy.dialects import postgresql, sqlite

from idp_core.oidc.grants.tables import oauth_grant, oauth_token, seen_id
from idp_core.vault.tokens import digest, new_token


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person allowed a client, and how they had logged in."""

    id: str
    client: str
    account: str
    sid: str | None
    scope: tuple[str, ...]
    resources: tuple[str, ...]
    claims: Mapping[str, Any] = field(repr=False)
    nonce: str | None
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A one-time token and its grant, as they are before anything is decided."""

    digest: str
    grant: Grant
    redirect_uri: str | None
    challenge: str | None
    expires_at: datetime
    used_at: datetime | None


def new_id() -> str:
    """Return the id of a new grant."""
    return str(uuid_utils.uuid7())


def start(conn: sa.Connection, grant: Grant, now: datetime) -> None:
    """Store a grant."""
    conn.execute(
        sa.insert(oauth_grant).values(
            id=grant.id,
            client=grant.client,
            account=grant.account,
            sid=grant.sid,
            scope=list(grant.scope),
            resources=list(grant.resources),
            claims=dict(grant.claims),
            nonce=grant.nonce,
            auth_time=grant.auth_time,
            acr=grant.acr,
            amr=list(grant.amr),
            created_at=now,
        )
    )


def issue(
    conn: sa.Connection,
    kind: str,
    grant: str,
    expires_at: datetime,
    *,
    redirect_uri: str | None = None,
    challenge: str | None = None,
) -> str:
    """Store a new one-time token of a grant and return it."""
    token = new_token()
    row = {
        "digest": digest(token),
        "kind": kind,
        "grant_id": grant,
        "redirect_uri": redirect_uri,
        "challenge": challenge,
        "expires_at": expires_at,
    }
    conn.execute(_ISSUE, row)
    return token


# Built once: at each call building them costs as much as running them.
_ISSUE = sa.insert(oauth_token)
_FIND = (
    sa.select(
        oauth_grant,
        oauth_token.c.digest,
        oauth_token.c.redirect_uri,
        oauth_token.c.challenge,
        oauth_token.c.expires_at,
        oauth_token.c.used_at.label("spent_at"),
    )
    .join(oauth_token, oauth_grant.c.id == oauth_token.c.grant_id)
    .where(oauth_token.c.digest == sa.bindparam("token"), oauth_token.c.kind == sa.bindparam("of"))
)
_HOLD = (
    sa.update(oauth_grant)
    .where(oauth_grant.c.id == sa.bindparam("grant"), oauth_grant.c.ended_at.is_(None))
    .values(used_at=sa.bindparam("now"))
)
_SPEND = (
    sa.update(oauth_token)
    .where(
        oauth_token.c.digest == sa.bindparam("token"),
        oauth_token.c.used_at.is_(None),
        oauth_token.c.expires_at > sa.bindparam("now"),
    )
    .values(used_at=sa.bindparam("now"))
    .returning(oauth_token.c.digest)
)
_GET = sa.select(oauth_grant).where(
    oauth_grant.c.id == sa.bindparam("grant"), oauth_grant.c.ended_at.is_(None)
)
_GET_UNSEEN = _GET.where(
    ~sa.exists().where(
        seen_id.c.space == sa.bindparam("space"), seen_id.c.id == sa.bindparam("seen")
    )
)


def find(conn: sa.Connection, kind: str, token: str) -> Found | None:
    """Return a token, used ones too, None when it is unknown."""
    row = conn.execute(_FIND, {"token": digest(token), "of": kind}).one_or_none()
    if row is None:
        return None
    return Found(
        row.digest, _grant(row), row.redirect_uri, row.challenge, row.expires_at, row.spent_at
    )


def use(conn: sa.Connection, found: Found, now: datetime) -> bool:
    """Use a token up; of any number at once, one is told True. Its grant must go on.

    The grant is locked until the caller commits: a revocation comes before, and this is False, or
    after, and it ends what is issued now.
    """
    alive = conn.execute(_HOLD, {"grant": found.grant.id, "now": now})
    if alive.rowcount != 1:
        return False
    won = conn.execute(_SPEND, {"token": found.digest, "now": now})
    return won.one_or_none() is not None


def end(conn: sa.Connection, grant: str, now: datetime, why: str) -> bool:
    """End a grant with every token of it; False when it had ended."""
    return bool(_end(conn, now, why, oauth_grant.c.id == grant))


def end_of_client(
    conn: sa.Connection, account: str, client: str, now: datetime, why: str
) -> Sequence[str]:
    """End all that an account granted a client; return the ids of the grants."""
    return _end(conn, now, why, oauth_grant.c.account == account, oauth_grant.c.client == client)


def lasting(conn: sa.Connection, account: str, now: datetime) -> Sequence[Grant]:
    """Return the grants by which clients get tokens with no session there, the oldest first."""
    live = sa.exists().where(
        oauth_token.c.grant_id == oauth_grant.c.id,
        oauth_token.c.used_at.is_(None),
        oauth_token.c.expires_at > now,
    )
    query = (
        sa.select(oauth_grant)
        .where(oauth_grant.c.account == account, oauth_grant.c.ended_at.is_(None), live)
        .order_by(oauth_grant.c.created_at)
    )
    found = [_grant(row) for row in conn.execute(query)]
    return [each for each in found if each.sid is None or "offline_access" in each.scope]


def lives(conn: sa.Connection, grant: str) -> bool:
    """Whether a grant goes on."""
    query = sa.select(sa.literal(1)).where(
        oauth_grant.c.id == grant, oauth_grant.c.ended_at.is_(None)
    )
    return conn.scalar(query) is not None


def get(
    conn: sa.Connection, grant: str, *, unless_seen: tuple[str, str] | None = None
) -> Grant | None:
    """Return a grant that goes on; None also when an id was noted in a space."""
    said = {"grant": grant}
    if unless_seen is not None:
        said |= {"space": unless_seen[0], "seen": digest(unless_seen[1])}
    row = conn.execute(_GET if unless_seen is None else _GET_UNSEEN, said).one_or_none()
    return None if row is None else _grant(row)


def see_once(conn: sa.Connection, space: str, id_: str, expires_at: datetime) -> bool:
    """Note that an id was seen; False when it was before. Of several at once one is the first."""
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    done = conn.execute(
        insert(seen_id)
        .values(space=space, id=digest(id_), expires_at=expires_at)
        .on_conflict_do_nothing(index_elements=[seen_id.c.space, seen_id.c.id])
        .returning(seen_id.c.id)
    )
    return done.one_or_none() is not None


def was_seen(conn: sa.Connection, space: str, id_: str) -> bool:
    """Whether an id was noted."""
    query = sa.select(sa.literal(1)).where(seen_id.c.space == space, seen_id.c.id == digest(id_))
    return conn.scalar(query) is not None


def prune(conn: sa.Connection, now: datetime, keep: timedelta = timedelta(days=7)) -> None:
    """Forget tokens and ids that are over; used ones stay until reuse is no threat."""
    conn.execute(sa.delete(seen_id).where(seen_id.c.expires_at < now))
    conn.execute(sa.delete(oauth_token).where(oauth_token.c.expires_at < now - keep))


def _grant(row: sa.Row[Any]) -> Grant:
    return Grant(
        row.id, row.client, row.account, row.sid, tuple(row.scope), tuple(row.resources),
        row.claims, row.nonce, row.auth_time, row.acr, tuple(row.amr), row.ended_at,
    )  # fmt: skip


def _end(
    conn: sa.Connection, now: datetime, why: str, *which: sa.ColumnElement[bool]
) -> Sequence[str]:
    ended = conn.execute(
        sa.update(oauth_grant)
        .where(oauth_grant.c.ended_at.is_(None), *which)
        .values(ended_at=now, ended_why=why)
        .returning(oauth_grant.c.id)
    )
    return list(ended.scalars())
