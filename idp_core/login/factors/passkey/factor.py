"""A passkey, as the whole of a login or as a further step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.db.engine import writing
from idp_core.http.ask import Ask
from idp_core.login import look
from idp_core.login.factors.passkey import ceremony, store
from idp_core.login.factors.passkey.store import Passkey
from idp_core.login.model import Nature, Trial
from idp_core.site import letters


class PasskeyFactor:
    """What one has and unlocks: two natures at once, and bound to our address."""

    name = "passkey"
    amr: tuple[str, ...] = ("hwk", "user")
    nature = Nature.BOTH
    strong = True
    guards = False

    def claimed(self, ask: Ask) -> str:
        """Tries count under the passkey: there is nothing to guess, and nobody to lock out."""
        return f"passkey {ceremony.credential_id(ask)}"

    def enrolled(self, conn: sa.Connection, account: str) -> bool:
        """Whether an account has a passkey."""
        return bool(store.of_account(conn, account))

    def shown(self, trial: Trial) -> Mapping[str, Any]:  # noqa: ARG002 (a Factor)
        """Nothing: the browser asks for a challenge when it is wanted."""
        return {}

    def check(self, trial: Trial) -> Account | None:
        """Return the account whose passkey signed the challenge of this browser.

        A count that does not go on is a copy of the passkey: it is refused and its owner told.
        """
        ask, site = trial.ask, trial.site
        wanted = trial.account.id if trial.account else None
        id_ = ceremony.credential_id(ask)
        with writing(site.engine) as conn:
            known = store.find(conn, id_) if id_ else None
            if known is None or wanted not in (None, known.account):
                return None
            count = ceremony.proven(conn, ask, site, known, wanted)
            if count is None:
                return None
            account = accounts.by_id(conn, known.account)
            if store.signed(conn, known.id, count, site.clock()):
                return account
            if account is not None:
                _tell_of_copy(conn, site, ask, account, known)
            return None


def _tell_of_copy(
    conn: sa.Connection, site: Any, ask: Ask, account: Account, known: Passkey
) -> None:
    site.note(conn, "passkey.copied", "refused", account.id)
    language = account.language or site.pages.language(ask)
    told = {"name": known.name, "theme": look.under_way(conn, ask, site)}
    letters.write(conn, site, account.email, "passkey_copied", language, **told)
