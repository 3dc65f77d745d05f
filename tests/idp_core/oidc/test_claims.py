from dataclasses import replace

import pytest
import sqlalchemy as sa

from idp_core.audit import log as audit
from idp_core.claims.file import parse
from idp_core.consents import store as consents
from idp_core.consents.tables import app_consent
from idp_core.db.engine import reading, writing
from idp_core.web.app import make_app
from tests.idp_core.oidc.relying import RelyingParty, answer, claims_in, register
from tests.idp_core.people import make_account
from tests.idp_core.web.browser import Browser

OWN = """\
fields:
  age: {expr: "date_sub('year', p.birth_date, today())", scope: age, clients: [rp]}
  name: {expr: "p.family_name || ', ' || p.given_name"}
  tier: {const: gold, scope: loyalty, into: [id_token, access_token]}
  mailbox: {from: p.email, scope: email}
scopes:
  age: {en: how old you are, de: wie alt du bist}
"""


@pytest.fixture
def site(site, clock):
    return replace(site, claims=parse(OWN, "claims.yaml", clock.now.date))


@pytest.fixture
def app(site):
    shared = {"scope_word": site.claims.word}
    return make_app(replace(site, pages=replace(site.pages, shared=shared)), threads=False)


@pytest.fixture
def ann(site):
    return make_account(site, given_name="Ann", family_name="Lee", birth_date="1990-06-01")


SCOPES = ("openid", "profile", "email", "offline_access", "age", "loyalty")


def party(site, app, browser, **changes):
    secret = register(site, auth="client_secret_post", scopes=SCOPES, **changes)
    return RelyingParty(app, browser, secret, changes.get("id", "rp"))


def test_own_claims_reach_userinfo_id_token_and_access_token(site, app, browser, ann):
    rp = party(site, app, browser)
    tokens = rp.tokens(scope="openid profile email age loyalty")
    info = rp.userinfo(tokens["access_token"]).json
    assert (info["age"], info["name"], info["mailbox"]) == (39, "Lee, Ann", "ann@example.org")
    assert "tier" not in info
    for token in (tokens["id_token"], tokens["access_token"]):
        assert claims_in(token)["tier"] == "gold"
        assert "age" not in claims_in(token)
    assert rp.call("/introspect", token=tokens["access_token"]).json["tier"] == "gold"


def test_a_token_without_the_scope_and_a_client_that_is_not_named_get_none(site, app, browser, ann):
    rp = party(site, app, browser)
    tokens = rp.tokens(scope="openid")
    assert "tier" not in claims_in(tokens["id_token"])
    assert rp.userinfo(tokens["access_token"]).json == {"sub": ann.id}
    other = party(site, app, browser, id="other")
    info = other.userinfo(other.tokens(scope="openid age")["access_token"]).json
    assert "age" not in info
    named = other.tokens(scope="openid", claims='{"userinfo": {"age": null}}')
    assert "age" not in other.userinfo(named["access_token"]).json


def test_a_narrowed_refresh_takes_the_claims_away(site, app, browser, ann):
    rp = party(site, app, browser)
    first = rp.tokens(scope="openid loyalty offline_access")
    second = rp.refresh(first["refresh_token"], scope="openid").json
    assert "tier" not in claims_in(second["access_token"])
    assert "tier" not in claims_in(second["id_token"])


def test_claims_by_name_need_the_clients_scope_and_the_persons_consent(site, app, browser, ann):
    """Asked for by name, a claim is agreed to as if by its scope: the page tells of it."""
    rp = party(site, app, browser, first_party=False)
    page = rp.log_in(rp.authorize(scope="openid", claims='{"userinfo": {"age": null}}'))
    assert "how old you are" in page.words
    back = answer(rp.browser.follow(rp.browser.submit(page, press="allow", form="/consent")))
    tokens = rp.exchange(back["code"]).json
    assert tokens["scope"] == "openid"
    assert rp.userinfo(tokens["access_token"]).json == {"sub": ann.id, "age": 39}
    with reading(site.engine) as conn:
        held = consents.current(conn, ann.id, "rp")
    assert (held.scope, held.version) == ({"openid", "age"}, 1)
    more = rp.authorize(scope="openid", claims='{"id_token": {"name": null}}')
    assert "your name" in more.words


def test_a_claim_by_name_is_dropped_when_the_client_may_not_have_its_scope(site, app, browser, ann):
    secret = register(site, auth="client_secret_post", scopes=("openid",))
    rp = RelyingParty(app, browser, secret)
    tokens = rp.tokens(scope="openid", claims='{"userinfo": {"email": null, "age": null}}')
    assert rp.userinfo(tokens["access_token"]).json == {"sub": ann.id}
    register(site, auth="client_secret_post", scopes=SCOPES)
    assert rp.userinfo(tokens["access_token"]).json == {"sub": ann.id}  # nor later, unasked


