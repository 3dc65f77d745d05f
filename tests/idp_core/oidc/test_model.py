"""The token endpoint against a model of it: whatever happens in whatever order, they agree."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from idp_core.db.engine import reading, writing
from idp_core.http.answer import HttpError
from idp_core.http.ask import Ask, params
from idp_core.oidc.grant_types import TYPES
from idp_core.oidc.grants import store as grants
from idp_core.oidc.grants.store import Grant
from idp_core.oidc.token.code import challenge_of
from idp_core.oidc.token.endpoint import token_endpoint
from idp_core.passwords.hashing import Hasher
from idp_core.site.config import ServeConfig
from idp_core.site.site import make_site
from idp_core.vault.master import Master
from tests.databases import new_engine
from tests.idp_core.conftest import Clock
from tests.idp_core.oidc.relying import REDIRECT, VERIFIER, register
from tests.idp_core.people import make_account
from tests.idp_core.web.browser import ORIGIN
from tests.often import often

ENDPOINT = token_endpoint(TYPES)


class Tokens(RuleBasedStateMachine):
    """Codes and refresh tokens of two clients; `alive` and `fresh` are what the model believes."""

    tokens = Bundle("tokens")

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        engine = new_engine(f"sqlite:///{Path(self.folder.name) / 'model.db'}")
        self.clock = Clock()
        made = make_site(ServeConfig(issuer=ORIGIN), engine, Master(b"m" * 32), clock=self.clock)
        self.site = replace(made, hasher=Hasher(1, 8))
        self.account = make_account(self.site).id
        self.secrets = {
            name: register(self.site, id=name, auth="client_secret_post")
            for name in ("rp", "other")
        }
        self.alive: dict[str, bool] = {}
        self.fresh: dict[str, bool] = {}
        self.expires: dict[str, object] = {}

    @rule(target=tokens, client=st.sampled_from(["rp", "other"]))
    def log_in(self, client):
        now = self.clock()
        grant = Grant(
            grants.new_id(), client, self.account, None, ("openid", "offline_access"), (), {},
            None, now, "urn:isthmus:acr:1", ("pwd",),
        )  # fmt: skip
        until = now + timedelta(seconds=60)
        with writing(self.site.engine) as conn:
            grants.start(conn, grant, now)
            code = grants.issue(
                conn, "code", grant.id, until, redirect_uri=REDIRECT,
                challenge=challenge_of(VERIFIER),
            )  # fmt: skip
        self.alive[grant.id] = True
        return self._known(code, "code", client, grant.id, until)

    @rule(target=tokens, token=tokens, by=st.sampled_from(["rp", "other"]))
    def use(self, token, by):
        text, kind, client, grant = token
        now = self.clock()
        mine, in_time = by == client, self.expires[text] > now
        right = mine and in_time and self.fresh[text] and self.alive[grant]
        form = {"grant_type": "refresh_token", "refresh_token": text}
        if kind == "code":
            form = {
                "grant_type": "authorization_code", "code": text, "redirect_uri": REDIRECT,
                "code_verifier": VERIFIER,
            }  # fmt: skip
        got = self._post(by, form)
        assert (got is not None) == right
        if mine and not right and not (self.fresh[text] and not in_time):
            self.alive[grant] = False
        if not right:
            return token
        self.fresh[text] = False
        until = now + timedelta(days=self.site.config.tokens.refresh_days)
        return self._known(got["refresh_token"], "refresh", client, grant, until)

    @rule(token=tokens)
    def revoke(self, token):
        with writing(self.site.engine) as conn:
            grants.end(conn, token[3], self.clock(), "revoked")
        self.alive[token[3]] = False

    @rule(seconds=st.sampled_from([1, 30, 61, 86_400, 31 * 86_400]))
    def wait(self, seconds):
        self.clock.wait(seconds=seconds)

    @invariant()
    def grants_live_as_believed(self):
        for grant, alive in getattr(self, "alive", {}).items():
            with reading(self.site.engine) as conn:
                assert grants.lives(conn, grant) == alive

    def teardown(self):
        if hasattr(self, "site"):
            self.site.engine.dispose()
            self.folder.cleanup()

    def _known(self, text, kind, client, grant, until):
        self.fresh[text], self.expires[text] = True, until
        return (text, kind, client, grant)

    def _post(self, client, form):
        said = {"client_id": client, "client_secret": self.secrets[client], **form}
        try:
            answer = ENDPOINT(Ask("POST", "/token", form=params(urlencode(said))), self.site)
        except HttpError as error:
            assert error.code == "invalid_grant"  # noqa: PT017 (a refusal is fine, if this one)
            return None
        return json.loads(answer.body)


TestTokens = Tokens.TestCase
TestTokens.settings = hypothesis.settings(max_examples=15, stateful_step_count=25, deadline=None)


@hypothesis.given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=30)), max_size=6))
@hypothesis.settings(
    max_examples=often(150), suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
def test_any_form_is_answered_by_an_oauth_error(site, pairs):
    names = ["grant_type", "client_id", "code", "scope", "client_assertion"]
    mixed = [(names[n % 5] if n % 2 else key, value) for n, (key, value) in enumerate(pairs)]
    try:
        form = params(urlencode(mixed, errors="surrogatepass"))
        ENDPOINT(Ask("POST", "/token", form=form), site)
    except HttpError as error:
        refused = error.status
        assert refused in (400, 401)
    else:
        raise AssertionError("a token for nobody")
