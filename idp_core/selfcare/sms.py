"""The room of the number that codes are sent to: proven by a code before it is kept."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from idp_core.db.engine import reading
from idp_core.events import outbox
from idp_core.events.outbox import OutboxEvent
from idp_core.http.answer import Answer, HttpError, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.login import remembered
from idp_core.login.factors.recoverycode import store as codes
from idp_core.login.factors.sms import limits, numbers, store
from idp_core.selfcare.rooms import changing, guarded, shown
from idp_core.selfcare.steps import forget_needless_codes
from idp_core.site import letters
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit

PATH = "/account/security/number"


def show(ask: Ask, site: Site, found: Visit) -> Answer:
    """Ask for a number, or for the code that was sent to one."""
    _require(site)
    return _form(ask, site, found, "")


def send(ask: Ask, site: Site, found: Visit) -> Answer:
    """Send a code to a number."""
    _require(site)
    number = numbers.cleaned(ask.form.get("number") or "", site.config.sms)
    if number is None:
        return _form(ask, site, found, "number")
    with changing(site, found) as conn:
        if not limits.may_prove(conn, ask, site, number):
            site.note(conn, "sms", "limited", found.account.id)
            cookie = None
        else:
            code, cookie = store.make(conn, ask, site, store.ADD, found.account.id, number)
            letters.text(conn, site, number, site.pages.language(ask), code=code)
    return (
        _form(ask, site, found, "limited")
        if cookie is None
        else redirect(PATH).with_headers(cookie)
    )


def confirm(ask: Ask, site: Site, found: Visit) -> Answer:
    """Keep the number whose code is right."""
    _require(site)
    account = found.account.id
    given: Sequence[str] = ()
    with changing(site, found) as conn:
        number = store.use(conn, ask, site, store.ADD, account)
        if number is not None:
            store.put(conn, site.sealer, account, number, site.clock())
            _tell(conn, ask, site, found, "set_up")
            if not codes.left(conn, account):  # for the day when the phone is lost
                given = codes.renew(conn, site.secrets.codes, account)
    if number is None:
        return _form(ask, site, found, "wrong")
    if given:
        return shown(ask, site, found, "account/codes.html", codes=given)
    return redirect("/account/security")


def remove(ask: Ask, site: Site, found: Visit) -> Answer:
    """Take the number away."""
    with changing(site, found) as conn:
        if store.remove(conn, found.account.id):
            forget_needless_codes(conn, found.account.id)
            _tell(conn, ask, site, found, "removed")
    return redirect("/account/security")


def _require(site: Site) -> None:
    if not site.config.sms.enabled:
        raise HttpError(404, "not_found", "there is no such page")


def _tell(conn: sa.Connection, ask: Ask, site: Site, found: Visit, what: str) -> None:
    account = found.account
    remembered.forget(conn, site, account.id)
    site.note(conn, f"sms.{what}", "done", account.id)
    changed = OutboxEvent("account.changed", account.id, {"attributes": ["sms"]}, time=site.clock())
    outbox.publish(conn, [changed])
    language = account.language or site.pages.language(ask)
    letters.write(conn, site, account.email, "sms_changed", language)


def _form(ask: Ask, site: Site, found: Visit, problem: str) -> Answer:
    with reading(site.engine) as conn:
        waits = store.asked(conn, ask, site, store.ADD, found.account.id)
    status = {"": 200, "limited": 429}.get(problem, 400)
    again = ask.query.get("again") is not None or problem in ("number", "limited")
    return shown(
        ask, site, found, "account/number.html", status, problem=problem,
        number=store.masked(waits.data["number"]) if waits and not again else None,
    )  # fmt: skip


ROUTES = (
    Route(PATH, {"GET": guarded(show, fresh=True), "POST": guarded(send, fresh=True)}, Kind.PAGE),
    Route(f"{PATH}/confirm", {"POST": guarded(confirm, fresh=True)}, Kind.PAGE),
    Route(f"{PATH}/remove", {"POST": guarded(remove, fresh=True)}, Kind.PAGE),
)
