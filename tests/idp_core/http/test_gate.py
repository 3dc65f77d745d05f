import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp_core.http.answer import Answer, HttpError, with_query
from idp_core.http.ask import Ask, Params, cookies, params
from idp_core.http.gate import Gate, check_form, dressed, form_proof
from idp_core.http.kind import Kind

GATE = Gate("https://login.example.com", frozenset({"login.example.com"}), b"k")
COOKIE = "c" * 43


def sent(*, csrf=None, cookie=COOKIE, **headers):
    told = {k.replace("_", "-"): v for k, v in headers.items()}
    fields = () if csrf is None else (("csrf", csrf),)
    jar = {GATE.form_cookie: cookie} if cookie else {}
    return Ask("POST", "/login", form=Params(fields), headers=told, cookies=jar)


PROOF = form_proof(GATE, COOKIE)


@pytest.mark.parametrize(
    "ask",
    [
        sent(csrf=None),
        sent(csrf=""),
        sent(csrf=form_proof(GATE, "another browser's")),
        sent(csrf=PROOF, cookie=None),
        sent(csrf=PROOF, origin="https://evil.example"),
        sent(csrf=PROOF, origin="null"),
        sent(csrf=PROOF, origin="https://login.example.com.evil.example"),
        sent(csrf=PROOF, sec_fetch_site="cross-site"),
        sent(csrf=PROOF, sec_fetch_site="same-site"),
    ],
)
def test_a_form_of_another_site_or_browser_is_refused(ask):
    with pytest.raises(HttpError) as caught:
        check_form(GATE, ask)
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "headers", [{}, {"origin": GATE.origin}, {"sec_fetch_site": "same-origin"}]
)
def test_our_own_form_is_taken(headers):
    check_form(GATE, sent(csrf=PROOF, **headers))


def test_a_page_cannot_be_framed_and_runs_only_our_scripts():
    headers = dict(dressed(GATE, Kind.PAGE, Answer(form_to=("https://shop.example",))))
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "form-action 'self' https://shop.example" in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert "max-age=" in headers["strict-transport-security"]
    assert "access-control-allow-origin" not in headers


def test_a_parameter_sent_twice_is_an_error_by_itself():
    twice = params("state=a&state=b&x=1")
    assert twice.get("x") == "1"
    with pytest.raises(HttpError, match="state was sent twice"):
        twice.get("state")
    with pytest.raises(HttpError):
        twice.single()
    assert twice.single("state") == {"x": "1"}
    assert twice.all("state") == ("a", "b")


@given(st.text(max_size=200))
def test_any_text_is_parameters_or_a_bad_request(text):
    try:
        read = params(text)
    except HttpError as error:
        refused = error.status
        assert refused == 400
    else:
        assert all(isinstance(name, str) and "\0" not in value for name, value in read.pairs)


@given(st.lists(st.text(max_size=50), max_size=3))
def test_any_text_is_cookies(values):
    assert isinstance(cookies(values), dict)


def test_the_first_of_two_cookies_counts():
    assert cookies(["a=1; b=2", "a=3"]) == {"a": "1", "b": "2"}


def test_parameters_are_added_behind_those_a_redirect_uri_has():
    assert with_query("https://rp.example/cb?a=1", {"code": "x y", "state": None}) == (
        "https://rp.example/cb?a=1&code=x+y"
    )
