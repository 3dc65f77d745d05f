"""Security questions as a further step, where a policy names it.

What one knows proves no more than the password did: they never raise the level of a login.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from idp_core.accounts.store import Account
from idp_core.db.engine import reading, writing
from idp_core.http.ask import Ask
from idp_core.login import flow as flows
from idp_core.login import guard, look
from idp_core.login.factors.questions import store
from idp_core.login.factors.questions.answers import normal
from idp_core.login.model import Nature, Trial
from idp_core.site import letters
from idp_core.site.site import Site
from idp_core.throttle import store as throttle
from idp_core.throttle.store import Limit
from idp_core.vault.tokens import keyed

TRIES = Limit(5, timedelta(days=1))
"""Of all browsers that the account does not know, and of each that it does: answers are guessed
more easily than anything else, and whoever knows the password must not lock the owner out."""
_TOLD = Limit(1, timedelta(days=1))


class Questions:
    """Questions that were answered before; all that are asked have to be answered rightly."""

    name = "questions"
    amr: tuple[str, ...] = ("kba",)
    nature = Nature.KNOWLEDGE
    strong = False
    guards = False

    def enrolled(self, conn: sa.Connection, account: str) -> bool:
        """Whether an account has answered some."""
        return store.count(conn, account) > 0

    def shown(self, trial: Trial) -> Mapping[str, Any]:
        """The questions of today."""
        site = trial.site
        with reading(site.engine) as conn:
            flow = flows.read(conn, trial.ask, site)
            asked = () if flow is None else _asked(conn, site, flow.account)
        return {"questions": [(each.place, each.text) for each in asked]}

    def check(self, trial: Trial) -> Account | None:
        """Return the account when every question that is asked today was answered."""
        account, site, ask = trial.account, trial.site, trial.ask
        if account is None or not site.config.questions.enabled:
            return None
        with writing(site.engine) as conn:
            bucket = _bucket(ask, site, account.id)
            if not throttle.count(conn, bucket, TRIES, site.clock()):
                _tell(conn, ask, site, account)
                return None
            asked = _asked(conn, site, account.id)
        # Each is hashed, whatever the others were: the time tells nothing of which was wrong.
        right = [
            site.hasher.verify(normal(ask.form.get(f"answer-{each.place}") or ""), each.hashed)
            for each in asked
        ]
        if not right or not all(right):
            return None
        with writing(site.engine) as conn:
            throttle.forget(conn, [bucket])
        return account


def _asked(conn: sa.Connection, site: Site, account: str) -> list[store.Question]:
    found = store.of_account(conn, site.sealer, account)
    wanted, key = site.config.questions.asked, site.secrets.codes
    return list(store.drawn(found, wanted, key, account, site.clock()))


def _bucket(ask: Ask, site: Site, account: str) -> str:
    device = guard.known_device(ask, site, account) or ""
    return keyed(site.secrets.tries, "questions", account, device)


def _tell(conn: sa.Connection, ask: Ask, site: Site, account: Account) -> None:
    site.note(conn, "questions", "limited", account.id)
    told = keyed(site.secrets.tries, "questions told", account.id)
    if throttle.count(conn, told, _TOLD, site.clock()):
        language = account.language or site.pages.language(ask)
        link = {"recover": site.url("/recover"), "theme": look.under_way(conn, ask, site)}
        letters.write(conn, site, account.email, "questions_limited", language, **link)