def test_the_consent_page_calls_a_scope_as_the_file_does(site, app, ann):
    german = Browser(app)
    german.language = "de"
    rp = party(site, app, german, first_party=False)
    page = rp.log_in(rp.authorize(scope="openid age loyalty"))
    assert "wie alt du bist" in page.words
    assert "loyalty" in page.words


def test_discovery_tells_of_claims_for_everybody_alone(browser):
    told = browser.get("/.well-known/openid-configuration").json
    assert {"tier", "mailbox"} <= set(told["claims_supported"])
    assert "loyalty" in told["scopes_supported"]
    assert "age" not in told["claims_supported"] + told["scopes_supported"]


def test_a_device_that_is_let_in_leaves_a_receipt(site, app, browser, ann):
    rp = party(site, app, browser, first_party=False)
    begun = rp.call("/device_authorization", scope="openid age").json
    shown = rp.browser.get("/device", user_code=begun["user_code"])
    page = rp.log_in(rp.browser.follow(shown))
    assert "how old you are" in page.words
    rp.browser.submit(page, form="/device", press="allow")
    with reading(site.engine) as conn:
        assert consents.current(conn, ann.id, "rp").scope == {"openid", "age"}


class TestAScopeThatGrows:
    """What was agreed to is what the scope stood for then."""

    MORE = OWN.replace("scopes:", "  club: {const: red, scope: loyalty, into: [id_token]}\nscopes:")

    @pytest.fixture
    def rp(self, site, app, browser, ann):
        """A client that Ann lets have her tier."""
        made = party(site, app, browser, first_party=False)
        page = made.log_in(made.authorize(scope="openid loyalty offline_access"))
        assert "more now" not in page.words
        self.tokens = made.exchange(self.allow(made, page)).json
        return made

    def allow(self, rp, page):
        return answer(rp.browser.follow(rp.browser.submit(page, press="allow")))["code"]

    def later(self, rp, site, text):
        """The same provider after its file was changed, with the same browser and client."""
        newer = replace(site, claims=parse(text, "claims.yaml", site.clock.now.date))
        app = make_app(newer, threads=False)
        rp.browser.app = rp.server.app = app
        return newer

    def test_is_asked_about_again_and_once(self, rp, site, ann):
        newer = self.later(rp, site, self.MORE)
        scope = "openid loyalty"
        assert answer(rp.authorize(scope=scope, prompt="none"))["error"] == "consent_required"
        page = rp.authorize(scope=scope)
        assert "stands for more now" in page.words
        tokens = rp.exchange(self.allow(rp, page)).json
        assert claims_in(tokens["id_token"])["club"] == "red"
        assert "code" in answer(rp.authorize(scope=scope, prompt="none"))
        with reading(newer.engine) as conn:
            held = consents.current(conn, ann.id, "rp")
            noted = [e.data["digest"] for e in audit.read(conn) if e.kind == "consent"]
        assert (held.version, held.claims["loyalty"]) == (2, ["club", "tier"])
        assert noted[0] != noted[1] == held.digest()

    def test_gives_nothing_more_before_that(self, rp, site):
        """Also where nobody is there to be asked."""
        self.later(rp, site, self.MORE)
        told = claims_in(rp.refresh(self.tokens["refresh_token"]).json["id_token"])
        assert (told["tier"], told.get("club")) == ("gold", None)

    def test_asks_nobody_when_it_shrinks_or_another_one_grows(self, rp, site):
        fewer = OWN.replace(
            "  tier: {const: gold, scope: loyalty, into: [id_token, access_token]}", ""
        )
        self.later(rp, site, fewer + "  # nothing of loyalty is left")
        assert "code" in answer(rp.authorize(scope="openid loyalty", prompt="none"))
        self.later(
            rp,
            site,
            self.MORE.replace("club: {const: red, scope: loyalty", "x: {const: 1, scope: email"),
        )
        assert "code" in answer(rp.authorize(scope="openid loyalty", prompt="none"))

    def test_asks_once_more_about_a_consent_from_before_this_was_kept(self, rp, site):
        with writing(site.engine) as conn:
            conn.execute(sa.update(app_consent).values(claims=None))
        assert "more now" in rp.authorize(scope="openid loyalty").words
        told = claims_in(rp.refresh(self.tokens["refresh_token"]).json["id_token"])
        assert told["tier"] == "gold"  # as it was told until now
