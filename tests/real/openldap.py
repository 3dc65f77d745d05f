"""A real OpenLDAP server for tests: a folder of its own, free ports of loopback."""

from __future__ import annotations

import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from connectors.ldap.names import escaped
from connectors.ldap.values import WRITE, Kind
from pipelines.sandbox.heavy import openldap
from tests.real.packages import or_skip

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
        or_skip(openldap.require)()
        if not self.port:
            self._made()
        openldap.start(self.folder, self.port, f"ldaps://127.0.0.1:{self.port + 1}", self.socket)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it."""
        openldap.stop(self.folder, how)

    def change(self, ldif: str) -> None:
        """Do what an administrator would."""
        login = ("-x", "-H", self.url, "-D", ADMIN, "-w", PASSWORD)
        openldap.run("ldapmodify", *login, text=ldif)

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
        self.folder.mkdir(parents=True, exist_ok=True)
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
        openldap.make(self.folder, text, _BASE)


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
