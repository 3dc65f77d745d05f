"""What tests of several modules share: an OpenLDAP server, and a place of one's own in it."""

import uuid

import pytest

from tests.real.openldap import PASSWORD, Slapd


@pytest.fixture(scope="module")
def slapd(tmp_path_factory):
    server = Slapd(tmp_path_factory.mktemp("slapd"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def place(slapd):
    return slapd.place(uuid.uuid4().hex)


@pytest.fixture
def ldap_passwords(monkeypatch):
    monkeypatch.setenv("LDAP_PASSWORD", PASSWORD)
    monkeypatch.setenv("READER_PASSWORD", "reader-secret")
