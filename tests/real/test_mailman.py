"""GNU Mailman 3, mailing lists with a REST API, by its shipped description."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connectors.registry import build
from pipelines.sandbox.processes import free_port
from tests.real.packages import python_environment
from tests.real.shipped import Shipped
from tests.real.starting import answers, running

pytestmark = pytest.mark.real

LOGIN = ("restadmin", "restpass")
CONFIGURATION = """
[mailman]
site_owner: owner@example.test
layout: own
[paths.own]
var_dir: {folder}/var
bin_dir: {programs}
[webservice]
hostname: 127.0.0.1
port: {port}
admin_user: restadmin
admin_pass: restpass
workers: 1
[mta]
incoming: mailman.mta.null.NullMTA
smtp_host: 127.0.0.1
smtp_port: {smtp}
lmtp_host: 127.0.0.1
lmtp_port: {lmtp}
"""
RUNNERS = "archive bounces command nntp digest retry task in lmtp out pipeline virgin"


@pytest.fixture(scope="module")
def mailman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A new Mailman with the list news@example.test; the address of its API."""
    programs = python_environment("mailman", "mailman==3.3.10", "sqlalchemy<2.1")
    folder = tmp_path_factory.mktemp("mailman")
    ports = {"port": free_port(), "smtp": free_port(), "lmtp": free_port()}
    text = CONFIGURATION.format(folder=folder, programs=programs, **ports)
    for runner in RUNNERS.split():  # the API alone is needed: no mail goes out
        text += f"[runner.{runner}]\nstart: no\n"
    (folder / "mailman.cfg").write_text(text)
    url = f"http://127.0.0.1:{ports['port']}/3.1"
    command: list[str | Path] = [programs / "master", "-C", folder / "mailman.cfg"]
    with running(
        command,
        lambda: answers(f"{url}/system/versions", auth=LOGIN),
        folder=folder,
        environment={"HOME": str(folder)},
    ):
        for path, form in (
            ("domains", {"mail_host": "example.test"}),
            ("lists", {"fqdn_listname": "news@example.test"}),
        ):
            requests.post(f"{url}/{path}", data=form, auth=LOGIN, timeout=30).raise_for_status()
        settings = {"send_welcome_message": "false", "admin_immed_notify": "false"}
        address = f"{url}/lists/news.example.test/config"
        requests.patch(address, data=settings, auth=LOGIN, timeout=30).raise_for_status()
        yield url


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
