"""The SCIM target keeps the rules of every target, against a server that nobody of us wrote."""

import pytest

from connectors.kit import CANARY, TargetContract
from connectors.scim import Scim
from tests.connectors.scim import clients

FAST = {"attempts": 2, "backoff_seconds": 0.01, "max_backoff_seconds": 0.02}


def scim(url: str) -> Scim:
    return clients.scim(url, http=FAST)


class TestScim(TargetContract):
    @pytest.fixture
    def target(self, provider_url):
        return scim(provider_url)

    @pytest.fixture
    def unreachable(self):
        return scim("http://127.0.0.1:1/v2")

    @pytest.fixture
    def refused(self, provider_url, monkeypatch):
        monkeypatch.setenv("SCIM_TOKEN", CANARY)
        return scim(provider_url)


class TestScimWithoutPatch(TestScim):
    @pytest.fixture
    def target(self, provider_without_patch_url):
        return scim(provider_without_patch_url)


class TestScimByBulk(TestScim):
    @pytest.fixture
    def target(self, provider_url):
        return scim(provider_url).pinned({"bulk": 50})


class TestScimByCursor(TestScim):
    @pytest.fixture
    def target(self, provider_by_cursor_url):
        return scim(provider_by_cursor_url)
