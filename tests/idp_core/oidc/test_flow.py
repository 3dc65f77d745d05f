import base64
import json

import pytest

from idp_core.db.engine import reading
from idp_core.oidc.tokens.idtoken import half_hash
from tests.idp_core.oidc.relying import API, answer, claims_in, register
from tests.idp_core.people import log_in, make_account


def test_a_person_logs_in_at_a_client(rp, ann, clock):
    """oidcc-server, oidcc-ensure-request-with-valid-pkce-succeeds"""
    page = rp.authorize()
    assert "Log in" in page.words
    back = answer(rp.log_in(page))
    assert (back["state"], back["iss"]) == ("s1", "https://login.example.com")
    got = rp.exchange(back["code"])
    tokens = got.json
    assert got.header("cache-control") == "no-store"
    assert tokens["token_type"] == "Bearer"
    told = claims_in(tokens["id_token"])
    assert (told["sub"], told["aud"], told["nonce"]) == (ann.id, "rp", "n1")
    assert {"iss", "sub", "aud", "exp", "iat", "auth_time"} <= set(told)
    assert "azp" not in told, "of one audience there is no doubt who may use it"
    assert told["at_hash"] == half_hash(tokens["access_token"])
    assert told["amr"] == ["pwd"]
    info = rp.userinfo(tokens["access_token"]).json
    assert info == {"sub": ann.id, "email": "ann@example.org", "email_verified": True}
    access = claims_in(tokens["access_token"])
    assert access["exp"] - access["iat"] == 300
    assert (access["iss"], access["aud"]) == (told["iss"], told["iss"])


def test_who_is_logged_in_is_not_asked_again(rp):
    """oidcc-prompt-none-logged-in: single sign-on"""
    first = claims_in(rp.tokens()["id_token"])
    again = rp.exchange(answer(rp.authorize(prompt="none"))["code"]).json
    assert claims_in(again["id_token"])["auth_time"] == first["auth_time"]
    assert claims_in(again["id_token"])["sid"] == first["sid"]


def test_a_refresh_token_gives_the_next_and_keeps_who_logged_in_when(rp, clock):
    """oidcc-refresh-token"""
    first = rp.tokens(scope="openid offline_access")
    clock.wait(hours=1)
    second = rp.refresh(first["refresh_token"]).json
    one, two = claims_in(first["id_token"]), claims_in(second["id_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert (one["sub"], one["auth_time"], one["iss"]) == (two["sub"], two["auth_time"], two["iss"])
    assert two["iat"] > one["iat"]


def test_a_refresh_token_may_be_used_for_less_and_never_for_more(rp):
    first = rp.tokens(scope="openid email offline_access")
    second = rp.refresh(first["refresh_token"], scope="openid").json
    assert second["scope"] == "openid"
    third = rp.refresh(second["refresh_token"], scope="openid profile")
    assert (third.status, third.json["error"]) == (400, "invalid_scope")
    assert rp.refresh(second["refresh_token"]).json["scope"] == "openid email offline_access"


def test_without_offline_access_a_refresh_token_ends_with_its_session(rp):
    tokens = rp.tokens(scope="openid")
    offline = rp.tokens(scope="openid offline_access")
    rp.browser.submit(rp.browser.get("/account"), form="/signout")
    assert rp.refresh(tokens["refresh_token"]).status == 400
    assert rp.refresh(offline["refresh_token"]).status == 200


def test_a_client_gets_a_token_of_its_own(rp):
    got = rp.token(grant_type="client_credentials", scope="orders", resource=API).json
    told = claims_in(got["access_token"])
    assert (told["sub"], told["client_id"], told["aud"], told["scope"]) == (
        "rp",
        "rp",
        API,
        "orders",
    )
    assert "refresh_token" not in got
    assert (
        rp.token(grant_type="client_credentials", scope="openid").json["error"] == "invalid_scope"
    )
    refused = rp.token(grant_type="client_credentials", resource="https://other.example/")
    assert refused.json["error"] == "invalid_target"


def test_a_token_for_a_resource_is_for_that_resource(rp):
    tokens = rp.tokens(scope="orders", resource=API)
    assert claims_in(tokens["access_token"])["aud"] == API
    assert rp.userinfo(tokens["access_token"]).status == 401
    both = rp.tokens(scope="openid orders", resource=API)
    assert claims_in(both["access_token"])["aud"] == [API, "https://login.example.com"]
    assert answer(rp.authorize(resource="https://other.example/"))["error"] == "invalid_target"


def test_introspection_and_revocation(rp):
    tokens = rp.tokens(scope="openid offline_access")
    told = rp.call("/introspect", token=tokens["access_token"]).json
    assert (told["active"], told["client_id"], told["scope"]) == (
        True,
        "rp",
        "openid offline_access",
    )
    assert rp.call("/introspect", token=tokens["refresh_token"]).json["active"]
    assert rp.call("/introspect", token="x.y.z").json == {"active": False}
    assert rp.call("/revoke", token=tokens["access_token"]).status == 200
    assert rp.call("/introspect", token=tokens["access_token"]).json == {"active": False}
    assert rp.userinfo(tokens["access_token"]).status == 401
    second = rp.refresh(tokens["refresh_token"]).json
    assert rp.call("/revoke", token=second["refresh_token"]).status == 200
    assert rp.userinfo(second["access_token"]).status == 401
    assert rp.refresh(second["refresh_token"]).status == 400
    assert rp.call("/revoke", token="unknown").status == 200


def test_userinfo_takes_the_token_in_header_or_body_but_not_in_the_query(rp):
    """oidcc-userinfo-get, oidcc-userinfo-post-header, oidcc-userinfo-post-body"""
    token = rp.tokens()["access_token"]
    assert rp.userinfo(token).status == 200
    assert rp.server.post("/userinfo", authorization=f"Bearer {token}").status == 200
    assert rp.server.post("/userinfo", {"access_token": token}).status == 200
    assert rp.server.get("/userinfo", access_token=token).status == 401
    assert rp.userinfo(token).header("cache-control") == "no-store"
    both = rp.server.post("/userinfo", {"access_token": token}, authorization=f"Bearer {token}")
    assert both.status == 400
    assert rp.server.get("/userinfo").header("www-authenticate") == "Bearer"


def test_scopes_say_which_claims_a_client_gets(rp):
    """oidcc-scope-profile, oidcc-scope-email"""
    token = rp.tokens(scope="openid profile")["access_token"]
    told = rp.userinfo(token).json
    assert (told["name"], told["given_name"]) == ("Ann Lee", "Ann")
    assert "email" not in told
    all_ = rp.tokens(scope="openid profile email phone address")["access_token"]
    assert "email" in rp.userinfo(all_).json


def test_phone_and_address_are_scopes_of_their_own(rp, site):
    """oidcc-scope-phone, oidcc-scope-address, oidcc-scope-all"""
    home = {"street_address": "Ring 1", "locality": "Graz", "country": "AT"}
    phones = [{"value": "+43316123456", "verified": True, "primary": True}]
    make_account(site, "eva@example.org", phones=phones, addresses=[home])
    log_in(rp.browser, "eva@example.org")

    def told(scope):
        return rp.userinfo(rp.tokens(scope=scope)["access_token"]).json

    phone = {"phone_number": "+43316123456", "phone_number_verified": True}
    sub = told("openid")["sub"]
    assert told("openid phone") == {"sub": sub, **phone}
    assert told("openid address") == {"sub": sub, "address": home}
    everything = told("openid profile email phone address")
    assert everything.items() >= {**phone, "address": home, "email": "eva@example.org"}.items()


def test_claims_may_be_asked_for_by_name(rp):
    """oidcc-claims-essential"""
    asked = '{"userinfo": {"given_name": {"essential": true}}, "id_token": {"email": null}}'
    tokens = rp.tokens(scope="openid", claims=asked)
    assert claims_in(tokens["id_token"])["email"] == "ann@example.org"
    told = rp.userinfo(tokens["access_token"]).json
    assert told["given_name"] == "Ann"
    assert "email" not in told


def test_an_id_token_may_be_signed_by_rs256(rp, site):
    """oidcc-idtoken-rs256"""
    register(site, auth="client_secret_post", id_token_alg="RS256")
    token = rp.tokens()["id_token"]
    assert site.keys.ring().verify(token, typ="JWT")["aud"] == "rp"
    assert json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))["alg"] == "RS256"


