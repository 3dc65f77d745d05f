"""The pages of recovery. It changes the password and nothing else: other factors stay needed."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from idp_core.accounts import email as emails
from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.db.engine import reading, writing
from idp_core.events import outbox
from idp_core.events.outbox import OutboxEvent
from idp_core.http.answer import Answer, redirect, with_query
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.login import bots, guard, look, newpassword, places
from idp_core.login.factors.passkey import store as passkeys
from idp_core.passwords import store as passwords
from idp_core.sessions import store as sessions
from idp_core.site import letters
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.tickets import store as tickets

PURPOSE = "recovery"
"""What its tickets are for."""
_LIFE = timedelta(minutes=30)
_NOBODY = "00000000-0000-0000-0000-000000000000"


def show(ask: Ask, site: Site) -> Answer:
    """Ask for the address."""
    to = places.safe(ask.query.get("continue"))
    return _first(ask, site, to, ask.query.get("login_hint") or "", "")


def begin(ask: Ask, site: Site) -> Answer:
    """Mail a ticket to the account of an address; the same is done, and said, if it has none."""
    address = emails.cleaned(ask.form.get("email") or "")
    said, to = ask.form.get("email") or "", places.safe(ask.form.get("continue"))
    if address is None:
        return _first(ask, site, to, said, "invalid")
    with writing(site.engine) as conn:
        person = bots.passed(conn, ask, site)
    if not person:
        return _first(ask, site, to, said, "bot")
    now = site.clock()
    with writing(site.engine) as conn:
        allowed = guard.may_mail(conn, ask, site, address)
        known = accounts.by_email(conn, address)
        good = allowed and known is not None and known.blocked_at is None
        whose = known.id if known is not None else _NOBODY
        token = tickets.issue(conn, site.sealer, PURPOSE, {"to": to}, now + _LIFE, account=whose)
        link = site.url(f"/recover/reset?ticket={token}")
        # To the address of the account, not to the one that was typed: they may only look alike.
        receiver = known.email if good and known is not None else ""
        language = (known.language if known else None) or site.pages.language(ask)
        told = {"link": link, "login": _login_by_passkey(conn, site, whose)}
        theme = look.towards(site, to, conn)
        letters.write(conn, site, receiver, "recover", language, theme=theme, **told)
    return redirect(places.carrying("/recover/sent", to))


def _login_by_passkey(conn: sa.Connection, site: Site, account: str) -> str:
    """Return where somebody with a passkey logs in without a password; "" without one."""
    usable = "passkey" in site.config.login.first and passkeys.of_account(conn, account)
    return site.url("/login") if usable else ""


def _first(ask: Ask, site: Site, to: str, said: str, wrong: str) -> Answer:
    work, status = bots.challenge(site), 400 if wrong else 200
    page = {"to": to, "email": said, "wrong": wrong, "work": work, "theme": look.towards(site, to)}
    return site.pages.page(ask, "recover.html", status, **page)


def sent(ask: Ask, site: Site) -> Answer:
    """Say that a mail is on its way if there is an account."""
    to = places.safe(ask.query.get("continue"))
    return site.pages.page(ask, "sent.html", what="recover", to=to, theme=look.towards(site, to))


def ask_new(ask: Ask, site: Site) -> Answer:
    """Ask for the new password."""
    token = ask.query.get("ticket") or ""
    account, to = _whose(site, token)
    if account is None:
        return _too_late(ask, site)
    return _form(ask, site, token, to, account.email, "")


def reset(ask: Ask, site: Site) -> Answer:
    """Put the new password in its place, and end every session there was."""
    token = ask.form.get("ticket") or ""
    account, to = _whose(site, token)
    if account is None:
        return _too_late(ask, site)
    why = newpassword.refusal(ask, site, [account.email, *map(str, account.attributes.values())])
    if why is not None:
        return _form(ask, site, token, to, account.email, why)
    hashed = site.hasher.hash(ask.form.get("password") or "")
    now = site.clock()
    with writing(site.engine) as conn:
        if tickets.use(conn, site.sealer, PURPOSE, token, now) is None:
            return _too_late(ask, site)
        tickets.drop(conn, PURPOSE, account.id, now)
        passwords.put(conn, account.id, hashed, now)
        ended = sessions.end_all(conn, account.id, now, "recovered")
        site.note(conn, "password.recovered", "done", account.id, sessions_ended=len(ended))
        changed = OutboxEvent("account.changed", account.id, {"attributes": ["password"]}, time=now)
        outbox.publish(conn, [changed])
        language = account.language or site.pages.language(ask)
        told = {"recover": site.url("/recover"), "theme": look.towards(site, to, conn)}
        letters.write(conn, site, account.email, "changed", language, **told)
    return redirect(with_query(places.carrying("/login", to), {"done": "password_changed"}))


def _whose(site: Site, token: str) -> tuple[Account | None, str]:
    """Return whose password a ticket replaces, None for none, and where to go afterwards."""
    with reading(site.engine) as conn:
        found = tickets.look(conn, site.sealer, PURPOSE, token, site.clock())
        account = accounts.by_id(conn, found.account) if found and found.account else None
    return account, places.safe(found.data.get("to") if found else None)


def _form(ask: Ask, site: Site, token: str, to: str, address: str, why: str) -> Answer:
    return site.pages.page(
        ask,
        "reset.html",
        400 if why else 200,
        ticket=token,
        email=address,
        wrong=why,
        least=site.config.password.least,
        theme=look.towards(site, to),
    )


def _too_late(ask: Ask, site: Site) -> Answer:
    return site.pages.page(ask, "too_late.html", 400, again="/recover")


ROUTES = (
    Route("/recover", {"GET": show, "POST": begin}, Kind.PAGE),
    Route("/recover/sent", {"GET": sent}, Kind.PAGE),
    Route("/recover/reset", {"GET": ask_new, "POST": reset}, Kind.PAGE, slow=True),
)
