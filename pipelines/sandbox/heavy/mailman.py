"""GNU Mailman 3 without its web pages: one mailing list and the REST API over it."""

from __future__ import annotations

from pathlib import Path

import requests

from pipelines.sandbox import processes
from pipelines.sandbox.heavy.packages import python_environment

LOGIN = ("restadmin", "restpass")
LIST = "news.example.test"
_NAME = "mailman"
_CONFIGURATION = """
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
_RUNNERS = ("archive", "bounces", "command", "nntp", "digest", "retry", "task", "in", "lmtp",
            "out", "pipeline", "virgin")  # fmt: skip


def start(folder: Path, *, lmtp: int | None = None, runners: tuple[str, ...] = ()) -> str:
    """Serve a Mailman whose data lives in `folder`, with the list news@example.test.

    Returns the address of its API. Of the runners only `runners` are started, and look for work
    each second: without any the API answers and no mail comes or goes; what comes is taken at the
    port `lmtp`. Raises UnavailableError, NotStartedError.
    """
    programs = python_environment(_NAME, "mailman==3.3.10", "sqlalchemy<2.1")
    folder.mkdir(parents=True, exist_ok=True)
    ports = {name: processes.free_port() for name in ("port", "lmtp", "smtp")}
    ports["lmtp"] = lmtp or ports["lmtp"]
    text = _CONFIGURATION.format(folder=folder, programs=programs, **ports)
    for name in _RUNNERS:
        said = "sleep_time: 1s" if name in runners else "start: no"
        text += f"[runner.{name}]\n{said}\n"
    (folder / "mailman.cfg").write_text(text, encoding="utf-8")
    # A killed master leaves its lock behind, and whoever holds the folder is alone in it.
    (folder / "var/locks/master.lck").unlink(missing_ok=True)
    url = f"http://127.0.0.1:{ports['port']}/3.1"
    server = processes.Server(
        _NAME,
        [str(programs / "master"), "-C", str(folder / "mailman.cfg")],
        folder,
        {"HOME": str(folder)},
    )
    processes.start(server, lambda: _answers(url), patience=120)
    _make_list(url)
    return url


def stop(folder: Path) -> None:
    """End the server of this folder if it runs."""
    processes.stop(folder, _NAME)


def _make_list(url: str) -> None:
    """Make the list, as far as a killed start has not made it."""
    for there, path, form in (
        ("domains/example.test", "domains", {"mail_host": "example.test"}),
        (f"lists/{LIST}", "lists", {"fqdn_listname": "news@example.test"}),
    ):
        if not requests.get(f"{url}/{there}", auth=LOGIN, timeout=30).ok:
            requests.post(f"{url}/{path}", data=form, auth=LOGIN, timeout=30).raise_for_status()
    settings = {"send_welcome_message": "false", "admin_immed_notify": "false"}
    address = f"{url}/lists/{LIST}/config"
    requests.patch(address, data=settings, auth=LOGIN, timeout=30).raise_for_status()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/system/versions", auth=LOGIN, timeout=10).ok
    except requests.RequestException:
        return False
