"""What administrators do to accounts, by command or API; each act is in the audit log."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.admin import roles
from idp_core.login import leaving
from idp_core.sessions import store as sessions
from idp_core.site.site import Site


def block(conn: sa.Connection, site: Site, account: Account, why: str, actor: str) -> int:
    """Let an account log in no more, and end its sessions; return how many these were."""
    now = site.clock()
    accounts.block(conn, account.id, now, why)
    ended = len(sessions.end_all(conn, account.id, now, "blocked"))
    site.note(conn, "account.blocked", "done", account.id, actor, sessions_ended=ended)
    return ended


def unblock(conn: sa.Connection, site: Site, account: Account, actor: str) -> bool:
    """Let an account log in again; False when it was not blocked."""
    done = accounts.unblock(conn, account.id)
    site.note(conn, "account.unblocked", "done" if done else "nothing", account.id, actor)
    return done


def delete(conn: sa.Connection, site: Site, account: Account, why: str, actor: str) -> int:
    """Delete an account with all that lets somebody log in to it; return the sessions it ended."""
    ended = leaving.remove(conn, account, site.clock())
    site.note(conn, "account.deleted", "done", account.id, actor, why=why, sessions_ended=ended)
    return ended


def end_sessions(
    conn: sa.Connection, site: Site, account: Account, sid: str | None, actor: str
) -> int:
    """End one session of an account, or all; return how many ended."""
    now = site.clock()
    if sid is None:
        ended = len(sessions.end_all(conn, account.id, now, "ended by an administrator"))
    else:
        ended = int(sessions.end(conn, account.id, sid, now, "ended by an administrator"))
    site.note(conn, "sessions.ended", "done", account.id, actor, sessions_ended=ended)
    return ended


def give_roles(
    conn: sa.Connection, site: Site, account: Account, wanted: Sequence[str], actor: str
) -> None:
    """Give an account these roles of administration, in the place of those it had."""
    roles.give(conn, account.id, wanted, site.clock())
    site.note(conn, "roles", "done", account.id, actor, roles=sorted(set(wanted)))
