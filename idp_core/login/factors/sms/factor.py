"""A code by text message as a further step, and the page that sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.db.engine import reading, writing
from idp_core.http.answer import Answer, HttpError, redirect
from idp_core.http.ask import Ask
from idp_core.login import flow as flows
from idp_core.login import look
from idp_core.login.factors.sms import limits, store
from idp_core.login.model import Nature, Trial
from idp_core.site import letters
from idp_core.site.site import Site

SEND = "/login/step/sms"


class Sms:
    """Six digits by text; they work once, ten minutes, in the browser that asked for them."""

    name = "sms"
    amr: tuple[str, ...] = ("sms",)
    nature = Nature.POSSESSION
    strong = False
    guards = True

    def enrolled(self, conn: sa.Connection, account: str) -> bool:
        """Whether an account has a number."""
        return store.has(conn, account)

    def shown(self, trial: Trial) -> Mapping[str, Any]:
        """Whether this browser waits for a code, and the end of the number."""
        with reading(trial.site.engine) as conn:
            flow = flows.read(conn, trial.ask, trial.site)
            if flow is None:
                return {"waits": False, "number": ""}
            number = store.number_of(conn, trial.site.sealer, flow.account) or ""
            found = store.asked(conn, trial.ask, trial.site, store.LOGIN, flow.account)
        limited = trial.ask.query.get("texts") == "limited"
        return {"waits": found is not None, "number": store.masked(number), "limited": limited}

    def check(self, trial: Trial) -> Account | None:
        """Return the account when the code is the one that was sent to its number."""
        account, site = trial.account, trial.site
        if account is None:
            return None
        with writing(site.engine) as conn:
            sent_to = store.use(conn, trial.ask, site, store.LOGIN, account.id)
            good = sent_to == store.number_of(conn, site.sealer, account.id)
        return account if sent_to is not None and good else None


def send(ask: Ask, site: Site) -> Answer:
    """Send a code to who is half-way in."""
    with writing(site.engine) as conn:
        flow = flows.read(conn, ask, site)
        number = None if flow is None else store.number_of(conn, site.sealer, flow.account)
        if flow is None or number is None:
            raise HttpError(400, "login_over", "this login took too long; begin again")
        if not limits.may_log_in(conn, ask, site, flow.account, number):
            site.note(conn, "sms", "limited", flow.account)
            _tell(conn, ask, site, flow.account)
            return redirect("/login/step?texts=limited")
        code, cookie = store.make(conn, ask, site, store.LOGIN, flow.account, number)
        told = {"code": code, "theme": look.under_way(conn, ask, site)}
        letters.text(conn, site, number, site.pages.language(ask), **told)
        site.note(conn, "sms", "done", flow.account)
    return redirect("/login/step").with_headers(cookie)


def _tell(conn: sa.Connection, ask: Ask, site: Site, account: str) -> None:
    """Tell the owner by mail, once a day: who asks for so many texts knows the password."""
    known = accounts.by_id(conn, account)
    if known is not None and limits.may_tell(conn, site, account):
        language = known.language or site.pages.language(ask)
        told = {"recover": site.url("/recover"), "theme": look.under_way(conn, ask, site)}
        letters.write(conn, site, known.email, "texts_limited", language, **told)
