"""The room of the address: a new one is proven by a mail to it, the old one hears of it."""

from __future__ import annotations

from datetime import timedelta

from idp_core.accounts import email as emails
from idp_core.accounts import store as accounts
from idp_core.accounts.store import TakenError
from idp_core.db.engine import reading
from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.login import guard
from idp_core.login.recovery import routes as recovery
from idp_core.selfcare.rooms import changing, guarded, shown
from idp_core.site import letters
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit
from idp_core.tickets import store as tickets

PATH = "/account/address"
_PURPOSE = "address"
_LIFE = timedelta(hours=2)


def show(ask: Ask, site: Site, found: Visit) -> Answer:
    """Ask for the new address."""
    return _form(ask, site, found)


def begin(ask: Ask, site: Site, found: Visit) -> Answer:
    """Mail a ticket to the new address; the answer is the same if it has an account."""
    address = emails.cleaned(ask.form.get("email") or "")
    if address is None:
        return _form(ask, site, found, wrong=True)
    account, now = found.account, site.clock()
    language = account.language or site.pages.language(ask)
    with changing(site, found) as conn:
        allowed = guard.may_mail(conn, ask, site, address)
        other = accounts.by_email(conn, address)
        tickets.drop(conn, _PURPOSE, account.id, now)
        token = tickets.issue(
            conn, site.sealer, _PURPOSE, {"email": address}, now + _LIFE, account=account.id
        )
        taken = other is not None and other.id != account.id
        link = site.url("/login" if taken else f"{PATH}/confirm?ticket={token}")
        receiver = address if allowed else ""
        template = "known" if taken else "address"
        letters.write(
            conn, site, receiver, template, language, link=link, recover=site.url("/recover")
        )
        site.note(conn, "address.asked", "done", account.id)
    return redirect(f"{PATH}?sent=1")


def confirm(ask: Ask, site: Site, found: Visit) -> Answer:
    """Ask whether the address is to be the account's: looking at a link changes nothing."""
    token = ask.query.get("ticket") or ""
    with reading(site.engine) as conn:
        ticket = tickets.look(conn, site.sealer, _PURPOSE, token, site.clock())
    if ticket is None or ticket.account != found.account.id:
        return _too_late(ask, site)
    return shown(
        ask, site, found, "account/address_confirm.html", ticket=token, email=ticket.data["email"]
    )


def change(ask: Ask, site: Site, found: Visit) -> Answer:
    """Put the new address in the place of the old one, to which a mail tells of it.

    Tickets of recovery that were mailed to the old address are worth nothing from now on.
    """
    token, now = ask.form.get("ticket") or "", site.clock()
    with changing(site, found) as conn:
        ticket = tickets.look(conn, site.sealer, _PURPOSE, token, now)
        if ticket is None or ticket.account != found.account.id:
            return _too_late(ask, site)
        account = accounts.by_id(conn, found.account.id)
        if account is None or tickets.use(conn, site.sealer, _PURPOSE, token, now) is None:
            return _too_late(ask, site)
        try:
            accounts.change(conn, account, now, email=ticket.data["email"])
        except TakenError:
            return _too_late(ask, site)
        tickets.drop(conn, recovery.PURPOSE, account.id, now)
        site.note(conn, "address.changed", "done", account.id)
        language = account.language or site.pages.language(ask)
        letters.write(conn, site, account.email, "address_changed", language)
    return redirect(f"{PATH}?done=1")


def _form(ask: Ask, site: Site, found: Visit, *, wrong: bool = False) -> Answer:
    return shown(
        ask,
        site,
        found,
        "account/address.html",
        400 if wrong else 200,
        wrong=wrong,
        sent=ask.query.get("sent") is not None,
        changed=ask.query.get("done") is not None,
    )


def _too_late(ask: Ask, site: Site) -> Answer:
    return site.pages.page(ask, "too_late.html", 400, again=PATH)


ROUTES = (
    Route(PATH, {"GET": guarded(show, fresh=True), "POST": guarded(begin, fresh=True)}, Kind.PAGE),
    Route(f"{PATH}/confirm", {"GET": guarded(confirm), "POST": guarded(change)}, Kind.PAGE),
)
