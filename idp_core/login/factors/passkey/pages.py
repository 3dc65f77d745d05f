"""What the browser's script asks for before it asks the passkey."""

from __future__ import annotations

from idp_core.db.engine import reading, writing
from idp_core.http.answer import Answer, HttpError, json_answer
from idp_core.http.ask import Ask
from idp_core.login import flow as flows
from idp_core.login.factors.passkey import ceremony, store
from idp_core.site.site import Site

FIRST, STEP = "/login/passkey", "/login/step/passkey"


def first(ask: Ask, site: Site) -> Answer:  # noqa: ARG001 (a Handler)
    """Give a challenge to whoever begins a login: it names no account."""
    if "passkey" not in site.config.login.first:
        raise HttpError(404, "not_found", "there is no such page")
    with writing(site.engine) as conn:
        asked, cookie = ceremony.ask_to_prove(conn, site, None, ())
    return json_answer(asked, 200, cookie)


def step(ask: Ask, site: Site) -> Answer:
    """Give a challenge to who is half-way in, for the passkeys of the account."""
    with reading(site.engine) as conn:
        flow = flows.read(conn, ask, site)
    if flow is None:
        raise HttpError(400, "login_over", "this login took too long; begin again")
    with writing(site.engine) as conn:
        known = store.of_account(conn, flow.account)
        asked, cookie = ceremony.ask_to_prove(conn, site, flow.account, known)
    return json_answer(asked, 200, cookie)
