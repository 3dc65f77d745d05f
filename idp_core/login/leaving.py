"""The end of an account: what lets somebody log in is gone, what proves what was done stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib import import_module
from pkgutil import walk_packages

import sqlalchemy as sa

import idp_core
from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.db.metadata import metadata
from idp_core.sessions import store as sessions

STAYS = frozenset({"audit", "app_consent", "session", "oauth_grant"})
"""Proofs, and what clients have still to be told of; they hold the account's id and no value."""


def remove(conn: sa.Connection, account: Account, now: datetime) -> int:
    """Delete an account with every factor and ticket of it; return how many sessions ended.

    Its grants give nothing any more: each use of one asks for the account.
    """
    ended = sessions.end_all(conn, account.id, now, "deleted")
    for table in _tables():
        conn.execute(sa.delete(table).where(table.c.account == account.id))
    accounts.delete(conn, account, now)
    return len(ended)


@cache
def _tables() -> Sequence[sa.Table]:
    """Whatever holds something of an account: a factor that is added later is found, too."""
    for module in walk_packages(idp_core.__path__, "idp_core."):
        if module.name.endswith(".tables"):
            import_module(module.name)
    listed = metadata.sorted_tables
    return [each for each in listed if "account" in each.c and each.name not in STAYS]