def test_pairwise_clients_know_a_person_by_another_name_each_sector(rp, site, ann):
    register(site, auth="client_secret_post", pairwise=True)
    first = claims_in(rp.tokens()["id_token"])["sub"]
    assert first != ann.id
    assert rp.userinfo(rp.tokens()["access_token"]).json["sub"] == first
    register(site, auth="client_secret_post", pairwise=True, sector="other.example")
    assert claims_in(rp.tokens()["id_token"])["sub"] != first


def test_no_token_and_no_secret_stands_in_the_database(rp, site):
    code = rp.code(scope="openid offline_access")
    tokens = rp.exchange(code).json
    with reading(site.engine) as conn:
        dump = "".join(
            str(conn.exec_driver_sql(f"SELECT * FROM {table}").all())
            for table in ("oauth_token", "oauth_grant", "client", "seen_id", "audit", "outbox")
        )
    for secret in (code, tokens["refresh_token"], tokens["access_token"], rp.secret):
        assert secret not in dump


def test_the_metadata_name_every_endpoint(rp):
    """oidcc-discovery-endpoint-verification,
    oidcc-backchannel-logout-discovery-endpoint-verification,
    oidcc-rp-initiated-logout-discovery-endpoint-verification"""
    said = rp.server.get("/.well-known/openid-configuration").json
    for name, url in said.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            assert rp.server.get(url).status != 404, name
            assert "#" not in url, name
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["response_types_supported"] == ["code"]
    assert said["authorization_response_iss_parameter_supported"] is True
    assert said["backchannel_logout_supported"] is True
    assert said["end_session_endpoint"] == "https://login.example.com/logout"
    assert "password" not in said["grant_types_supported"]


def test_what_is_not_offered_is_not_promised(rp):
    said = rp.server.get("/.well-known/openid-configuration").json
    for name in (
        "registration_endpoint", "check_session_iframe", "frontchannel_logout_supported",
        "userinfo_signing_alg_values_supported", "pushed_authorization_request_endpoint",
    ):  # fmt: skip
        assert name not in said
    assert said["request_parameter_supported"] is False
    assert said["request_uri_parameter_supported"] is False
    assert said["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]
    assert said["response_modes_supported"] == ["query"]


def test_no_client_can_have_unsigned_id_tokens(site):
    """oidcc-idtoken-unsigned"""
    with pytest.raises(ValueError, match="id_token_alg"):
        register(site, id_token_alg="none")
