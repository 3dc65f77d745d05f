"""Logging in: each grant, what is refused and how it is told, and where a token may go."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from structlog.testing import capture_logs

from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
)
from connectors.salesforce import Salesforce
from connectors.salesforce.login import DOMAINS, trusted
from connectors.simulators.salesforce import Response
from tests.connectors.salesforce.conftest import CLIENT, SECRET, USER


@pytest.fixture
def pem(key, tmp_path):
    file = tmp_path / "key.pem"
    file.write_bytes(key.as_pem(private=True))
    file.chmod(stat.S_IRUSR | stat.S_IWUSR)
    return file


def jwt(pem, **more):
    return {
        "type": "jwt",
        "client_id": CLIENT,
        "username": USER,
        "private_key": f"file:{pem}",
        **more,
    }


def password(**more):
    return {
        "type": "password",
        "username": USER,
        "password": "env:SF_PASSWORD",
        "security_token": "env:SF_TOKEN",
        **more,
    }


def test_a_jwt_logs_in(connect, pem):
    assert connect(auth=jwt(pem)).check().details["version"] == "62.0"


def test_client_credentials_log_in(connect, org):
    health = connect().check()
    assert health.identity.startswith(f"Salesforce org {org.id} at 127.0.0.1:")
    assert health.details["user"] == org.user_id
    assert int(health.details["calls_left"]) < int(health.details["calls_of_24_hours"])


def test_a_refresh_token_logs_in(connect, salesforce, monkeypatch):
    salesforce.access.refresh_tokens["r-1"] = CLIENT
    monkeypatch.setenv("SF_REFRESH", "r-1")
    auth = {"type": "refresh_token", "client_id": CLIENT, "refresh_token": "env:SF_REFRESH"}
    assert connect(auth=auth).check().identity
    assert connect(auth={**auth, "client_secret": "env:SF_SECRET"}).check().identity
    monkeypatch.setenv("SF_REFRESH", "r-2")
    with pytest.raises(UnauthorizedError, match="invalid_grant"):
        connect(auth=auth).check()


def test_a_password_logs_in_and_its_end_is_told(connect, monkeypatch):
    monkeypatch.setenv("SF_PASSWORD", "pa<ss&")
    monkeypatch.setenv("SF_TOKEN", "token")
    with capture_logs() as logs:
        assert connect(auth=password(), version="65.0").check().identity
    assert "salesforce.soap_login" in {entry["event"] for entry in logs}
    monkeypatch.setenv("SF_TOKEN", "other")
    with pytest.raises(UnauthorizedError, match="INVALID_LOGIN"):
        connect(auth=password()).check()


def test_a_soap_answer_that_is_none_is_told(connect, salesforce, monkeypatch):
    monkeypatch.setenv("SF_PASSWORD", "x")
    monkeypatch.setenv("SF_TOKEN", "x")
    for body in (b"<html>", b"", b"<a/>"):
        salesforce.fault("/Soap/u", "answer", response=Response(200, body))
        with pytest.raises(MisconfiguredError):
            connect(auth=password()).check()


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"client_id": "other"}, UnauthorizedError, "invalid_grant.*does not fit auth.private_key"),
        ({"username": "nobody@x.example"}, UnauthorizedError, "invalid_grant"),
        ({"audience": "ftp://x"}, UnauthorizedError, "set auth.audience"),
        ({"private_key": "env:SF_SECRET"}, MisconfiguredError, "no unencrypted PEM key"),
        ({"private_key": "env:NOT_SET"}, MisconfiguredError, "env:NOT_SET: not set"),
    ],
)
def test_a_refused_login_names_its_mend(connect, pem, change, kind, said):
    with pytest.raises(kind, match=said) as caught:
        connect(auth=jwt(pem, **change)).check()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "login_rate_exceeded"}, ThrottledError),
        (
            400,
            {"error": "invalid_grant", "error_description": "login rate exceeded"},
            ThrottledError,
        ),
        (400, {"error": "<b>4711</b>", "error_description": "4711"}, UnauthorizedError),
        (503, {"error": "unavailable"}, TransientError),
        (200, {"access_token": "x"}, MisconfiguredError),
        (200, [], MisconfiguredError),
    ],
)
def test_other_answers_to_a_login_are_told_by_kind(connect, salesforce, status, body, kind):
    salesforce.fault("/token", "answer", times=3, response=Response.of(body, status))
    with pytest.raises(kind) as caught:
        connect().check()
    assert "4711" not in str(caught.value)


def test_what_is_no_salesforce_is_told(connect, salesforce):
    page = Response(200, b"<html>Sign in</html>", {"Content-Type": "text/html"})
    salesforce.fault("/token", "answer", response=page)
    with pytest.raises(MisconfiguredError, match="text/html where JSON was expected"):
        connect().check()


def test_a_version_that_the_org_lacks_is_told(connect):
    with pytest.raises(MisconfiguredError, match=r"does not offer version 99\.0"):
        connect(version="99.0").check()


def test_one_login_serves_many_calls_and_an_expired_session_one_more(connect, salesforce, org):
    sf = connect()
    for _ in range(3):
        sf.check()
        sf.find("Contact", "LastName", "nobody")
    assert salesforce.access.logins == 1
    salesforce.access.expire()
    sf.check()
    assert salesforce.access.logins == 2


def test_a_session_that_is_refused_for_good_ends_after_one_new_login(connect, salesforce):
    refusal = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    salesforce.fault("/limits", "answer", times=1000, response=Response.of(refusal, 401))
    with pytest.raises(UnauthorizedError, match="also after a new login"):
        connect().check()
    assert salesforce.access.logins == 2


def test_an_org_that_moves_between_two_logins_is_told(connect, salesforce, monkeypatch):
    sf = connect()
    sf.check()
    salesforce.access.expire()
    moved = {"access_token": "x", "instance_url": "https://other.my.salesforce.com"}
    salesforce.fault("/token", "answer", times=9, response=Response.of(moved))
    with pytest.raises(TransientError, match="moved to another instance"):
        sf.check()


LOGIN = "https://acme.my.salesforce.com/"


@pytest.mark.parametrize(
    "instance",
    [
        "https://acme.my.salesforce.com",
        "https://na139.salesforce.com",
        "https://acme--dev.sandbox.my.salesforce.com",
        "https://acme.file.force.com",
        "https://gateway.acme.example:8443",
    ],
)
def test_a_token_goes_to_salesforce_and_to_hosts_that_are_named(instance):
    assert trusted(instance + "/", LOGIN, ("gateway.acme.example",)) == instance


@pytest.mark.parametrize(
    "instance",
    [
        "http://acme.my.salesforce.com",
        "https://salesforce.com.evil.example",
        "https://evilsalesforce.com",
        "https://169.254.169.254",
        "https://user:pw@na1.salesforce.com",
        "https://na1.salesforce.com@evil.example",
        "https://evil.example/.salesforce.com",
        "https://evil.example#.salesforce.com",
        "//na1.salesforce.com",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_token_goes_nowhere_else(instance):
    with pytest.raises(MisconfiguredError, match="instance_hosts"):
        trusted(instance, LOGIN, ())


@given(st.text(max_size=40))
def test_whatever_a_login_answers_only_salesforce_is_trusted(text):
    for instance in (text, f"https://{text}", f"https://{text}/.salesforce.com"):
        try:
            found = trusted(instance, LOGIN, ())
        except MisconfiguredError:
            continue
        assert (urlsplit(found).hostname or "").endswith(DOMAINS)


def test_client_credentials_need_the_orgs_own_address():
    auth = {"type": "client_credentials", "client_id": "c", "client_secret": "env:X"}
    for url in ("https://login.salesforce.com", "https://test.salesforce.com"):
        with pytest.raises(ValidationError, match="My Domain"):
            Salesforce.model_validate({"url": url, "auth": auth})


def test_a_secret_travels_in_the_clear_only_on_this_machine_or_where_it_is_meant():
    auth = {"type": "client_credentials", "client_id": "c", "client_secret": "env:X"}
    with pytest.raises(ValidationError, match="must be https"):
        Salesforce.model_validate({"url": "http://acme.my.salesforce.com", "auth": auth})
    for url in ("http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:1", "http://sim:8080"):
        settings = {"url": url, "auth": auth, "instance_hosts": ["sim"]}
        assert Salesforce.model_validate(settings).url.scheme == "http"


def test_a_secret_that_is_no_reference_is_refused_and_not_shown():
    auth = {"type": "client_credentials", "client_id": "c", "client_secret": "hunter2"}
    with pytest.raises(ValidationError) as caught:
        Salesforce.model_validate({"url": "https://acme.my.salesforce.com", "auth": auth})
    assert "hunter2" not in str(caught.value)


def test_a_missing_library_is_told_with_its_extra(connect, monkeypatch):
    monkeypatch.setitem(sys.modules, "simple_salesforce", None)
    with pytest.raises(MisconfiguredError, match=r"isthmus\[salesforce\]"):
        connect().check()


def test_nothing_of_the_library_is_imported_before_it_is_needed():
    code = "import connectors.salesforce, sys; print('simple_salesforce' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert ran.stdout.strip() == "False"


def test_every_error_is_one_of_ours(connect, salesforce):
    for how in ("drop", "lose", "cut"):
        salesforce.fault("/token", how, times=3)
        with pytest.raises(ConnectorError):
            connect().check()
        salesforce.service.faults.clear()
