from __future__ import annotations

import pytest

from connectors.kit import (
    CANARY,
    JsonShape,
    LyingTargetContract,
    TargetContract,
    UnreliableTargetContract,
)
from tests.connectors.rest.conftest import QUICK
from tests.connectors.rest.crm import Crm
from tests.connectors.rest.writable import GRAPHQL, MANY, PATCH, PUT, READ, WRITE


@pytest.fixture
def crm() -> Crm:
    return Crm()


class RestTargetContract(TargetContract):
    """The rules of every target, with one way to write."""

    text = ""

    @pytest.fixture
    def target(self, system, described, crm):
        return described(self.text, url=system(crm.answer).url)

    @pytest.fixture
    def unreachable(self, described):
        return described(self.text, url="http://127.0.0.1:1")

    @pytest.fixture
    def refused(self, system, described, monkeypatch):
        monkeypatch.setenv("TOKEN", CANARY)
        answer = {"errors": [{"message": CANARY, "extensions": {"code": "FORBIDDEN"}}]}
        server = system(
            lambda _: (401, {}, {"why": CANARY}) if "graphql" not in self.text else answer
        )
        auth = {"type": "bearer", "token": "env:TOKEN"}
        return described(self.text, url=server.url, auth=auth)


class TestByPatch(RestTargetContract):
    text = READ + WRITE + PATCH


class TestByPut(RestTargetContract):
    text = READ + WRITE + PUT


class TestInBulk(RestTargetContract):
    text = READ + WRITE + PATCH + MANY.replace("&call", "")


class TestSeveralAtOnce(RestTargetContract):
    text = READ + WRITE + PATCH + "      concurrency: 3\n"


class TestByGraphql(RestTargetContract):
    text = GRAPHQL


class OnABadDay(UnreliableTargetContract):
    """The rules of a target whose system has a bad day, with one way to write."""

    text = ""

    @pytest.fixture
    def upstream(self, system, crm):
        return system(crm.answer).url

    @pytest.fixture
    def target(self, proxy, described):
        return described(self.text, url=proxy.url, http={**QUICK, "read_timeout": 0.4})


class TestByPatchOnABadDay(OnABadDay):
    text = READ + WRITE + PATCH


class TestInBulkOnABadDay(OnABadDay):
    text = READ + WRITE + PATCH + MANY.replace("&call", "")


class TestByGraphqlOnABadDay(OnABadDay):
    text = GRAPHQL


class OfALiar(LyingTargetContract):
    """The rules of a target whose system lies, with one way to read."""

    text = ""
    place = ""

    @pytest.fixture
    def shape(self):
        return JsonShape(self.place, f"{self.place.rpartition('.')[0]}.total".strip("."))

    @pytest.fixture
    def upstream(self, system, crm):
        return system(crm.answer).url

    @pytest.fixture
    def target(self, proxy, described):
        return described(self.text, url=proxy.url)


class TestListingTheAccountsOfALiar(OfALiar):
    text = READ.replace("type: offset", "type: offset, total: total") + WRITE + PATCH
    place = "people"


class TestListingTheAccountsOfALiarByGraphql(OfALiar):
    text = GRAPHQL
    place = "data.people.items"
