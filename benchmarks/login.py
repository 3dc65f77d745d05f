"""The login over HTTP on SQLite: requests per CPU-second of the server, audit and metrics on.

Beside it npm's oidc-provider (in memory, so without a database) does client credentials in the same
run. It is installed below ``.tools`` by npm, or stands in the folder that ``--peer`` names; a line
says why where it cannot be had.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import psutil

from idp_core.accounts import store as accounts
from idp_core.clients import store as clients
from idp_core.clients.model import Client
from idp_core.db.engine import writing
from idp_core.oidc.grants import store as grants
from idp_core.oidc.grants.store import Grant
from idp_core.oidc.tokens import access
from idp_core.passwords import store as passwords
from pipelines.serving import open_site

PORT = 8973
FORM = {"content-type": "application/x-www-form-urlencoded"}
CONFIG = f"""\
issuer: http://localhost:{PORT}
listen: 127.0.0.1:{PORT}
password: {{argon2_passes: 5, argon2_mebibytes: 7}}
tokens: {{access_seconds: 3600}}
"""
PEER = """
import {Provider} from 'oidc-provider';
const client = {client_id: 'service', client_secret: process.env.SECRET, redirect_uris: [],
  response_types: [], grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'client_secret_post'};
const provider = new Provider('http://localhost:8974', {clients: [client],
  features: {clientCredentials: {enabled: true}, devInteractions: {enabled: false}}});
