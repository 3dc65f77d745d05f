"""A code that was mailed, as the first step of a login.

It proves what recovery of the password by mail proves, and counts as no more: whoever has set up a
second factor is asked for it after a mailed code as after a password.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.db.engine import writing
from idp_core.http.ask import Ask
from idp_core.login.factors.mailcode import store
from idp_core.login.model import Nature, Trial


class MailCode:
    """Eight digits, mailed; they work once, ten minutes, in the browser that asked for them."""

    name = "mailcode"
    amr: tuple[str, ...] = ("otp",)
    nature = Nature.KNOWLEDGE
    strong = False
    guards = False

    def claimed(self, ask: Ask) -> str:
        """The address."""
        return ask.form.get("email") or ""

    def enrolled(self, conn: sa.Connection, account: str) -> bool:
        """Whether an account can use it: each has an address whose mail its owner reads."""
        return accounts.by_id(conn, account) is not None

    def shown(self, trial: Trial) -> Mapping[str, Any]:  # noqa: ARG002 (a Factor)
        """Nothing: it has pages of its own."""
        return {}

    def check(self, trial: Trial) -> Account | None:
        """Return the account to whose address the code went."""
        ask, site = trial.ask, trial.site
        with writing(site.engine) as conn:
            whose = store.use(conn, ask, site, ask.form.get("code") or "")
            return None if whose is None else accounts.by_id(conn, whose)
