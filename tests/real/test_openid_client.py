"""npm's openid-client, unmodified, through every flow that it and we know."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.packages import npm_packages
from tests.real.served import PASSWORD, Login, Person, ann, login, put_client

__all__ = ["ann", "login"]

pytestmark = pytest.mark.real

BACK = "http://127.0.0.1:9/back"
SCRIPT = Path(__file__).with_name("openid_client.mjs")


class Client:
    """The script, asked."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def answer(self, what: str, argument: Any = None) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps([what, argument]), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, "the script ended"
        return dict(json.loads(line))

    def does(self, what: str, argument: Any = None) -> Any:
        told = self.answer(what, argument)
        assert "error" not in told, told
        return told.get("said")


@pytest.fixture(scope="module")
def client(login: Login, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    modules = npm_packages("openid-client", "openid-client@6.9")
    secret = put_client(
        login,
        id="rp",
        name="The Shop",
        redirect_uris=[BACK],
        post_logout_uris=[BACK],
        scopes=["openid", "profile", "email", "offline_access", "orders"],
        grants=[
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
    )
    folder = tmp_path_factory.mktemp("rp")
    shutil.copy(SCRIPT, folder / "rp.mjs")
    (folder / "node_modules").symlink_to(modules / "node_modules")
    command = ["node", "rp.mjs", login.origin, "rp", str(secret), BACK]
    with subprocess.Popen(
        command, cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield Client(process)
        assert process.stdin
        process.stdin.close()


def test_a_code_is_exchanged_and_its_tokens_do_what_they_are_for(client, ann):
    claims = client.does("end", ann.allow(client.does("begin", {})))
    assert claims["amr"] == ["pwd"]
    info = client.does("userinfo")
    assert (info["email"], info["given_name"]) == (ann.address, "Ann")
    assert client.does("refresh") is True
    assert client.does("introspect") is True
    client.does("revoke")
    assert client.does("introspect") is False
    assert client.answer("refresh") == {"error": "invalid_grant"}


def test_single_sign_on_asks_nobody_and_a_new_login_is_one(client, ann):
    first = client.does("end", ann.allow(client.does("begin", {"prompt": "none"})))
    where = ann.open(client.does("begin", {"prompt": "login"}))
    assert "/login" in where
    again = client.does("end", ann.send(email=ann.address, password=PASSWORD))
    assert again["sub"] == first["sub"]
    assert again["auth_time"] >= first["auth_time"]


def test_what_somebody_put_into_the_way_back_is_noticed(client, ann):
    came = ann.allow(client.does("begin", {}))
    assert "error" in client.answer("end", came.replace("state=", "state=x"))
    came = ann.allow(client.does("begin", {}))
    client.does("end", came)
    assert client.answer("end", came) == {"error": "invalid_grant"}


def test_a_client_gets_a_token_of_its_own(client):
    assert client.does("service").casefold() == "bearer"


def test_a_device_is_let_in(client, ann):
    ann.open(client.does("device"))
    ann.send(choice="allow")
    assert client.does("poll")["sub"]


def test_a_logout_at_the_client_ends_the_session_here(client, login):
    bob = Person(login, "bob@example.org")
    bob.register()
    client.does("end", bob.allow(client.does("begin", {})))
    where = bob.open(client.does("logout"))
    where = bob.send() if where.startswith(login.origin) else where
    assert where.startswith(BACK)
    assert "/login" in bob.open("/account")
