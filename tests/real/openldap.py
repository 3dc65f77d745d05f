"""A real OpenLDAP server for tests: a folder of its own, free ports of loopback."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from connectors.ldap.names import escaped
from connectors.ldap.values import WRITE, Kind
from tests.real.packages import debian

SUFFIX = "dc=example,dc=org"
ADMIN = f"cn=admin,{SUFFIX}"
PASSWORD = "slapd-admin"
READER = f"cn=reader,{SUFFIX}"

_ARC = "1.3.6.1.4.1.4203.666.11.77"
_SYNTAX = "1.3.6.1.4.1.1466.115.121.1"
_TEXT = f"EQUALITY caseExactMatch ORDERING caseExactOrderingMatch SYNTAX {_SYNTAX}.15"
_CONF = f"""
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( {_ARC}.1 NAME 'id' {_TEXT} SINGLE-VALUE )
attributetype ( {_ARC}.2 NAME 'note' {_TEXT} SINGLE-VALUE )
attributetype ( {_ARC}.3 NAME 'big' EQUALITY integerMatch ORDERING integerOrderingMatch
  SYNTAX {_SYNTAX}.27 SINGLE-VALUE )
attributetype ( {_ARC}.4 NAME 'changed' EQUALITY generalizedTimeMatch
  ORDERING generalizedTimeOrderingMatch SYNTAX {_SYNTAX}.24 SINGLE-VALUE )
objectclass ( {_ARC}.9 NAME 'record' SUP top STRUCTURAL MUST id
  MAY ( name $ note $ big $ changed ) )
pidfile {{folder}}/pid
modulepath /usr/lib/ldap
moduleload back_mdb.la
moduleload back_monitor.la
moduleload syncprov.la
moduleload memberof.la
moduleload ppolicy.la
moduleload unique.la
TLSCACertificateFile {{folder}}/ca.pem
TLSCertificateFile {{folder}}/server.pem
TLSCertificateKeyFile {{folder}}/server.key
TLSVerifyClient try
authz-regexp "cn=.*,ou=isthmus" "{READER}"
authz-regexp "gidNumber=.*uidNumber=.*,cn=peercred,cn=external,cn=auth" "{READER}"
sizelimit size.soft=500 size.hard=500 size.prtotal={{most}}
access to attrs=userPassword by anonymous auth by dn.exact="{ADMIN}" write by * none
access to dn.subtree="ou=hidden,{SUFFIX}" by dn.exact="{ADMIN}" write by * none
access to * by dn.exact="{ADMIN}" write by users read by * none
database mdb
suffix "{SUFFIX}"
rootdn "{ADMIN}"
rootpw {PASSWORD}
directory {{folder}}/db
maxsize 268435456
dbnosync
index objectClass,entryUUID,entryCSN,modifyTimestamp,uid,employeeNumber,changed eq
overlay syncprov
{{memory}}
overlay memberof
overlay ppolicy
overlay unique
unique_uri ldap:///?mail?sub
database monitor
access to * by users read
"""


@dataclass
class Slapd:
    """A running server. `memory` is how many changes it remembers for its feed."""

    folder: Path
    port: int = 0
    memory: int = 1000
    most: str = "unlimited"
    authority: trustme.CA | None = None
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def socket(self) -> str:
        """Its local address, where it knows us by our user."""
        return f"ldapi://{str(self.folder / 'ldapi').replace('/', '%2F')}"

    def start(self) -> None:
        """Make it, or start it again on the data it has."""
        debian("slapd", "ldap-utils", commands=["slapd", "slapadd", "ldapmodify"])
        if not self.port:
            self._made()
        addresses = f"{self.url} ldaps://127.0.0.1:{self.port + 1} {self.socket}"
        self._process = subprocess.Popen(
            ["/usr/sbin/slapd", "-d", "0", "-f", str(self.folder / "slapd.conf"), "-h", addresses],
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while not _answers(self.port):
            assert time.monotonic() < deadline, "slapd did not start"
            assert self._process.poll() is None, "slapd ended at once"
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)

    def change(self, ldif: str) -> None:
        """Do what an administrator would."""
        _run("ldapmodify", "-x", "-H", self.url, "-D", ADMIN, "-w", PASSWORD, text=ldif)

    def add(self, dn: str, attributes: Mapping[str, Sequence[str]]) -> None:
        """Add an entry."""
        lines = [f"{name}: {value}" for name, values in attributes.items() for value in values]
        self.change("\n".join((f"dn: {dn}", "changetype: add", *lines, "")))

    def remove(self, dn: str) -> None:
        """Delete an entry."""
        self.change(f"dn: {dn}\nchangetype: delete\n")

    def place(self, name: str) -> str:
        """Make an empty organisational unit; return its name."""
        self.add(f"ou={name},{SUFFIX}", {"objectClass": ["organizationalUnit"], "ou": [name]})
        return f"ou={name},{SUFFIX}"

    def _made(self) -> None:
        self.port = _free_ports()
        (self.folder / "db").mkdir(parents=True)
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(self.folder / "ca.pem")
        server = self.authority.issue_cert("127.0.0.1", "ldap.example.org")
        server.cert_chain_pems[0].write_to_path(self.folder / "server.pem")
        server.private_key_pem.write_to_path(self.folder / "server.key")
        client = self.authority.issue_cert(
            "isthmus@example.org", common_name="isthmus", organization_unit_name="isthmus"
        )
        client.private_key_and_cert_chain_pem.write_to_path(self.folder / "client.pem")
        memory = f"syncprov-sessionlog {self.memory}" if self.memory else ""
        text = _CONF.format(folder=self.folder, memory=memory, most=self.most)
        (self.folder / "slapd.conf").write_text(text, encoding="utf-8")
        (self.folder / "base.ldif").write_text(_BASE, encoding="utf-8")
        conf = str(self.folder / "slapd.conf")
        _run("slapadd", "-q", "-f", conf, "-l", str(self.folder / "base.ldif"))


_BASE = f"""dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: {READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: reader-secret

dn: ou=hidden,{SUFFIX}
objectClass: organizationalUnit
ou: hidden
"""


def record(row: Mapping[str, Any]) -> dict[str, list[str]]:
    """The attributes of a record of the kit."""
    named = {name: [str(value)] for name, value in row.items() if value is not None}
    if "changed" in named:
        named["changed"] = [WRITE[Kind.TIME](row["changed"]).decode()]
    return {"objectClass": ["record"], **named}


def name_of(key: str, base: str) -> str:
    """The name of a record's entry."""
    return f"id={escaped(key)},{base}"


def _free_ports() -> int:
    """A port that is free, with the next one free too."""
    for _ in range(100):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no two free ports")


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _run(command: str, *arguments: str, text: str = "") -> None:
    path = f"/usr/sbin/{command}" if Path(f"/usr/sbin/{command}").exists() else command
    done = subprocess.run(
        [path, *arguments], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
