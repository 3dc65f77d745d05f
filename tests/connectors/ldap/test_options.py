"""Settings that cannot work are refused with the mend, and none shows a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.errors import MisconfiguredError
from connectors.ldap.options import Address
from connectors.registry import build

OBJECTS = {"people": {"base": "dc=x"}}


def made(**settings):
    return build("ldap", {"url": "ldap://a", "objects": OBJECTS} | settings, Path("/project"))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"url": "https://a"}, r"url: write ldaps://host"),
        ({"url": "a.example"}, r"url: write ldaps://host"),
        ({"url": "ldap://"}, r"url: write ldaps://host"),
        ({"url": "ldap://me:canary@a"}, r"url: holds a user name or password; put them under"),
        ({"url": "ldap://a/dc=x"}, r"url: is more than an address; put the base under objects"),
        ({"url": "ldap://a:many"}, r"url: has no port number"),
        ({"url": []}, r"url: .*at least 1"),
        ({"objects": {}}, r"objects: .*at least 1"),
        ({"bind": {"type": "simple", "user": "a", "password": "canary"}}, r"password: write env:"),
        ({"objects": {"p": {"base": "dc=x", "filter": "cn=a"}}}, r"p.filter: is no filter"),
        (
            {"objects": {"p": {"base": "dc=x", "attributes": ["userPassword"]}}},
            r"is a password; passwords are never read",
        ),
        ({"objects": {"p": {"base": "dc=x", "attributes": ["a b"]}}}, r"is no attribute's name"),
        (
            {"objects": {"p": {"base": "dc=x", "rdn": "nonsense"}}},
            r"rdn and parent read",
        ),
        (
            {"objects": {"p": {"base": "dc=x", "rdn": "uid={uid"}}},
            r"rdn and parent read",
        ),
        ({"objects": {"p": {"base": "dc=x", "rdn": "uid={}"}}}, r"rdn and parent read"),
        ({"objects": {"p": {"base": "dc=x", "parent": "ou=,dc=x"}}}, r"rdn and parent read"),
        ({"objects": {"p": {"base": "dc=x", "rdn": "uid={uid},ou=y"}}}, r"own name only"),
        ({"tls": {"client_key": "k"}}, r"client_key needs client_certificate"),
        ({"tls": {"verify": False}}, r"tls.verify: unknown setting"),
        (
            {"tls": {"start_tls": True, "dangerously_send_in_clear_text": True}},
            r"contradict each other",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_its_mend(settings, text):
    with pytest.raises(MisconfiguredError, match=text) as caught:
        made(**settings)
    assert "canary" not in str(caught.value)


def test_one_address_needs_no_list():
    assert made(url="ldaps://a").url == ("ldaps://a",)
    assert made(url=["ldaps://a", "ldap://b:3268"]).url == ("ldaps://a", "ldap://b:3268")


@pytest.mark.parametrize(
    ("url", "shown", "local"),
    [
        ("ldap://a.example", "ldap://a.example:389", False),
        ("ldaps://a.example", "ldaps://a.example:636", False),
        ("ldap://localhost:1389", "ldap://localhost:1389", True),
        ("ldap://127.8.9.1", "ldap://127.8.9.1:389", True),
        ("ldap://[::1]", "ldap://[::1]:389", True),
        ("ldap://10.0.0.1", "ldap://10.0.0.1:389", False),
        ("ldap://localhost.example", "ldap://localhost.example:389", False),
        ("ldapi://%2Frun%2Fslapd%2Fldapi", "ldapi /run/slapd/ldapi", True),
    ],
)
def test_an_address_knows_whether_it_leaves_this_machine(url, shown, local):
    address = Address.of(url)
    assert (str(address), address.local) == (shown, local)


def test_paths_start_at_the_project():
    assert made(tls={"ca_file": "ca.pem"}).tls.ca_file == Path("/project/ca.pem")


def test_a_file_that_is_no_certificate_is_told(tmp_path):
    wrong = tmp_path / "ca.pem"
    wrong.write_text("no certificate")
    for ca_file in (wrong, tmp_path / "missing.pem"):
        with pytest.raises(MisconfiguredError, match=r"tls\.ca_file cannot be used as PEM"):
            made(url="ldaps://127.0.0.1:1", tls={"ca_file": str(ca_file)}).check()
