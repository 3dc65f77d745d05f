"""The pages of registration.

An account is made in the second step, by whoever holds the ticket that was mailed, and so is its
password: an address cannot be taken by who cannot read its mail, not even in advance.
"""

from __future__ import annotations

from datetime import timedelta

from idp_core.accounts import email as emails
from idp_core.accounts import store as accounts
from idp_core.accounts.store import TakenError
from idp_core.db.engine import reading, writing
from idp_core.http.answer import Answer, HttpError, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.login import bots, guard, look, newpassword, places
from idp_core.login.factors.password import Password
from idp_core.login.finish import finish
from idp_core.login.pages import form_to
from idp_core.login.registration import fields
from idp_core.login.registration.invitation import INVITATION
from idp_core.passwords import store as passwords
from idp_core.site import letters
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.tickets import store as tickets
from idp_core.tickets.store import Ticket

_PURPOSE = "registration"
_LIFE = timedelta(hours=24)


def show(ask: Ask, site: Site) -> Answer:
    """Ask for the address."""
    _require_open(site)
    to = places.safe(ask.query.get("continue"))
    return _first(ask, site, to, "")


def begin(ask: Ask, site: Site) -> Answer:
    """Mail a ticket to the address; the answer is the same if it has an account."""
    _require_open(site)
    to = places.safe(ask.form.get("continue"))
    address = emails.cleaned(ask.form.get("email") or "")
    if address is None:
        return _first(ask, site, to, "invalid")
    with writing(site.engine) as conn:
        person = bots.passed(conn, ask, site)
    if not person:
        return _first(ask, site, to, "bot")
    language = site.pages.language(ask)
    with writing(site.engine) as conn:
        allowed = guard.may_mail(conn, ask, site, address)
        known = accounts.by_email(conn, address)
        data = {"email": address, "to": to, "language": language}
        token = tickets.issue(conn, site.sealer, _PURPOSE, data, site.clock() + _LIFE)
        link = site.url("/login") if known else site.url(f"/register/confirm?ticket={token}")
        template = "known" if known else "register"
        receiver = address if allowed else ""
        told = {"link": link, "recover": site.url("/recover")}
        theme = look.towards(site, to, conn)
        letters.write(conn, site, receiver, template, language, theme=theme, **told)
    return redirect(places.carrying("/register/sent", to))


def _first(ask: Ask, site: Site, to: str, wrong: str) -> Answer:
    said, work = ask.form.get("email") or "", bots.challenge(site)
    page = {"to": to, "email": said, "wrong": wrong, "work": work, "theme": look.towards(site, to)}
    return site.pages.page(ask, "register.html", 400 if wrong else 200, form_to=form_to(to), **page)


def sent(ask: Ask, site: Site) -> Answer:
    """Say that a mail is on its way."""
    to = places.safe(ask.query.get("continue"))
    return site.pages.page(ask, "sent.html", what="register", to=to, theme=look.towards(site, to))


def confirm(ask: Ask, site: Site) -> Answer:
    """Ask for what an account needs beside its address."""
    token = ask.query.get("ticket") or ""
    found = _ticket(site, token)
    if found is None:
        return _too_late(ask, site)
    return _form(ask, site, token, found)


def make(ask: Ask, site: Site) -> Answer:
    """Make the account and log it in. Of several at once, one."""
    token = ask.form.get("ticket") or ""
    found = _ticket(site, token)
    if found is None:
        return _too_late(ask, site)
    address, to = found.data["email"], found.data["to"]
    asked = site.config.registration.fields
    values, wrong = fields.read(ask.form, asked, site.clock().date())
    why = newpassword.refusal(ask, site, [address, *values.values()])
    if why is not None:
        wrong["password"] = why
    if wrong:
        return _form(ask, site, token, found, wrong)
    hashed = site.hasher.hash(ask.form.get("password") or "")
    now = site.clock()
    with writing(site.engine) as conn:
        used = tickets.use(conn, site.sealer, found.purpose, token, now)
        if used is None:
            return _too_late(ask, site)
        try:
            account = accounts.create(conn, address, values, now, found.data["language"])
        except TakenError:
            return _too_late(ask, site)
        passwords.put(conn, account.id, hashed, now)
        site.note(conn, "register", "done", account.id)
        answer = finish(conn, ask, site, account, (Password(),), to)
    return answer or _too_late(ask, site)


def _ticket(site: Site, token: str) -> Ticket | None:
    """Return what was mailed: an invitation, or a registration while that is open to everybody."""
    purposes = (INVITATION, _PURPOSE) if site.config.registration.open else (INVITATION,)
    with reading(site.engine) as conn:
        looks = (
            tickets.look(conn, site.sealer, purpose, token, site.clock()) for purpose in purposes
        )
        return next((found for found in looks if found is not None), None)


def _form(
    ask: Ask, site: Site, token: str, found: Ticket, wrong: dict[str, str] | None = None
) -> Answer:
    asked, address, to = site.config.registration.fields, found.data["email"], found.data["to"]
    known = {} if wrong else found.data.get("attributes", {})
    given = {name: ask.form.get(name) or known.get(name, "") for name in asked}
    return site.pages.page(
        ask,
        "confirm.html",
        400 if wrong else 200,
        ticket=token,
        email=address,
        asked=asked,
        given=given,
        wrong=wrong or {},
        least=site.config.password.least,
        form_to=form_to(to),
        theme=look.towards(site, to),
    )


def _too_late(ask: Ask, site: Site) -> Answer:
    again = "/register" if site.config.registration.open else "/login"
    return site.pages.page(ask, "too_late.html", 400, again=again)


def _require_open(site: Site) -> None:
    if not site.config.registration.open:
        raise HttpError(404, "not_found", "there is no such page")


ROUTES = (
    Route("/register", {"GET": show, "POST": begin}, Kind.PAGE),
    Route("/register/sent", {"GET": sent}, Kind.PAGE),
    Route("/register/confirm", {"GET": confirm, "POST": make}, Kind.PAGE, slow=True),
)
