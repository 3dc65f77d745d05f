"""A recovery code in the place of the second factor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from idp_core.accounts.store import Account
from idp_core.db.engine import writing
from idp_core.login import look
from idp_core.login.factors.recoverycode import store
from idp_core.login.model import Nature, Trial
from idp_core.site import letters


class RecoveryCode:
    """One of the codes that were written down; its use is told by mail."""

    name = "recoverycode"
    amr: tuple[str, ...] = ("otp",)
    nature = Nature.POSSESSION
    strong = False
    guards = True

    def enrolled(self, conn: sa.Connection, account: str) -> bool:
        """Whether an account has codes left."""
        return store.left(conn, account) > 0

    def shown(self, trial: Trial) -> Mapping[str, Any]:  # noqa: ARG002 (a Factor)
        """Nothing but its field."""
        return {}

    def check(self, trial: Trial) -> Account | None:
        """Return the account when the code is one of its own, not used before."""
        site, account = trial.site, trial.account
        if account is None:
            return None
        code, key = trial.ask.form.get("code") or "", site.secrets.codes
        with writing(site.engine) as conn:
            if not store.use(conn, key, account.id, code, site.clock()):
                return None
            left = store.left(conn, account.id)
            language = account.language or site.pages.language(trial.ask)
            told = {"left": left, "theme": look.under_way(conn, trial.ask, site)}
            letters.write(conn, site, account.email, "recoverycode", language, **told)
        return account
