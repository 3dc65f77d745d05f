"""What a user sees of a target that is away, refuses or answers rubbish; nothing is lost by it."""

from __future__ import annotations

import re
import ssl

import pytest
import requests
import trustme

from pipelines.provision.apply import Patience
from tests.pipelines.bad_input.conftest import GOOD, Place, mend
from tests.pipelines.killed.house import TOKEN, Scim

HTTP = "http: {connect_timeout: 1, read_timeout: 1, attempts: 2, total_seconds: 3}"
PAGE = (200, {"Content-Type": "text/html"}, b"<html>Log in</html>")
ANSWERS = {
    "no right": ((401, {}, b"{}"), "HTTP 401: the credentials are refused; renew the token"),
    "too few rights": ((403, {}, b"{}"), "HTTP 403: the credentials lack a right"),
    "not found": ((404, {}, b"{}"), r"not found; does `url` end where SCIM begins \(…/v2\)"),
    "an error": ((500, {}, b"{}"), "20 changes in a row failed.* HTTP 500"),
    "elsewhere": ((301, {"Location": "http://x.test/"}, b""), "put the final address into `url`"),
    "a web page": (PAGE, "the answer is not JSON; is this a SCIM address"),
    "rubbish": ((200, {}, b"\x00\xff\xfe"), "the answer is not JSON"),
    "another API": ((200, {}, {"ok": True}), "this is no SCIM 2.0 answer; look at `url`"),
    "no answer": ("cut", "the answer was lost"),
    "half an answer": ("short", "the answer was lost"),
}
WRITES = {
    "an error": ((500, {}, b"{}"), "Most often it was: PATCH /Users/.* HTTP 500", False),
    "too large": ((413, {}, b"{}"), "Most often it was: PATCH /Users/.* HTTP 413", True),
    "no answer": ("cut", "the answer was lost", False),
}


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_TOKEN", TOKEN)
    monkeypatch.setattr(Patience.__init__, "__defaults__", (3, 0.0, 0.0))


def at(place: Place, url: str) -> None:
    """Let twenty customers change their names, and the target be at this address."""
    auth = 'auth: {type: bearer, token: "env:PORTAL_TOKEN"}'
    place.project(target=f'{{type: scim, url: "{url}/v2", {auth}, {HTTP}}}')
    place.write("customers.csv", GOOD.replace("Family", "Name"))


@pytest.mark.parametrize(("answer", "line"), ANSWERS.values(), ids=ANSWERS)
def test_a_target_that_is_none_gets_nothing_and_is_told(place, serve, answer, line):
    at(place, serve(answer).url)
    said = place.sync()
    assert said.code == 4
    assert "shop: 20 rows read, 0 new, 20 changed" in said.out
    assert re.search(f"portal: .*{line}", said.err), said.err
    assert "Traceback" not in said.err
    assert TOKEN not in said.err
    mend(place)


def test_a_target_that_is_not_there_is_told(place, closed_port):
    at(place, f"http://127.0.0.1:{closed_port}")
    said = place.sync()
    assert said.code == 4
    assert re.search("portal: 20 changes in a row failed.*no connection; check url", said.err)
    mend(place)


NOWHERE = {
    "no such host": ("http://no-such-host.invalid", "host name is not known; check url"),
    "not our host": ("http://192.0.2.1", "no connection(; check url| in time)"),
    "no scheme": ("portal.example", "targets.portal.connector.url: input should be a valid URL"),
}


@pytest.mark.parametrize(("url", "line"), NOWHERE.values(), ids=NOWHERE)
def test_an_address_that_leads_nowhere_is_told(place, url, line):
    at(place, url)
    said = place.sync()
    assert said.code == (2 if "targets." in line else 4)
    assert re.search(line, said.err), said.err
    mend(place)


def test_a_certificate_that_nobody_vouches_for_is_told(place, serve):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    at(place, serve(tls=context).url)
    said = place.sync()
    assert said.code == 4
    assert re.search("portal: .*its certificate is not trusted; set http.ca_file", said.err)
    mend(place)


def test_a_secret_that_is_not_there_is_told(place, monkeypatch):
    monkeypatch.delenv("PORTAL_TOKEN")
    at(place, "http://127.0.0.1:1")
    said = place.sync()
    assert said.code == 4
    assert "portal: env:PORTAL_TOKEN: not set; export PORTAL_TOKEN first" in said.err


@pytest.mark.parametrize(("answer", "line", "dead"), WRITES.values(), ids=WRITES)
def test_writes_that_fail_are_told_and_follow_in_the_next_run(place, serve, answer, line, dead):
    """The provider is real; a proxy before it answers all writes otherwise, then no more."""
    scim, harmed = Scim(), True

    def through(got):
        if harmed and got.method != "GET":
            return answer
        address = scim.url.removesuffix("/v2") + got.path
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
        found = requests.request(got.method, address, headers=headers, data=got.body, timeout=9)
        return found.status_code, {}, found.content

    at(place, serve(through).url)
    scim.put_back([_user(id_, account.key, dict(account.attributes)) for id_, account in
                   place.accounts.items()])  # fmt: skip
    said = place.sync()
    assert said.code == 4
    assert re.search(line, said.err), said.err
    assert "Traceback" not in said.err
    assert bool(place.letters()) is dead
    assert not any(user["name"]["familyName"].startswith("Name") for user in scim.users())
    harmed = False
    said = place.sync()
    assert said.code == 0, said.err
    assert all(user["name"]["familyName"].startswith("Name") for user in scim.users())
    assert place.letters() == []
    scim.close()


def _user(id_: str, key: str | None, attributes: dict[str, object]) -> dict[str, object]:
    names = {
        part: value
        for path, value in attributes.items()
        if (part := path.removeprefix("name.")) != path
    }
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "meta": {"resourceType": "User", "version": 'W/"0"'},
        "id": id_,
        "externalId": key,
        "userName": attributes["userName"],
        "name": names,
        "active": True,
    }
