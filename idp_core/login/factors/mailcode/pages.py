"""The pages of the mailed code: asking for it, and typing it or coming by its link."""

from __future__ import annotations

from idp_core.accounts import email as emails
from idp_core.accounts import store as accounts
from idp_core.db.engine import reading, writing
from idp_core.http.answer import Answer, HttpError, redirect
from idp_core.http.ask import Ask
from idp_core.login import guard, look, places
from idp_core.login.dispatcher import Dispatcher, RefusedError
from idp_core.login.factors.mailcode import store
from idp_core.login.factors.mailcode.factor import MailCode
from idp_core.login.pages import form_to, later, problem_of, status_of
from idp_core.login.wishes import wish_of
from idp_core.site import letters
from idp_core.site.site import Site

PATH, TYPE = "/login/mail", "/login/mail/code"


class MailPages:
    """Handlers over a dispatcher."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def show(self, ask: Ask, site: Site) -> Answer:
        """Ask for the address."""
        _require(site)
        to = places.safe(ask.query.get("continue"))
        hint = ask.query.get("login_hint") or ""
        return _first(ask, site, to, hint)

    def send(self, ask: Ask, site: Site) -> Answer:
        """Mail a code; the same is done, and said, for an address without an account."""
        _require(site)
        to, said = places.safe(ask.form.get("continue")), ask.form.get("email") or ""
        address = emails.cleaned(said)
        if address is None:
            return _first(ask, site, to, said, wrong=True)
        with writing(site.engine) as conn:
            allowed = guard.may_mail(conn, ask, site, address)
            known = accounts.by_email(conn, address)
            good = allowed and known is not None and known.blocked_at is None
            code, cookie = store.make(conn, site, known, address, to)
            # To the address of the account, not to the one that was typed: they may look alike.
            receiver = known.email if good and known is not None else ""
            language = (known.language if known else None) or site.pages.language(ask)
            told = {"code": f"{code[:4]} {code[4:]}", "link": site.url(f"{TYPE}?code={code}")}
            theme = look.towards(site, to, conn)
            letters.write(conn, site, receiver, "mailcode", language, theme=theme, **told)
        return redirect(TYPE).with_headers(cookie)

    def type(self, ask: Ask, site: Site) -> Answer:
        """Ask for the code; who comes by the link finds it filled in. Looking uses nothing up."""
        _require(site)
        return self._form(ask, site, store.cleaned(ask.query.get("code") or ""))

    def enter(self, ask: Ask, site: Site) -> Answer:
        """Take the code."""
        _require(site)
        if ask.form.get("factor") != MailCode.name:
            raise HttpError(400, "invalid_request", "this page takes mailed codes alone")
        to = places.safe(ask.form.get("continue"))
        try:
            with reading(site.engine) as conn:
                wish = wish_of(conn, site, to)
            return self._dispatcher.begin(ask, site, wish)
        except RefusedError as refused:
            return self._form(ask, site, "", refused=refused)

    def _form(
        self, ask: Ask, site: Site, code: str, *, refused: RefusedError | None = None
    ) -> Answer:
        with reading(site.engine) as conn:
            found = store.asked(conn, ask, site)
        answer = site.pages.page(
            ask,
            "mailcode_type.html",
            status_of(refused),
            code=code,
            factor=MailCode.name,
            email=found.data["email"] if found else "",
            to=found.data["to"] if found else places.HOME,
            waits=found is not None,
            problem=problem_of(refused),
            form_to=form_to(found.data["to"]) if found else (),
            theme=look.towards(site, found.data["to"] if found else None),
        )
        return answer if refused is None or not refused.limited else later(answer)


def _first(ask: Ask, site: Site, to: str, said: str, *, wrong: bool = False) -> Answer:
    theme, status = look.towards(site, to), 400 if wrong else 200
    page = {"to": to, "email": said, "wrong": wrong, "theme": theme}
    return site.pages.page(ask, "mailcode.html", status, **page)


def _require(site: Site) -> None:
    if MailCode.name not in site.config.login.first:
        raise HttpError(404, "not_found", "there is no such page")
