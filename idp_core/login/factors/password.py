"""The password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.db.engine import reading, writing
from idp_core.http.ask import Ask
from idp_core.login.model import Nature, Trial
from idp_core.passwords import store as passwords

_NOBODY = "00000000-0000-0000-0000-000000000000"
"""Whose password is looked up for an address without an account: the same work for everybody."""


class Password:
    """An address and its password; takes as long for an address that has none."""

    name = "password"
    amr: tuple[str, ...] = ("pwd",)
    nature = Nature.KNOWLEDGE
    strong = False
    guards = False

    def claimed(self, ask: Ask) -> str:
        """The address."""
        return ask.form.get("email") or ""

    def enrolled(self, conn: sa.Connection, account: str) -> bool:
        """Whether an account has a password."""
        return passwords.get(conn, account) is not None

    def shown(self, trial: Trial) -> Mapping[str, Any]:  # noqa: ARG002 (a Factor)
        """Nothing but its fields."""
        return {}

    def check(self, trial: Trial) -> Account | None:
        """Return the account whose password this is. A hash of lesser cost is made anew."""
        site, form = trial.site, trial.ask.form
        sent, claimed = form.get("password") or "", form.get("email") or ""
        with reading(site.engine) as conn:
            account = trial.account or accounts.by_email(conn, claimed)
            known = passwords.get(conn, account.id if account else _NOBODY)
        if not site.hasher.verify(sent, known) or account is None or known is None:
            return None
        if site.hasher.is_outdated(known):
            better = site.hasher.hash(sent)
            with writing(site.engine) as conn:
                passwords.rehash(conn, account.id, known, better)
        return account
