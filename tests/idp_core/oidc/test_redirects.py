"""Where an answer may go: redirect URIs, letter by letter (RFC 9700 section 4.1, RFC 8252)."""

import pytest

from tests.idp_core.oidc.relying import (
    REDIRECT,
    register,
)
from tests.idp_core.people import log_in


@pytest.mark.parametrize(
    "uri",
    [
        None, "", "https://evil.example/cb", REDIRECT + "/", REDIRECT + "?x=1", REDIRECT + "#f",
        REDIRECT.upper(), "http://rp.example/cb", "https://rp.example.evil.example/cb",
        "https://rp.example@evil.example/cb", "https://rp.example/cb/../evil", "//rp.example/cb",
        "https://rp.example:443/cb", "https://rp.example/%63b", "javascript:alert(1)",
        "https://rp.example\\@evil.example/cb", "https://rp.example/cb\n", " " + REDIRECT,
        "https://xn--rp-example/cb", "data:text/html,x",
    ],
)  # fmt: skip
def test_a_redirect_uri_that_is_not_registered_gets_nothing(rp, uri):
    """oidcc-ensure-registered-redirect-uri, oidcc-ensure-redirect-uri-in-authorization-request,
    oidcc-redirect-uri-query-added, oidcc-redirect-uri-query-mismatch"""
    log_in(rp.browser)
    got = rp.authorize(redirect_uri=uri)
    assert got.status == 400
    assert "cannot be used" in got.words
    assert got.header("location") is None


def test_a_registered_query_is_kept(rp, site):
    """oidcc-redirect-uri-query-OK"""
    register(site, auth="client_secret_post", redirect_uris=(REDIRECT + "?a=b",))
    log_in(rp.browser)
    got = rp.authorize(redirect_uri=REDIRECT + "?a=b")
    assert got.location.startswith(REDIRECT + "?a=b&code=")


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9999/cb", "http://127.0.0.1/cb"])
def test_an_app_listens_at_any_port_of_its_own_machine(rp, site, uri):
    register(site, auth="client_secret_post", redirect_uris=("http://127.0.0.1/cb",))
    log_in(rp.browser)
    assert rp.authorize(redirect_uri=uri).location.startswith(uri)
    for other in (
        "http://127.0.0.1:9999/other",
        "http://localhost:9999/cb",
        "http://127.0.0.1:9999@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
    ):
        assert rp.authorize(redirect_uri=other).status == 400


@pytest.mark.parametrize(
    "uri",
    [
        REDIRECT + "#f",
        "https://*.rp.example/cb",
        "http://rp.example/cb",
        "javascript:alert(1)",
        "https://u@rp.example/",
        "data:x",
    ],
)
def test_what_redirects_unsafely_cannot_be_registered(site, uri):
    """oidcc-redirect-uri-regfrag"""
    with pytest.raises(ValueError, match=r"write https|no fragment"):
        register(site, redirect_uris=(uri,))


def test_forms_may_end_at_the_client_and_nowhere_else(rp):
    page = rp.authorize()
    policy = page.header("content-security-policy")
    assert "form-action 'self' https://rp.example;" in policy