provider.listen(8974);
"""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks login", description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--peer", type=Path, help="a folder with node_modules/oidc-provider")
    chosen = parser.parse_args(argv)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "serve.yaml").write_text(CONFIG)
        secret, refresh, token = prepare(folder)
        began = time.perf_counter()
        with served(
            [sys.executable, "-m", "pipelines.cli", "serve", "--project", name], PORT
        ) as own:
            print(f"first answer after {time.perf_counter() - began:.1f} s")
            credentials = urlencode({"grant_type": "client_credentials", "client_id": "service",
                                     "client_secret": secret})  # fmt: skip
            measure("client credentials", own, chosen.requests, post(PORT, "/token", credentials))
            measure("refresh", own, chosen.requests // 2, refreshing(refresh))
            measure("userinfo", own, chosen.requests, userinfo(token))
            measure("password login", own, max(chosen.requests // 40, 10), login())
            resident = sum(each.memory_full_info().pss for each in own) / 1024 / 1024
            print(f"resident memory of all processes, shared pages once: {resident:.0f} MiB")
    try:
        peer(chosen.peer or installed(), secret, chosen.requests)
    except (OSError, subprocess.SubprocessError, RuntimeError) as reason:
        print(f"oidc-provider: not measured: {reason}")
    return 0


def installed() -> Path:
    """Install the peer, once. Raises OSError without npm, CalledProcessError when npm fails."""
    folder = Path(".tools", "oidc-provider").resolve()
    if not (folder / "node_modules" / "oidc-provider").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-save", "--prefix", str(folder), "oidc-provider@9"]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder


def prepare(folder: Path) -> tuple[str, str, str]:
    """Make an account, a service and an app; return a secret, a refresh and an access token."""
    site = open_site(folder)
    now = site.clock()
    service = Client(id="service", name="S", auth="client_secret_post",
                     grants=("client_credentials",), scopes=("orders",))  # fmt: skip
    app = Client(id="app", name="A", auth="none", redirect_uris=("https://app.example/",))
    with writing(site.engine) as conn:
        account = accounts.create(conn, "ann@example.org", {"given_name": "Ann"}, now)
        passwords.put(conn, account.id, site.hasher.hash("correct horse battery"), now)
        secret = clients.put(conn, service, now)
        clients.put(conn, app, now)
        scope = ("openid", "email", "offline_access")
        grant = Grant(grants.new_id(), "app", account.id, None, scope, (), {}, None, now,
                      "urn:isthmus:acr:1", ("pwd",))  # fmt: skip
        grants.start(conn, grant, now)
        refresh = grants.issue(conn, "refresh", grant.id, now + timedelta(days=1))
    assert secret is not None
    return secret, refresh, access.make(site, app, scope, (), now, grant)


@contextmanager
def served(command: list[str], port: int, env: dict[str, str] | None = None,
           cwd: Path | None = None) -> Iterator[list[psutil.Process]]:  # fmt: skip
    """Start a server and give its processes, once it answers."""
    said = {k: v for k, v in os.environ.items() if not k.startswith("ISTHMUS_")} | (env or {})
    process = subprocess.Popen(command, env=said, cwd=cwd, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        for _ in range(1200):
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended with {process.returncode} before it served")
            try:
                connection = http.client.HTTPConnection("localhost", port)
                connection.request("GET", "/jwks")
                connection.getresponse().read()
                break
            except OSError:
                time.sleep(0.05)
        root = psutil.Process(process.pid)
        yield [root, *root.children(recursive=True)]
    finally:
        process.terminate()
        process.wait(20)


def measure(
    name: str, processes: list[psutil.Process], count: int, work: Callable[[], None]
) -> None:
    """Print how many of a kind of request a second of CPU does."""
    for _ in range(max(count // 20, 2)):
        work()
    before, began = cpu(processes), time.perf_counter()
    for _ in range(count):
        work()
    used, wall = cpu(processes) - before, time.perf_counter() - began
    print(f"{name:20} {count / used:7.0f} per CPU-second {count / wall:7.0f} per second")


def cpu(processes: list[psutil.Process]) -> float:
    """Return the CPU-seconds of processes."""
    times = [each.cpu_times() for each in processes]
    return sum(each.user + each.system for each in times)


def post(port: int, path: str, body: str) -> Callable[[], None]:
    """Return what sends a form over one connection and wants 200."""
    connection = http.client.HTTPConnection("localhost", port)

    def work() -> None:
        connection.request("POST", path, body, FORM)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status

    return work


def refreshing(token: str) -> Callable[[], None]:
    """Return what uses a refresh token and keeps the next."""
    connection = http.client.HTTPConnection("localhost", PORT)
    held = [token]

    def work() -> None:
        form = {"grant_type": "refresh_token", "client_id": "app", "refresh_token": held[0]}
        connection.request("POST", "/token", urlencode(form), FORM)
        text = connection.getresponse().read().decode()
        held[0] = re.search(r'"refresh_token":"([^"]+)"', text)[1]  # type: ignore[index]

    return work


def userinfo(token: str) -> Callable[[], None]:
    """Return what asks for userinfo."""
    connection = http.client.HTTPConnection("localhost", PORT)

    def work() -> None:
        connection.request("GET", "/userinfo", headers={"authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        assert b"ann@example.org" in answer.read()

    return work


def login() -> Callable[[], None]:
    """Return what logs in by the form, as a new browser each time."""
    connection = http.client.HTTPConnection("localhost", PORT)

    connection.request("GET", "/login")
    page = connection.getresponse()
    cookie = (page.getheader("set-cookie") or "").partition(";")[0]
    proof = re.search(r'name="csrf" value="([^"]+)"', page.read().decode())[1]  # type: ignore[index]
    form = {"csrf": proof, "factor": "password", "email": "ann@example.org",
            "password": "correct horse battery", "continue": "/account"}  # fmt: skip

    def work() -> None:
        connection.request("POST", "/login", urlencode(form), {**FORM, "cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303, answer.status

    return work


def peer(folder: Path, secret: str, count: int) -> None:
    """Measure oidc-provider's client credentials."""
    (folder / "peer.mjs").write_text(PEER)
    body = urlencode({"grant_type": "client_credentials", "client_id": "service",
                      "client_secret": secret})  # fmt: skip
    with served(
        ["node", "peer.mjs"], 8974, {"SECRET": secret, "NODE_ENV": "production"}, folder
    ) as its:
        measure("oidc-provider: c. c.", its, count, post(8974, "/token", body))


if __name__ == "__main__":
    raise SystemExit(main())
