"""OpenLDAP's server over one folder: made from a configuration and entries, started, stopped."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pipelines.sandbox import processes
from pipelines.sandbox.errors import NotStartedError
from pipelines.sandbox.heavy.packages import debian

_NAME = "slapd"
_SBIN = Path("/usr/sbin")


def require() -> None:
    """See to it that OpenLDAP is there. Raises UnavailableError."""
    debian("slapd", "ldap-utils", commands=["slapd", "slapadd", "ldapmodify"])


def make(folder: Path, configuration: str, ldif: str) -> None:
    """Make a directory: its database stands in ``db``, its configuration in ``slapd.conf``."""
    (folder / "db").mkdir(parents=True)
    (folder / "slapd.conf").write_text(configuration, encoding="utf-8")
    (folder / "base.ldif").write_text(ldif, encoding="utf-8")
    run("slapadd", "-q", "-f", str(folder / "slapd.conf"), "-l", str(folder / "base.ldif"))


def start(folder: Path, port: int, *more: str) -> None:
    """Serve a directory on this port of loopback, and at further addresses."""
    addresses = " ".join((f"ldap://127.0.0.1:{port}", *more))
    conf = str(folder / "slapd.conf")
    command = [str(_SBIN / "slapd"), "-d", "0", "-f", conf, "-h", addresses]
    processes.start(processes.Server(_NAME, command, folder), lambda: answers(port), patience=20)


def stop(folder: Path, how: signal.Signals = signal.SIGTERM) -> None:
    """End the server of this folder if it runs."""
    processes.stop(folder, _NAME, how)


def answers(port: int) -> bool:
    """Whether somebody listens on this port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def run(command: str, *arguments: str, text: str = "") -> None:
    """Run one of OpenLDAP's tools. Raises NotStartedError with what it says."""
    path = str(_SBIN / command) if (_SBIN / command).exists() else command
    asked: Sequence[str] = [path, *arguments]
    done = subprocess.run(asked, input=text, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise NotStartedError(f"{command} failed: {done.stderr.strip()}")
