"""The one way in: every attempt, by whatever factor, passes through `attempt`.

In this order: may this factor be tried now, were there too many tries, is the proof right, is the
account blocked, was this step won by somebody else, is more needed, then the session. Whatever
goes wrong looks the same from outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.accounts.store import Account
from idp_core.db.engine import reading, writing
from idp_core.http.answer import Answer, HttpError, redirect
from idp_core.http.ask import Ask
from idp_core.login import flow as flows
from idp_core.login import guard, policies, remembered
from idp_core.login.finish import finish
from idp_core.login.flow import Flow
from idp_core.login.levels import level_of
from idp_core.login.model import Factor, FirstFactor, Trial
from idp_core.login.wishes import Wish, wish_of
from idp_core.site.config import PolicySettings
from idp_core.site.site import Site

_F = TypeVar("_F", bound=Factor)
_BOTH = 2
"""The level that whoever has set up a second factor always needs."""


class RefusedError(Exception):
    """The attempt did not succeed. `limited` tells that there were too many."""

    def __init__(self, *, limited: bool = False) -> None:
        super().__init__("too many tries" if limited else "not proven")
        self.limited = limited


@dataclass(frozen=True)
class Dispatcher:
    """Knows the factors: those that begin a login, and those that may follow."""

    first: Mapping[str, FirstFactor]
    then: Mapping[str, Factor]

    def begin(self, ask: Ask, site: Site, wish: Wish) -> Answer:
        """Take the first step of a login. Raises RefusedError, HttpError for no such factor."""
        offered = policies.begins(site.config.login, wish.policy)
        factor = _chosen({name: self.first[name] for name in offered}, ask)
        account = self._prove(ask, site, factor, factor.claimed(ask), None)
        return self._go_on(ask, site, account, (factor,), wish, None)

    def step(self, ask: Ask, site: Site) -> Answer:
        """Take a further step. Raises RefusedError; HttpError when the login is over."""
        with reading(site.engine) as conn:
            flow = flows.read(conn, ask, site)
            account = None if flow is None else accounts.by_id(conn, flow.account)
            wish = None if flow is None else wish_of(conn, site, flow.to)
            options = self.options(conn, ask, site, flow, wish.policy) if flow and wish else ()
        if flow is None or account is None or wish is None or account.epoch != flow.epoch:
            raise HttpError(400, "login_over", "this login took too long; begin again")
        factor = _chosen({each.name: each for each in options}, ask)
        proven = self._prove(ask, site, factor, account.id, account)
        if proven.id != account.id:
            raise RefusedError
        done = (*self._named(flow.factors), factor)
        # Of the moment this began: `proven` may have been read after all sessions were ended.
        return self._go_on(ask, site, account, done, wish, flow)

    def options(
        self,
        conn: sa.Connection,
        ask: Ask,
        site: Site,
        flow: Flow,
        policy: PolicySettings | None,
    ) -> Sequence[Factor]:
        """Return the factors that a flow may go on with, none when it is at its end.

        First the steps of the client's policy, then another nature: for the level that is wanted,
        or because the account is guarded. A remembered browser is spared all but that level.
        Every login comes here: the database is asked of no factor that could change nothing.
        """
        proven, spared = self._named(flow.factors), _is_spared(conn, ask, site, flow, policy)
        if not policies.fits(policy, flow.factors, spared=spared):
            wanted = policies.follows(policy, flow.factors)
            named = [each for each in self.then.values() if each.name in wanted]
            steps = _enrolled(conn, flow, named)
            if steps:
                return steps
        level, natures = level_of(proven), {factor.nature for factor in proven}
        others = [each for each in self.then.values() if each.nature not in natures]
        if level >= max(flow.level, _BOTH):
            return ()
        guards = () if spared else [each for each in others if each.guards]
        needed = level < flow.level or any(each.enrolled(conn, flow.account) for each in guards)
        return _enrolled(conn, flow, others) if needed else ()

    def _named(self, names: Sequence[str]) -> Sequence[Factor]:
        known = {**self.then, **self.first}
        return [known[name] for name in names]

    def _prove(
        self, ask: Ask, site: Site, factor: Factor, claimed: str, account: Account | None
    ) -> Account:
        with writing(site.engine) as conn:
            known = account or (accounts.by_email(conn, claimed) if claimed else None)
            counted = guard.count(conn, ask, site, claimed, known.id if known else None)
        if not counted.allowed:
            site.metrics.happened("login", "limited")
            raise RefusedError(limited=True)
        with site.span("login.factor", factor=factor.name):
            proven = factor.check(Trial(ask, site, account))
        with writing(site.engine) as conn:
            if proven is None or proven.blocked_at is not None:
                whose = proven or known
                outcome = "refused" if proven is None else "blocked"
                site.note(conn, "login", outcome, whose.id if whose else None, factor=factor.name)
            else:
                guard.succeeded(conn, counted)
        if proven is None or proven.blocked_at is not None:
            raise RefusedError
        return proven

    def _go_on(
        self,
        ask: Ask,
        site: Site,
        account: Account,
        proven: Sequence[Factor],
        wish: Wish,
        flow: Flow | None,
    ) -> Answer:
        names = tuple(each.name for each in proven)
        next_ = Flow(account.id, names, wish.level, wish.to, account.epoch)
        with writing(site.engine) as conn:
            if flow is not None and not flows.close(conn, site, flow):
                raise RefusedError
            if self.options(conn, ask, site, next_, wish.policy):
                return redirect("/login/step").with_headers(flows.save(conn, site, next_))
            with site.span("login.finish"):
                answer = finish(conn, ask, site, account, proven, wish.to)
            days = policies.remember_days(site.config.login, wish.policy)
            if answer and flow and days and ask.form.get("remember") == "1":
                cookie = remembered.put(conn, site, account.id, days)
                answer = answer.with_headers(cookie)
        if answer is None:
            raise RefusedError
        return answer


def _chosen(factors: Mapping[str, _F], ask: Ask) -> _F:
    """Return the factor a form names. Raises HttpError for one that may not be tried now."""
    found = factors.get(ask.form.get("factor") or "")
    if found is None:
        raise HttpError(400, "invalid_request", "there is no such way to log in here")
    return found


def _enrolled(conn: sa.Connection, flow: Flow, factors: Sequence[Factor]) -> Sequence[Factor]:
    return [each for each in factors if each.enrolled(conn, flow.account)]


def _is_spared(
    conn: sa.Connection, ask: Ask, site: Site, flow: Flow, policy: PolicySettings | None
) -> bool:
    moment = remembered.since(conn, ask, site, flow.account)
    days = policies.remember_days(site.config.login, policy)
    return policies.is_spared(days, moment, site.clock())
