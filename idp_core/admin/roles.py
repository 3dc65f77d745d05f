"""Scopes of administration, and the roles by which people get them.

A service has the scopes of its client. A person has those of the token that are also of a role of
theirs: a client that asks for more than its user may do gets no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from idp_core.admin.tables import admin_role as table

PREFIX = "isthmus."
READ = frozenset(f"{PREFIX}{part}.read" for part in ("clients", "accounts", "sessions", "keys"))
AUDIT = f"{PREFIX}audit.read"
INVITE = f"{PREFIX}accounts.invite"
WRITE = frozenset(
    f"{PREFIX}{part}.write" for part in ("clients", "accounts", "sessions", "keys", "roles")
)
SCOPES = READ | WRITE | {AUDIT, INVITE}
ROLES: Mapping[str, frozenset[str]] = {
    "owner": SCOPES,
    "reader": READ | {AUDIT},
    "auditor": frozenset({AUDIT}),
    "inviter": frozenset({INVITE}),
    "clients": frozenset({f"{PREFIX}clients.read", f"{PREFIX}clients.write"}),
    "support": frozenset({
        f"{PREFIX}accounts.read", f"{PREFIX}accounts.write", INVITE,
        f"{PREFIX}sessions.read", f"{PREFIX}sessions.write",
    }),
}  # fmt: skip
"""What each role may do."""


def of(conn: sa.Connection, account: str) -> list[str]:
    """Return the roles of an account."""
    query = sa.select(table.c.role).where(table.c.account == account).order_by(table.c.role)
    return list(conn.execute(query).scalars())


def give(conn: sa.Connection, account: str, roles: Iterable[str], now: datetime) -> None:
    """Give an account these roles in the place of those it had."""
    conn.execute(sa.delete(table).where(table.c.account == account))
    rows = [{"account": account, "role": role, "given_at": now} for role in sorted(set(roles))]
    if rows:
        conn.execute(sa.insert(table), rows)


def listed(conn: sa.Connection) -> list[tuple[str, str]]:
    """Return account and role of every administrator."""
    query = sa.select(table.c.account, table.c.role).order_by(table.c.account, table.c.role)
    return [(row.account, row.role) for row in conn.execute(query)]


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """Return what roles may do; one that is known no more may do nothing."""
    return frozenset(scope for role in roles for scope in ROLES.get(role, ()))


def privileged(scopes: Collection[str]) -> frozenset[str]:
    """Return those of a client's scopes that administer."""
    return frozenset(scope for scope in scopes if scope.startswith(PREFIX))
