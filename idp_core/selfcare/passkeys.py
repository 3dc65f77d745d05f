"""The room of passkeys: add one, name it, take it away. Their owner is told by mail."""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.events import outbox
from idp_core.events.outbox import OutboxEvent
from idp_core.http.answer import Answer, json_answer, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.login.factors.passkey import ceremony, store
from idp_core.login.finish import agent
from idp_core.selfcare.rooms import changing, guarded, shown
from idp_core.site import letters
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit

PATH = "/account/security/passkeys"


def show(ask: Ask, site: Site, found: Visit) -> Answer:
    """Offer to add one."""
    return _form(ask, site, found)


def options(ask: Ask, site: Site, found: Visit) -> Answer:  # noqa: ARG001 (a Room)
    """Give the browser what it makes a passkey with."""
    with changing(site, found) as conn:
        known = store.of_account(conn, found.account.id)
        asked, cookie = ceremony.ask_to_add(conn, site, found.account, known)
    return json_answer(asked, 200, cookie)


def add(ask: Ask, site: Site, found: Visit) -> Answer:
    """Keep the passkey that the browser made."""
    name = _name(ask) or agent(ask.headers.get("user-agent", "")) or "passkey"
    with changing(site, found) as conn:
        made = ceremony.added(conn, ask, site, found.account, name)
        good = made is not None and store.add(conn, made)
        if good:
            _tell(conn, ask, site, found, "added", name)
        else:
            site.note(conn, "passkey.added", "refused", found.account.id)
    if not good:
        return _form(ask, site, found, wrong=True)
    return redirect("/account/security")


def rename(ask: Ask, site: Site, found: Visit) -> Answer:
    """Call a passkey otherwise; a name that is none changes nothing."""
    name, id_ = _name(ask), ask.form.get("passkey") or ""
    if name:
        with changing(site, found) as conn:
            if store.rename(conn, found.account.id, id_, name):
                site.note(conn, "passkey.renamed", "done", found.account.id)
    return redirect("/account/security")


def remove(ask: Ask, site: Site, found: Visit) -> Answer:
    """Take a passkey away."""
    id_ = ask.form.get("passkey") or ""
    with changing(site, found) as conn:
        known = store.find(conn, id_)
        if known is not None and store.remove(conn, found.account.id, id_):
            _tell(conn, ask, site, found, "removed", known.name)
    return redirect("/account/security")


def _name(ask: Ask) -> str:
    said = " ".join((ask.form.get("name") or "").split())
    return said[: store.LONGEST_NAME] if said.isprintable() else ""


def _tell(conn: sa.Connection, ask: Ask, site: Site, found: Visit, what: str, name: str) -> None:
    account = found.account
    site.note(conn, f"passkey.{what}", "done", account.id)
    told = OutboxEvent(
        "account.changed", account.id, {"attributes": ["passkey"]}, time=site.clock()
    )
    outbox.publish(conn, [told])
    language = account.language or site.pages.language(ask)
    letters.write(conn, site, account.email, f"passkey_{what}", language, name=name)


def _form(ask: Ask, site: Site, found: Visit, *, wrong: bool = False) -> Answer:
    name = agent(ask.headers.get("user-agent", ""))
    status = 400 if wrong else 200
    return shown(ask, site, found, "account/passkey.html", status, wrong=wrong, name=name)


ROUTES = (
    Route(PATH, {"GET": guarded(show, fresh=True), "POST": guarded(add, fresh=True)}, Kind.PAGE),
    Route(f"{PATH}/options", {"POST": guarded(options, fresh=True)}, Kind.PAGE),
    Route(f"{PATH}/rename", {"POST": guarded(rename)}, Kind.PAGE),
    Route(f"{PATH}/remove", {"POST": guarded(remove, fresh=True)}, Kind.PAGE),
)
