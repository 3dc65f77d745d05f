"""The room of the password: the old one is asked for, and the other sessions end."""

from __future__ import annotations

from idp_core.db.engine import reading, writing
from idp_core.events import outbox
from idp_core.events.outbox import OutboxEvent
from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.login import guard, newpassword
from idp_core.passwords import store as passwords
from idp_core.selfcare.rooms import changing, guarded, shown
from idp_core.sessions import store as sessions
from idp_core.site import letters
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit


def show(ask: Ask, site: Site, found: Visit) -> Answer:
    """Ask for the old password and a new one."""
    return _form(ask, site, found)


def change(ask: Ask, site: Site, found: Visit) -> Answer:
    """Change the password."""
    account, now = found.account, site.clock()
    with writing(site.engine) as conn:
        counted = guard.count(conn, ask, site, account.id, account.id)
        known = passwords.get(conn, account.id)
    if not counted.allowed:
        return _form(ask, site, found, old="limited")
    if known is not None and not site.hasher.verify(ask.form.get("old") or "", known):
        with writing(site.engine) as conn:
            site.note(conn, "password.changed", "refused", account.id)
        return _form(ask, site, found, old="wrong")
    why = newpassword.refusal(ask, site, [account.email, *map(str, account.attributes.values())])
    if why is not None:
        return _form(ask, site, found, wrong=why)
    hashed = site.hasher.hash(ask.form.get("password") or "")
    with changing(site, found) as conn:
        guard.succeeded(conn, counted)
        passwords.put(conn, account.id, hashed, now)
        ended = sessions.end_all(conn, account.id, now, "password changed", but=found.session.sid)
        site.note(conn, "password.changed", "done", account.id, sessions_ended=len(ended))
        told = OutboxEvent("account.changed", account.id, {"attributes": ["password"]}, time=now)
        outbox.publish(conn, [told])
        language = account.language or site.pages.language(ask)
        letters.write(conn, site, account.email, "changed", language, recover=site.url("/recover"))
    return redirect("/account/password?done=1")


def _form(ask: Ask, site: Site, found: Visit, *, old: str = "", wrong: str = "") -> Answer:
    with reading(site.engine) as conn:
        has = passwords.get(conn, found.account.id) is not None
    status = 429 if old == "limited" else 400 if old or wrong else 200
    return shown(
        ask,
        site,
        found,
        "account/password.html",
        status,
        has=has,
        old=old,
        wrong=wrong,
        least=site.config.password.least,
        changed=ask.query.get("done") is not None,
    )


ROUTES = (
    Route(
        "/account/password",
        {"GET": guarded(show, fresh=True), "POST": guarded(change, fresh=True)},
        Kind.PAGE,
        slow=True,
    ),
)
