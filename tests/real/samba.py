"""A real Active Directory domain controller for tests: Samba, on an address of loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.real.packages import debian

DOMAIN = "DC=example,DC=test"
ADMIN = f"CN=Administrator,CN=Users,{DOMAIN}"
PASSWORD = "Adm1n-Zx9-kqv"
HOST = "dc1.example.test"


@dataclass
class Samba:
    """A running domain controller. Its ports are fixed, so it has an address of its own."""

    folder: Path
    address: str = ""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address without TLS."""
        return f"ldap://{self.address}"

    def start(self) -> None:
        """Make a forest and start its controller; skip where that cannot be."""
        if os.geteuid() != 0:
            pytest.skip("a domain controller listens on port 389: run this as root")
        debian(
            "samba-ad-dc", "samba-ad-provision", "samba-dsdb-modules", "samba-vfs-modules",
            "ldap-utils", "iproute2", commands=["samba", "samba-tool", "ldapmodify", "ip"],
        )  # fmt: skip
        self.address = _free_address()
        _run("ip", "address", "add", f"{self.address}/32", "dev", "lo")
        self._provisioned()
        self._process = subprocess.Popen(
            ["samba", "-s", str(self.conf), "-F", "--no-process-group"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while not _serves(self.address):
            assert time.monotonic() < deadline, "samba did not start"
            time.sleep(0.1)

    def stop(self) -> None:
        """End the controller with its children, and give the address back."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(20)
        if self.address:
            _run("ip", "address", "del", f"{self.address}/32", "dev", "lo")

    @property
    def conf(self) -> Path:
        """Its settings."""
        return self.folder / "etc" / "smb.conf"

    def change(self, ldif: str) -> None:
        """Do what an administrator would."""
        tls = {"LDAPTLS_CACERT": str(self.folder / "ca.pem"), "LDAPTLS_REQCERT": "never"}
        _run(
            "ldapmodify", "-x", "-ZZ", "-H", self.url, "-D", ADMIN, "-w", PASSWORD, text=ldif, **tls
        )

    def tool(self, *arguments: str) -> None:
        """Run ``samba-tool``."""
        _run("samba-tool", *arguments, "-s", str(self.conf))

    def _provisioned(self) -> None:
        only = [f"--option=interfaces={self.address}", "--option=bind interfaces only=yes"]
        _run(
            "samba-tool", "domain", "provision", "--realm=EXAMPLE.TEST", "--domain=EXAMPLE",
            "--host-name=dc1", f"--adminpass={PASSWORD}", "--server-role=dc", "--dns-backend=NONE",
            f"--targetdir={self.folder}", f"--option=posix:eadb={self.folder}/eadb.tdb", *only,
        )  # fmt: skip
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.folder / "ca.pem")
        issued = authority.issue_cert(HOST)
        issued.cert_chain_pems[0].write_to_path(self.folder / "dc.pem")
        issued.private_key_pem.write_to_path(self.folder / "dc.key")
        (self.folder / "dc.key").chmod(0o600)
        settings = [
            "server services = ldap",
            f"pid directory = {self.folder}",
            f"ncalrpc dir = {self.folder}/ncalrpc",
            f"log file = {self.folder}/log.%m",
            f"tls certfile = {self.folder}/dc.pem",
            f"tls keyfile = {self.folder}/dc.key",
            f"tls cafile = {self.folder}/ca.pem",
        ]
        text = "".join(
            line
            for line in self.conf.read_text("utf-8").splitlines(keepends=True)
            if not line.strip().startswith(("server services", "log file"))
        )
        added = "[global]\n" + "".join(f"\t{one}\n" for one in settings)
        self.conf.write_text(text.replace("[global]\n", added), encoding="utf-8")


def _free_address() -> str:
    for number in range(1, 250):
        address = f"127.0.26.{number}"
        with socket.socket() as tried:
            try:
                tried.bind((address, 389))
            except OSError:
                continue
            return address
    pytest.skip("no address of loopback with a free port 389")


def _serves(address: str) -> bool:
    search = ["ldapsearch", "-x", "-H", f"ldap://{address}", "-s", "base", "-b", "", "dnsHostName"]
    done = subprocess.run(search, capture_output=True, check=False)
    return done.returncode == 0


def _run(command: str, *arguments: str, text: str = "", **environment: str) -> None:
    done = subprocess.run(
        [command, *arguments], input=text, capture_output=True, text=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr or done.stdout
