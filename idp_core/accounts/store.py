"""Accounts in the database. One e-mail address, verified, is one account.

An account that exists has proven its address: registrations that have not are tickets, not
accounts. What is known of the person becomes a source profile of the source ``login`` and takes the
same way as every other system's word: through resolution into the golden profile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import uuid_utils

from idp_core.accounts import email as emails
from idp_core.accounts.tables import login_account
from idp_core.events import outbox
from idp_core.events.outbox import OutboxEvent
from idp_core.profiles import store as profiles
from idp_core.profiles.model import SourceProfile, SourceRef

SOURCE = "login"
"""The source that accounts are to the rest of Isthmus; a record's key is the account's id."""
_MAPPING = "login@1"


@dataclass(frozen=True, slots=True)
class Account:
    """A login account; `attributes` are canonical ones the person gave, without the address."""

    id: str
    email: str = field(repr=False)
    attributes: Mapping[str, Any] = field(repr=False)
    language: str | None
    created_at: datetime
    blocked_at: datetime | None = None
    epoch: int = 0
    """How often all its sessions were ended or its further steps changed: no login that began
    before comes to its end."""


class TakenError(Exception):
    """The address has an account already."""


def create(
    conn: sa.Connection,
    email: str,
    attributes: Mapping[str, Any],
    now: datetime,
    language: str | None = None,
) -> Account:
    """Make an account for a verified address. Raises TakenError when there is one.

    Of several at once the unique key lets one through; on PostgreSQL the caller's transaction
    stays usable.
    """
    made = Account(str(uuid_utils.uuid7()), email, dict(attributes), language, now)
    values = {
        "id": made.id,
        "email": email,
        "email_key": emails.key(email),
        "attributes": dict(attributes),
        "language": language,
        "created_at": now,
    }
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(login_account).values(values))
    except sa.exc.IntegrityError:
        raise TakenError from None
    _tell_profile(conn, made, now)
    outbox.publish(conn, [OutboxEvent("account.registered", made.id, time=now), _proven(made, now)])
    return made


def by_email(conn: sa.Connection, email: str) -> Account | None:
    """Return the account of an address, however it is spelled; blocked ones, too."""
    return _one(conn, login_account.c.email_key == emails.key(email))


_BY_ID = sa.select(login_account).where(login_account.c.id == sa.bindparam("account"))


def by_id(conn: sa.Connection, id_: str) -> Account | None:
    """Return an account by its id; blocked ones, too."""
    row = conn.execute(_BY_ID, {"account": id_}).one_or_none()
    return None if row is None else _account(row)


def hold(conn: sa.Connection, id_: str, *, alone: bool = False) -> Account | None:
    """Return an account whose epoch stays what it is until this transaction ends.

    Several may hold it; with `alone` each waits for those before it.
    """
    query = _BY_ID.with_for_update(read=not alone)
    row = conn.execute(query, {"account": id_}).one_or_none()
    return None if row is None else _account(row)


def begin_epoch(conn: sa.Connection, id_: str) -> None:
    """Let nothing that was proven until now begin a session any more: logins under way end."""
    conn.execute(
        sa.update(login_account)
        .where(login_account.c.id == id_)
        .values(epoch=login_account.c.epoch + 1)
    )


def change(
    conn: sa.Connection,
    account: Account,
    now: datetime,
    *,
    attributes: Mapping[str, Any] | None = None,
    email: str | None = None,
    language: str | None = None,
) -> Account:
    """Change what is said of an account; its address to a verified one.

    Raises TakenError when that has another account.
    """
    changed = Account(
        account.id,
        email or account.email,
        dict(account.attributes if attributes is None else attributes),
        language or account.language,
        account.created_at,
        account.blocked_at,
        account.epoch,
    )
    values = {
        "email": changed.email,
        "email_key": emails.key(changed.email),
        "attributes": changed.attributes,
        "language": changed.language,
    }
    try:
        with conn.begin_nested():
            conn.execute(
                sa.update(login_account).where(login_account.c.id == account.id).values(values)
            )
    except sa.exc.IntegrityError:
        raise TakenError from None
    _tell_profile(conn, changed, now)
    names = [*differing(account.attributes, changed.attributes)]
    names += ["email"] if changed.email != account.email else []
    told = [OutboxEvent("account.changed", account.id, {"attributes": names}, time=now)]
    told += [_proven(changed, now)] if "email" in names else []
    outbox.publish(conn, told)
    return changed


def _proven(account: Account, now: datetime) -> OutboxEvent:
    """Return the event that an account's address was proven to be its owner's."""
    return OutboxEvent("account.verified", account.id, {"attributes": ["email"]}, time=now)


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Sequence[str]:
    """Return the names of attributes that are not the same any more."""
    names = {*before, *after}
    return sorted(name for name in names if before.get(name) != after.get(name))


def block(conn: sa.Connection, id_: str, now: datetime, why: str) -> bool:
    """Let an account log in no more; False when it was blocked, or is not there."""
    done = conn.execute(
        sa.update(login_account)
        .where(login_account.c.id == id_, login_account.c.blocked_at.is_(None))
        .values(blocked_at=now, blocked_why=why)
    )
    return done.rowcount == 1


def unblock(conn: sa.Connection, id_: str) -> bool:
    """Let an account log in again; False when it was not blocked, or is not there."""
    done = conn.execute(
        sa.update(login_account)
        .where(login_account.c.id == id_, login_account.c.blocked_at.is_not(None))
        .values(blocked_at=None, blocked_why=None)
    )
    return done.rowcount == 1


def delete(conn: sa.Connection, account: Account, now: datetime) -> None:
    """Remove an account, and what its source profile says: an account's id never comes back."""
    conn.execute(sa.delete(login_account).where(login_account.c.id == account.id))
    profiles.erase_keys(conn, SOURCE, [account.id], now)
    outbox.publish(conn, [OutboxEvent("account.deleted", account.id, time=now)])


def profile_gid(conn: sa.Connection, id_: str) -> str | None:
    """Return the global id of the profile an account belongs to, once resolution has found it."""
    return profiles.gid_of(conn, SourceRef(SOURCE, id_))


def listed(conn: sa.Connection, limit: int = 100, after: str = "") -> Sequence[Account]:
    """Return accounts, the newest first; those `after` an id are older."""
    query = sa.select(login_account).order_by(login_account.c.id.desc()).limit(limit)
    if after:
        query = query.where(login_account.c.id < after)
    return [_account(row) for row in conn.execute(query)]


def said_of(account: Account) -> Mapping[str, Any]:
    """Return an account in canonical attributes: what it says of the person."""
    element = {"value": account.email, "primary": True, "verified": True}
    return {**account.attributes, "emails": [element]}


def _tell_profile(conn: sa.Connection, account: Account, now: datetime) -> None:
    said = said_of(account)
    record = SourceProfile(
        SourceRef(SOURCE, account.id), said, _MAPPING, profiles.digest_of(said), changed_at=now
    )
    profiles.put_source_profiles(conn, [record], SOURCE, now=now)


def _one(conn: sa.Connection, where: sa.ColumnElement[bool]) -> Account | None:
    row = conn.execute(sa.select(login_account).where(where)).one_or_none()
    return None if row is None else _account(row)


def _account(row: sa.Row[Any]) -> Account:
    return Account(
        row.id, row.email, row.attributes, row.language, row.created_at, row.blocked_at, row.epoch
    )
