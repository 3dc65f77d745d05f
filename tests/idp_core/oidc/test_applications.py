"""The room of applications: what people gave they see, and can take back."""

import json

import pytest

from idp_core.audit import log as audit
from idp_core.consents import store as consents
from idp_core.db.engine import reading, writing
from tests.idp_core.oidc.relying import RelyingParty, answer, register
from tests.idp_core.people import make_account
from tests.idp_core.web.browser import Browser

ROOM = "/account/applications"


@pytest.fixture
def rp(site, app, browser, ann):
    """A client that has to ask, with Ann's browser."""
    secret = register(site, auth="client_secret_post", first_party=False)
    return RelyingParty(app, browser, secret)


def agreed(rp, **changes) -> dict:
    """Tokens that Ann allowed."""
    page = rp.authorize(**changes)
    page = rp.log_in(page) if "/login" in page.url else page
    return rp.exchange(
        answer(rp.browser.follow(rp.browser.submit(page, press="allow")))["code"]
    ).json


def take_away(rp):
    return rp.browser.follow(rp.browser.submit(rp.browser.get(ROOM), form=f"{ROOM}/end"))


def test_an_application_is_listed_with_what_it_gets(rp):
    agreed(rp, scope="openid phone")
    words = rp.browser.get(ROOM).words
    assert "The Shop" in words
    assert "your phone number" in words
    assert "your postal address" not in words


def test_nobody_is_listed_before_anything_was_agreed_to(rp):
    rp.log_in(rp.authorize())
    assert "No application has access" in rp.browser.get(ROOM).words


def test_access_that_was_taken_away_is_over_at_once(rp):
    tokens = agreed(rp, scope="openid email offline_access")
    assert rp.userinfo(tokens["access_token"]).status == 200
    assert "no access any more" in take_away(rp).words
    assert rp.userinfo(tokens["access_token"]).status == 401
    assert rp.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert rp.call("/introspect", token=tokens["refresh_token"]).json == {"active": False}
    assert "No application has access" in rp.browser.get(ROOM).words
    assert answer(rp.authorize(prompt="none"))["error"] == "consent_required"


def test_a_code_that_was_not_exchanged_yet_is_worth_nothing_after(rp):
    page = rp.log_in(rp.authorize())
    code = answer(rp.browser.follow(rp.browser.submit(page, press="allow")))["code"]
    take_away(rp)
    assert rp.exchange(code).json["error"] == "invalid_grant"


def test_a_consent_that_goes_while_its_code_is_made_gives_none(rp, site, ann, monkeypatch):
    agreed(rp)
    real = consents.hold

    def late(conn, account, client, scope):
        with monkeypatch.context() as patch:
            patch.setattr(consents, "hold", real)
            consents.end(conn, account, client, site.clock())
            return real(conn, account, client, scope)

    monkeypatch.setattr(consents, "hold", late)
    page = rp.authorize()
    assert page.status == 200  # asked again, no code
    assert "The Shop" in page.words


def test_a_client_of_ours_with_lasting_access_is_listed_and_can_be_stopped(site, app, browser, ann):
    ours = RelyingParty(app, browser, register(site, auth="client_secret_post"))
    tokens = ours.tokens(scope="openid offline_access")
    assert "all this also when you are not there" in browser.get(ROOM).words
    take_away(ours)
    assert ours.refresh(tokens["refresh_token"]).status == 400
    assert "No application has access" in browser.get(ROOM).words


def test_nobody_takes_away_what_somebody_else_gave(rp, site, app):
    tokens = agreed(rp)
    make_account(site, email="bob@example.org")
    bob = RelyingParty(app, Browser(app), rp.secret)
    agreed_by_bob = bob.authorize()
    bob.log_in(agreed_by_bob, email="bob@example.org")
    room = bob.browser.get("/account")
    proof = next(f for f in room.forms if f.fields.get("csrf")).fields["csrf"]
    said = {"csrf": proof, "client": "rp"}
    assert bob.browser.post(f"{ROOM}/end", said, origin=bob.browser.origin).status == 303
    assert rp.userinfo(tokens["access_token"]).status == 200


def test_taking_away_wants_the_proof_of_the_page(rp):
    agreed(rp)
    assert rp.browser.post(f"{ROOM}/end", {"client": "rp"}).status == 403


def test_a_receipt_can_be_kept_and_is_only_ones_own(rp, site, app, ann):
    agreed(rp, scope="openid email")
    with reading(site.engine) as conn:
        (consent,) = consents.of_account(conn, ann.id)
    got = rp.browser.get(f"{ROOM}/receipt", receipt=consent.receipt)
    told = json.loads(got.text)
    assert got.header("content-disposition").startswith("attachment")
    assert (told["given_to"]["client_id"], told["scope"]) == ("rp", ["email", "openid"])
    assert told["given_by"] == ann.id
    make_account(site, email="bob@example.org")
    bob = RelyingParty(app, Browser(app), rp.secret)
    bob.log_in(bob.authorize(), email="bob@example.org")
    assert bob.browser.get(f"{ROOM}/receipt", receipt=consent.receipt).status == 404


def test_taking_away_is_in_the_audit_log_with_its_receipts(rp, site, ann):
    agreed(rp)
    take_away(rp)
    with reading(site.engine) as conn:
        (entry,) = [e for e in audit.of_account(conn, ann.id, 50) if e.kind == "consent.ended"]
    assert entry.data["client"] == "rp"
    assert len(entry.data["receipts"]) == 1
    assert "Access of an application taken away" in rp.browser.get("/account/activity").words


def test_what_is_agreed_to_again_holds_no_more_than_was_said_now(rp, site, ann):
    agreed(rp, scope="openid phone email")
    take_away(rp)
    agreed(rp, scope="openid")
    with writing(site.engine) as conn:
        assert consents.current(conn, ann.id, "rp").scope == {"openid"}
