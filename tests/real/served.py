"""A login that is served for real, a person without a browser, and clients of it."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from typer.testing import CliRunner

from pipelines.cli.main import app
from pipelines.sandbox.processes import free_port
from tests.idp_core.web.browser import forms_in
from tests.real.starting import answers, running

PASSWORD = "a phrase nobody knows"
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 48" width="240" height="48">
<style>text { font: bold 32px sans-serif; fill: #7a0019 } rect { fill: #7a0019 }
@media (prefers-color-scheme: dark) { text { fill: #ff9aa8 } rect { fill: #ff9aa8 } }</style>
<rect width="40" height="40" y="4" rx="8"/><text x="54" y="36">The Club</text></svg>
"""


@dataclass
class Login:
    """A login that is served, and what it mails."""

    folder: Path
    origin: str

    def mail(self, to: str) -> str:
        """The newest mail to an address; it is waited for, and taken."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            for file in sorted((self.folder / "data/mail").glob("[!.]*.eml"), reverse=True):
                read = message_from_bytes(file.read_bytes(), policy=policy.default)
                if read["To"] == to:
                    file.unlink()
                    return str(read.get_body().get_content())
            time.sleep(0.2)
        pytest.fail(f"no mail to {to}")

    def code(self) -> str:
        """The code of the newest text; it is waited for, and taken."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            for file in sorted((self.folder / "data/sms").glob("[!.]*"), reverse=True):
                if found := re.search(r"\b\d{6}\b", file.read_text("utf-8")):
                    file.unlink()
                    return found[0]
            time.sleep(0.2)
        pytest.fail("no text with a code")

    def link(self, to: str) -> str:
        return re.search(rf"{re.escape(self.origin)}\S+", self.mail(to))[0]


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Login]:
    folder, port = tmp_path_factory.mktemp("login"), free_port()
    (folder / "serve.yaml").write_text(
        f"issuer: http://localhost:{port}\nlisten: 127.0.0.1:{port}\n"
        "login: {first: [password, passkey, mailcode],"
        " policies: {asked: {ways: [[password, questions]]}}}\n"
        "bots: {check: true, work: 20000, unproven_per_hour: 100}\n"
        "sms: {enabled: true, countries: [DE]}\n"
        "ask: [{ask: [nickname, birth_date], clients: [club]}]\n"
        "questions: {enabled: true, offered: ['What was your first toy?']}\n"
        "themes: {club: {name: The Club, accent: '#7a0019', ground: '#f7f2ee', logo: club.svg,"
        " css: club.css}}\n"
    )
    (folder / "club.svg").write_text(LOGO)
    (folder / "club.css").write_text("main { border-top: .4rem solid var(--accent) }\n")
    origin = f"http://localhost:{port}"
    command = [sys.executable, "-m", "pipelines.cli", "serve", "--project", folder]
    with running(command, lambda: answers(f"{origin}/health/ready"), folder=folder):
        yield Login(folder, origin)


def put_client(login: Login, **said: Any) -> str | None:
    """Register a client by the command line; its secret, when it has one."""
    file = login.folder / "client.json"
    file.write_text(json.dumps(said))
    words = ["--project", str(login.folder), "client", "put", str(file), "--json"]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.stderr
    secret: str | None = json.loads(told.stdout)["secret"]
    return secret


@dataclass
class Person:
    """Follows links and sends forms; stops where a page is not ours any more."""

    login: Login
    address: str
    session: requests.Session = field(default_factory=requests.Session)
    page: requests.Response | None = None

    def open(self, url: str) -> str:
        """Go to an address; return where that ended: our page, or what the client is told."""
        url = urljoin(self.login.origin, url)
        while url.startswith(self.login.origin):
            got = self.session.get(url, allow_redirects=False, timeout=30)
            if not got.is_redirect:
                self.page = got
                return url
            url = urljoin(url, got.headers["location"])
        return url

    def send(self, **fields: str) -> str:
        """Send the form of the page that has these fields, or the first one."""
        assert self.page is not None
        forms = forms_in(self.page.text)
        form = next((f for f in forms if set(fields) <= {*f.fields, *dict(f.buttons)}), forms[0])
        url = urljoin(self.page.url, form.action)
        got = self.session.post(url, form.fields | fields, allow_redirects=False, timeout=30)
        assert got.status_code in (200, 303), (got.status_code, got.text)
        if not got.is_redirect:
            self.page = got
            return url
        return self.open(urljoin(url, got.headers["location"]))

    def register(self) -> None:
        """Make the account, by its mail."""
        self.open("/register")
        self.send(email=self.address)
        self.open(self.login.link(self.address))
        self.send(given_name="Ann", family_name="Lee", password=PASSWORD)

    def allow(self, url: str) -> str:
        """Go where a client sends the browser, agree where that is asked, and come back."""
        where = self.open(url)
        return self.send(choice="allow") if "/consent" in where else where


@pytest.fixture(scope="module")
def ann(login: Login) -> Person:
    person = Person(login, "ann@example.org")
    person.register()
    return person
