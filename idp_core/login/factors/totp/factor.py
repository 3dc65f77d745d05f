"""A code of an app as a further step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from idp_core.accounts.store import Account
from idp_core.db.engine import writing
from idp_core.login.factors.totp import store
from idp_core.login.model import Nature, Trial


class Totp:
    """Six digits that an app shows for half a minute."""

    name = "totp"
    amr: tuple[str, ...] = ("otp",)
    nature = Nature.POSSESSION
    strong = False
    guards = True

    def enrolled(self, conn: sa.Connection, account: str) -> bool:
        """Whether an account has an app."""
        return store.has(conn, account)

    def shown(self, trial: Trial) -> Mapping[str, Any]:  # noqa: ARG002 (a Factor)
        """Nothing but its field."""
        return {}

    def check(self, trial: Trial) -> Account | None:
        """Return the account when the code is of its app, and new."""
        site, account = trial.site, trial.account
        if account is None:
            return None
        code = "".join((trial.ask.form.get("code") or "").split())[:10]
        with writing(site.engine) as conn:
            good = store.take(conn, site.sealer, account.id, code, site.clock())
        return account if good else None
