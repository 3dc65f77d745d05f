"""The LDAP connector as the tests against OpenLDAP set it up."""

from __future__ import annotations

import pytest

from connectors.kit import CANARY
from connectors.ldap import Ldap
from tests.real.openldap import ADMIN, SUFFIX

COLUMNS = ["id", "name", "note", "big", "changed"]


def ldap(url, objects=None, **more):
    bind = {"type": "simple", "user": ADMIN, "password": "env:LDAP_PASSWORD"}
    return Ldap.model_validate({"url": url, "bind": bind, "objects": objects or PEOPLE} | more)


def records_at(base, **more):
    spec = {"base": base, "filter": "(objectClass=record)", "single": ["name"]}
    return {"people": spec | {"attributes": COLUMNS, "key": "id"} | more}


PEOPLE = records_at(SUFFIX)


class Troubles:
    """The connectors that a contract wants besides: to no server, and with a wrong password."""

    @pytest.fixture
    def unreachable(self):
        return ldap("ldap://127.0.0.1:1")

    @pytest.fixture
    def refused(self, slapd, monkeypatch):
        monkeypatch.setenv("LDAP_PASSWORD", CANARY)
        return ldap(slapd.url)
