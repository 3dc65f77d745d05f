"""Profiles that a target has nothing new of, told apart where they are stored.

A profile whose account was made from it as it is, by the push mapping as it is, needs no look; nor
does one that shall have no account by that mapping, as it is, and has none or a deactivated one. Of
a million such profiles nothing is read. The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from idp_core.db import bulk
from idp_core.provisioning.accounts import accounts_where
from idp_core.provisioning.model import AccountState, ManagedAccount
from idp_core.provisioning.tables import account, unwanted

_UNWANTED = tuple(column.name for column in unwanted.columns)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The profiles whose active account was made by `push_digest` of their digest of today, and
    those that shall have none by both.

    `profiles` selects global id and digest of the profiles that are there; those of `but` are
    never among them. With `rests` a deactivated account stays as it is: none is deleted after a
    grace.
    """

    target: str
    object: str
    push_digest: str
    profiles: sa.Select[str, str] = field(repr=False)
    but: Collection[str] = field(default=(), repr=False)
    rests: bool = False

    def other_profiles(self, conn: sa.Connection) -> Sequence[str]:
        """Return the global ids of the profiles that are to be looked at."""
        people = self.profiles.subquery()
        gid, digest = people.c
        same = sa.exists().where(
            *self._made(conn), account.c.gid == gid, account.c.profile_digest == digest
        )
        known = self._unwanted(conn, gid, digest)
        query = sa.select(gid).where(~same.correlate(people), ~known.correlate(people))
        return list(conn.scalars(query))

    def count_unwanted(self, conn: sa.Connection) -> int:
        """Return how many profiles are not to be looked at as they shall have no active account."""
        people = self.profiles.subquery()
        known = self._unwanted(conn, *people.c).correlate(people)
        counted = sa.select(sa.func.count()).select_from(people).where(known)
        return conn.execute(counted).scalar_one()

    def count_resting(self, conn: sa.Connection) -> int:
        """Return how many of these have a deactivated account."""
        if not self.rests:
            return 0
        query = sa.select(sa.func.count()).select_from(account).where(self._resting(conn))
        return conn.execute(query).scalar_one()

    def keep_unwanted(self, conn: sa.Connection, people: Iterable[tuple[str, str]]) -> None:
        """Remember that these profiles, global id and digest, shall have no account."""
        rows = [(gid, self.target, self.object, digest, self.push_digest) for gid, digest in people]
        bulk.upsert(conn, unwanted, _UNWANTED, rows)

    def count_profiles(self, conn: sa.Connection) -> int:
        """Return how many profiles there are, changed or not."""
        counted = sa.select(sa.func.count()).select_from(self.profiles.subquery())
        return conn.execute(counted).scalar_one()

    def other_accounts(self, conn: sa.Connection) -> Mapping[str, ManagedAccount]:
        """Return by global id the accounts of the target that are to be looked at."""
        found = accounts_where(conn, *self._there(), sa.not_(self._passed(conn)))
        return {each.gid: each for each in found}

    def holding(
        self, conn: sa.Connection, keys: Collection[str], remote_ids: Collection[str]
    ) -> Sequence[ManagedAccount]:
        """Return the accounts of theirs with one of these keys, or of the target's own ids."""
        held = sa.or_(
            bulk.among(conn, account.c.key, keys),
            bulk.among(conn, account.c.remote_id, remote_ids),
        )
        return list(accounts_where(conn, self._passed(conn), held))

    def rewritten(self, conn: sa.Connection) -> Iterator[ManagedAccount]:
        """Yield the accounts of theirs of whose values the target made others."""
        return accounts_where(conn, self._passed(conn), account.c.rewritten.is_not(None))

    def shared(self, conn: sa.Connection) -> Sequence[ManagedAccount]:
        """Return the accounts of theirs that another profile holds, too."""
        several = (
            sa.select(account.c.remote_id)
            .where(*self._there(), account.c.remote_id.is_not(None))
            .group_by(account.c.remote_id)
            .having(sa.func.count() > 1)
        )
        ids = conn.scalars(several).all()
        return self.holding(conn, (), ids) if ids else ()

    def _unwanted(
        self, conn: sa.Connection, gid: sa.ColumnElement[str], digest: sa.ColumnElement[str]
    ) -> sa.Exists:
        """Return whether a profile shall have no account, and has none or one that rests."""
        held = sa.exists().where(
            *self._there(),
            account.c.gid == unwanted.c.gid,
            account.c.state != AccountState.DELETED.value,
        )
        if self.rests:
            same = account.c.profile_digest == unwanted.c.profile_digest
            held = held.where(sa.not_(sa.and_(same, *self._left(conn))))
        return sa.exists().where(*self._remembered(gid, digest), ~held)

    def _passed(self, conn: sa.Connection) -> sa.ColumnElement[bool]:
        """Return whether an account is of a profile that is not to be looked at."""
        people = self.profiles.subquery()
        gid, digest = people.c
        same = sa.exists().where(gid == account.c.gid, digest == account.c.profile_digest)
        theirs = sa.and_(*self._made(conn), same.correlate(account))
        return sa.or_(theirs, self._resting(conn)) if self.rests else theirs

    def _resting(self, conn: sa.Connection) -> sa.ColumnElement[bool]:
        """Return whether an account is deactivated, and its profile as it was then."""
        people = self.profiles.subquery()
        gid, digest = people.c
        same = gid == account.c.gid, digest == account.c.profile_digest
        known = sa.exists().where(*same, *self._remembered(gid, digest))
        return sa.and_(*self._there(), *self._left(conn), known.correlate(account))

    def _there(self) -> Sequence[sa.ColumnElement[bool]]:
        return account.c.target == self.target, account.c.object == self.object

    def _remembered(
        self, gid: sa.ColumnElement[str], digest: sa.ColumnElement[str]
    ) -> Sequence[sa.ColumnElement[bool]]:
        """Return what holds for what is remembered of a profile that shall have no account."""
        return (
            unwanted.c.gid == gid,
            unwanted.c.target == self.target,
            unwanted.c.object == self.object,
            unwanted.c.profile_digest == digest,
            unwanted.c.push_digest == self.push_digest,
        )

    def _made(self, conn: sa.Connection) -> Sequence[sa.ColumnElement[bool]]:
        """Return what holds for an account that this push mapping made."""
        return [
            *self._there(),
            account.c.state == AccountState.ACTIVE.value,
            account.c.left_at.is_(None),
            *self._of_today(conn),
        ]

    def _left(self, conn: sa.Connection) -> Sequence[sa.ColumnElement[bool]]:
        """Return what holds for an account that this push mapping deactivated."""
        return [
            account.c.state == AccountState.DEACTIVATED.value,
            account.c.left_at.is_not(None),
            *self._of_today(conn),
        ]

    def _of_today(self, conn: sa.Connection) -> Sequence[sa.ColumnElement[bool]]:
        made = account.c.push_digest == self.push_digest
        return [made, sa.not_(bulk.among(conn, account.c.gid, self.but))] if self.but else [made]


def forget_unwanted(conn: sa.Connection, gids: Collection[str]) -> None:
    """Remove what is remembered of these profiles at every target, for an erasure."""
    conn.execute(sa.delete(unwanted).where(bulk.among(conn, unwanted.c.gid, gids)))
