"""Eight who act at once on one provider."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.db.engine import reading, writing
from idp_core.http.ask import cookies
from idp_core.login import flow as flows
from idp_core.login.flow import Flow
from idp_core.login.levels import ACRS
from idp_core.oidc.grants import store as grants
from idp_core.oidc.grants.store import Grant
from idp_core.sessions import store as sessions
from idp_core.sessions.store import Who
from idp_core.site import visits
from idp_core.throttle.tables import tries
from idp_core.web.app import make_app
from tests.idp_core.oidc.relying import API, register
from tests.idp_core.people import make_account
from tests.idp_core.web.browser import Browser

AT_ONCE = 8


class World:
    """A provider with an account and a client, and eight who act at once."""

    def __init__(self, site):
        self.site = site
        self.app = make_app(self.site, threads=False)
        self.account = make_account(self.site)
        self.secret = register(self.site, auth="client_secret_post")
        self.pool = ThreadPoolExecutor(AT_ONCE)

    def at_once(self, *works):
        """Do these, or one of them eight times, beginning together; return what each gave."""
        barrier = threading.Barrier(AT_ONCE)
        each = works if len(works) > 1 else works * AT_ONCE

        def run(work):
            barrier.wait()
            return work()

        return list(self.pool.map(run, each))

    def grant(self, scope=("openid", "offline_access")):
        now = self.site.clock()
        made = Grant(
            grants.new_id(), "rp", self.account.id, None, scope, (API,), {}, None, now,
            "urn:isthmus:acr:1", ("pwd",),
        )  # fmt: skip
        with writing(self.site.engine) as conn:
            grants.start(conn, made, now)
        return made

    def issue(self, kind, grant, **more):
        until = self.site.clock() + timedelta(minutes=5)
        with writing(self.site.engine) as conn:
            return grants.issue(conn, kind, grant.id, until, **more)

    def token(self, **form):
        said = {"client_id": "rp", "client_secret": self.secret, **form}
        return Browser(self.app).post("/token", said)

    def refresh(self, token):
        return self.token(grant_type="refresh_token", refresh_token=token)

    def lives(self, grant):
        with reading(self.site.engine) as conn:
            return grants.lives(conn, grant.id)

    def userinfo(self, tokens):
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        return Browser(self.app).get("/userinfo", bearer).status

    def hour_passes(self):
        """Forget what was counted, as if an hour passed between two rounds."""
        with writing(self.site.engine) as conn:
            conn.execute(sa.delete(tries))

    def eight(self):
        """Browsers that have a form of ours: the proof of it is in `csrf`."""
        made = [Browser(self.app) for _ in range(AT_ONCE)]
        for each in made:
            each.csrf = each.get("/login").forms[0].fields["csrf"]
        return made

    def half_way(self, browsers):
        """Let each have proven the password, as it would be after that step of its login."""
        with writing(self.site.engine) as conn:
            epoch = accounts.by_id(conn, self.account.id).epoch
            for each in browsers:
                flow = Flow(self.account.id, ("password",), 1, "/account", epoch)
                each.cookies.pop("__Host-isthmus-session", None)
                each.cookies |= cookies([flows.save(conn, self.site, flow)[1]])

    def logged_in(self, browsers):
        """Let each have a session of its own."""
        now, limits = self.site.clock(), self.site.limits
        who = Who(self.account.id, ("pwd",), ACRS[1], "", "", ("password",))
        with writing(self.site.engine) as conn:
            for each in browsers:
                token = sessions.start(conn, who, now, limits).token
                each.cookies |= cookies([visits.session_cookie(self.site, token)[1]])

    def twin(self, browser, app=None):
        """Another tab of a browser."""
        made = Browser(app or self.app)
        made.cookies = dict(browser.cookies)
        return made


def one_winner(results):
    won = [got for got in results if got.status == 200]
    assert len(won) == 1, [got.status for got in results]
    assert {got.status for got in results} == {200, 400}
    return won[0].json
