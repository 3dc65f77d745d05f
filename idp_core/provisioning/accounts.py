"""The accounts we manage. The caller owns the transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json

from idp_core.db import bulk
from idp_core.db.later import LaterMapping
from idp_core.db.types import utc_text
from idp_core.provisioning.model import LIVE, AccountState, ManagedAccount, Written
from idp_core.provisioning.tables import account

_COLUMNS = tuple(column.name for column in account.columns)
_WORDS = frozenset({"target", "object", "state", "push_digest", "changed_at"})
_LIGHT = (
    account.c.target,
    account.c.object,
    account.c.gid,
    account.c.key,
    account.c.remote_id,
    account.c.state,
    sa.cast(account.c.pushed, sa.Text),
    account.c.profile_digest,
    account.c.push_digest,
    account.c.left_at,
    account.c.version,
    sa.cast(account.c.rewritten, sa.Text),
)
"""The columns of an account in its order; JSON as text, to be read when it is looked into."""
_LIVE = tuple(sorted(state.value for state in LIVE))
_STATES = {state.value: state for state in AccountState}


def read_accounts(
    conn: sa.Connection, target: str, object_: str, gids: Collection[str] | None = None
) -> Mapping[str, ManagedAccount]:
    """Return the accounts of a target by global id; `gids` restricts them.

    Deleted ones are included: they tell what was.
    """
    those = [account.c.target == target, account.c.object == object_]
    if gids is not None:
        those.append(bulk.among(conn, account.c.gid, gids))
    return {each.gid: each for each in accounts_where(conn, *those)}


def accounts_where(conn: sa.Connection, *those: sa.ColumnElement[bool]) -> Iterator[ManagedAccount]:
    """Yield the accounts for which all these conditions hold, as they come from the database."""
    query = sa.select(*_LIGHT).where(*those)
    yield from map(_account, conn.execute(query, execution_options={"yield_per": 10_000}))


def live_remote_ids(conn: sa.Connection, target: str, object_: str) -> Collection[str]:
    """Return the target's own ids of the accounts we manage there."""
    query = sa.select(account.c.remote_id).where(
        account.c.target == target, account.c.object == object_, account.c.state.in_(_LIVE)
    )
    return {id_ for id_ in conn.scalars(query) if id_ is not None}


def accounts_of(conn: sa.Connection, gid: str) -> Sequence[ManagedAccount]:
    """Return one profile's accounts in every target, in a stable order."""
    query = sa.select(*_LIGHT).where(account.c.gid == gid)
    rows = conn.execute(query.order_by(account.c.target, account.c.object))
    return [_account(row) for row in rows]


def accounts_at(
    conn: sa.Connection, target: str, object_: str, remote_ids: Collection[str]
) -> Mapping[str, ManagedAccount]:
    """Return by global id the accounts that have one of the target's own ids."""
    query = sa.select(*_LIGHT).where(
        account.c.target == target,
        account.c.object == object_,
        bulk.among(conn, account.c.remote_id, remote_ids),
    )
    return {row[2]: _account(row) for row in conn.execute(query)}


def shared_accounts(
    conn: sa.Connection, target: str, object_: str, limit: int
) -> Sequence[tuple[str, Sequence[str]]]:
    """Return accounts of the target that several global ids hold, with these, at most `limit`."""
    mine = (account.c.target == target, account.c.object == object_, account.c.state.in_(_LIVE))
    several = (
        sa.select(account.c.remote_id)
        .where(*mine, account.c.remote_id.is_not(None))
        .group_by(account.c.remote_id)
        .having(sa.func.count() > 1)
        .order_by(account.c.remote_id)
        .limit(limit)
    )
    found: dict[str, list[str]] = {}
    query = sa.select(account.c.remote_id, account.c.gid).where(
        *mine, account.c.remote_id.in_(several)
    )
    for remote_id, gid in conn.execute(query.order_by(account.c.remote_id, account.c.gid)):
        found.setdefault(remote_id, []).append(gid)
    return list(found.items())


def save_accounts(
    conn: sa.Connection, accounts: Iterable[ManagedAccount], now: datetime | None = None
) -> None:
    """Insert or replace; a profile must not come twice."""
    save_written(conn, map(Written.of, accounts), now)


def save_written(
    conn: sa.Connection, written: Iterable[Written], now: datetime | None = None
) -> None:
    """Insert or replace accounts as writes left them; a profile must not come twice."""
    moment, listed = utc_text(now or datetime.now(UTC)), list(written)
    rows = [_row(each, moment) for each in listed]
    known = _known(listed)
    if known and bulk.update_same(conn, account, _COLUMNS, rows, "remote_id", words=_WORDS):
        return
    bulk.upsert(conn, account, _COLUMNS, rows, words=_WORDS)


def _known(written: Iterable[Written]) -> bool:
    """Whether all of these had the target's own id before: they are updates of what is there."""
    return all(
        each.remote_id is not None and each.remote_id == each.account.remote_id for each in written
    )


def forget_accounts(conn: sa.Connection, target: str, object_: str, gids: Collection[str]) -> None:
    """Remove the records of accounts that another global id now has (a merge)."""
    if gids:
        conn.execute(
            sa.delete(account).where(
                account.c.target == target,
                account.c.object == object_,
                bulk.among(conn, account.c.gid, gids),
            )
        )


def count_accounts(conn: sa.Connection, target: str, object_: str) -> Mapping[AccountState, int]:
    """Return how many accounts of each state there are."""
    query = (
        sa.select(account.c.state, sa.func.count())
        .where(account.c.target == target, account.c.object == object_)
        .group_by(account.c.state)
    )
    return {AccountState(state): count for state, count in conn.execute(query)}


def _row(written: Written, moment: str) -> tuple[Any, ...]:
    each, remote_id, version, rewritten = written
    return (
        each.target,
        each.object,
        each.gid,
        each.key,
        remote_id,
        str(each.state),
        _json(each.pushed),
        each.profile_digest,
        each.push_digest,
        utc_text(each.left_at) if each.left_at else None,
        version,
        moment,
        _json(rewritten) if rewritten else None,
    )


def _account(row: Sequence[Any]) -> ManagedAccount:
    (
        target, object_, gid, key, remote, state, pushed, profile, push, left, version, rewritten,
    ) = row  # fmt: skip
    return ManagedAccount(
        target,
        object_,
        gid,
        key,
        remote,
        _STATES[state],
        LaterMapping(partial(json.loads, pushed)),
        profile,
        push,
        left,
        version,
        LaterMapping(partial(json.loads, rewritten)) if rewritten not in _NOTHING else {},
    )


_NOTHING = (None, "{}", "null")


def _json(values: Mapping[str, Any]) -> str:
    """Return values as JSON text; pydantic makes it in a fourth of the time that `json` takes."""
    return to_json(values if isinstance(values, dict) else dict(values)).decode()
