"""The pages of the login: which factors there are, the first step, further steps."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from idp_core.db.engine import reading
from idp_core.http.answer import Answer, HttpError, redirect
from idp_core.http.ask import Ask
from idp_core.login import flow as flows
from idp_core.login import look, places, policies, wishes
from idp_core.login.dispatcher import Dispatcher, RefusedError
from idp_core.login.model import Trial
from idp_core.site.site import Site

DONE = ("password_changed", "logged_out", "left")
"""What the login page may tell that was done."""


class LoginPages:
    """Handlers over a dispatcher."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def show(self, ask: Ask, site: Site) -> Answer:
        """Show the first step; where it is a mailed code alone, its own page."""
        if tuple(self._begins(site, ask.query.get("continue"))) == ("mailcode",):
            return redirect(f"/login/mail?{ask.query_text}")
        done = ask.query.get("done")
        done = done if done in DONE else ""
        return self._first(ask, site, ask.query.get("continue"), done=done)

    def begin(self, ask: Ask, site: Site) -> Answer:
        """Take the first step."""
        to = places.safe(ask.form.get("continue"))
        try:
            return self._dispatcher.begin(ask, site, _wish(site, to))
        except RefusedError as refused:
            return self._first(ask, site, to, refused=refused)

    def show_step(self, ask: Ask, site: Site) -> Answer:
        """Show a further step; without a login that goes on, the first."""
        return self._step(ask, site)

    def step(self, ask: Ask, site: Site) -> Answer:
        """Take a further step."""
        try:
            return self._dispatcher.step(ask, site)
        except RefusedError as refused:
            return self._step(ask, site, refused=refused)
        except HttpError as error:
            if error.code != "login_over":
                raise
            return redirect("/login")

    def _begins(self, site: Site, to: str | None) -> Sequence[str]:
        policy = _wish(site, places.safe(to)).policy
        return policies.begins(site.config.login, policy)

    def _first(
        self,
        ask: Ask,
        site: Site,
        to: str | None,
        *,
        refused: RefusedError | None = None,
        done: str = "",
    ) -> Answer:
        offered = self._begins(site, to)
        shown = {
            name: factor.shown(Trial(ask, site, None))
            for name, factor in self._dispatcher.first.items()
            if name in offered
        }
        answer = site.pages.page(
            ask,
            "login.html",
            status_of(refused),
            factors=shown,
            to=places.safe(to),
            email=ask.form.get("email") or ask.query.get("login_hint") or "",
            problem=problem_of(refused),
            told=done,
            open=site.config.registration.open,
            form_to=form_to(to),
            theme=look.of_proof(site, ask.query.get("look")) or look.towards(site, to),
        )
        return answer if refused is None or not refused.limited else later(answer)

    def _step(self, ask: Ask, site: Site, *, refused: RefusedError | None = None) -> Answer:
        with reading(site.engine) as conn:
            flow = flows.read(conn, ask, site)
            policy = None if flow is None else wishes.wish_of(conn, site, flow.to).policy
            go_on = self._dispatcher.options
            options = () if flow is None else go_on(conn, ask, site, flow, policy)
        if flow is None or not options:
            return redirect("/login")
        trial = Trial(ask, site, None)
        answer = site.pages.page(
            ask,
            "step.html",
            status_of(refused),
            factors={each.name: each.shown(trial) for each in options},
            remember=policies.remember_days(site.config.login, policy),
            problem=problem_of(refused),
            to=flow.to,
            form_to=form_to(flow.to),
            theme=look.towards(site, flow.to),
        )
        return answer if refused is None or not refused.limited else later(answer)


def _wish(site: Site, to: str) -> wishes.Wish:
    with reading(site.engine) as conn:
        return wishes.wish_of(conn, site, to)


def form_to(to: str | None) -> tuple[str, ...]:
    """Return the origin a form may end at: that of the client this login is for.

    It only loosens the policy of this page towards a host; whether the browser is ever sent there
    is decided by what the client has registered.
    """
    query = parse_qs(urlsplit(places.safe(to)).query)
    target = urlsplit((query.get("redirect_uri") or [""])[0])
    plain = target.hostname and all(c.isalnum() or c in "-.:[]" for c in target.netloc)
    if target.scheme not in ("https", "http") or not plain:
        return ()
    return (f"{target.scheme}://{target.netloc}",)


def status_of(refused: RefusedError | None) -> int:
    """Return the status of a page of the login."""
    if refused is None:
        return 200
    return 429 if refused.limited else 400


def problem_of(refused: RefusedError | None) -> str:
    """Return what a page of the login says of a refusal: ``wrong``, ``limited`` or nothing."""
    if refused is None:
        return ""
    return "limited" if refused.limited else "wrong"


def later(answer: Answer) -> Answer:
    """Return an answer to somebody who tried too often."""
    return answer.with_headers(("retry-after", "900"))
