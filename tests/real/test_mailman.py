"""GNU Mailman 3, mailing lists with a REST API, by its shipped description."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connectors.registry import build
from pipelines.sandbox.heavy import mailman as server
from pipelines.sandbox.heavy.mailman import LOGIN
from tests.real.packages import or_skip
from tests.real.shipped import Shipped

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def mailman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A new Mailman with the list news@example.test; the address of its API."""
    folder = tmp_path_factory.mktemp("mailman")
    try:
        yield or_skip(server.start)(folder)
    finally:
        server.stop(folder)


class TestMailman(Shipped):
    object = "members"
    key = "member_id"
    edited = ("display_name", "Müller-日本")
    found_by = "email"
    gone = "0" * 32

    @pytest.fixture
    def connector(self, mailman, monkeypatch):
        monkeypatch.setenv("PASSWORD", LOGIN[1])
        return build("rest", self.settings(mailman, "env:PASSWORD"), Path())

    @pytest.fixture
    def refused(self, mailman, monkeypatch):
        monkeypatch.setenv("WRONG", "wrong")
        return build("rest", self.settings(mailman, "env:WRONG"), Path())

    def settings(self, url, password):
        return {
            "file": "mailman",
            "url": url,
            "password": password,
            "list": "news.example.test",
            "page_size": 3,
        }

    def our_key(self, number):
        return f"{('ann', 'a+b', 'o.brien', 'x=y')[number % 4]}.{number}@example.test"

    def attributes(self, number):
        return {"display_name": f"Zoë {number}"}

    def change_at_source(self, connector, row):
        told = {"display_name": "at the source"}
        requests.patch(row["address"], data=told, auth=LOGIN, timeout=30).raise_for_status()

    def delete_at_source(self, connector, row):
        requests.delete(row["self_link"], auth=LOGIN, timeout=30).raise_for_status()
