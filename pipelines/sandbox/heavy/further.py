"""The further systems of the full demo: each is started, filled once, and told how it is reached.

What cannot be had here is left out with the reason. Whatever starts is stopped at the end.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import requests

from pipelines.sandbox import processes
from pipelines.sandbox.errors import UnavailableError
from pipelines.sandbox.heavy import dropbox, mailman, openldap, rows, shopping, vendure
from pipelines.sandbox.postgres import Postgres
from pipelines.sandbox.world import World

LANGUAGE = "nl"
"""The language of those that the mailing list is for: Mailman takes one member at a time."""
_SLAPD = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb.la
moduleload syncprov.la
sizelimit unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
database mdb
suffix "{suffix}"
directory {folder}/db
maxsize 268435456
dbnosync
index objectClass,entryUUID,entryCSN,uid eq
overlay syncprov
"""
_BASE = """dn: {suffix}
objectClass: dcObject
objectClass: organization
o: Club
dc: club

dn: ou=members,{suffix}
objectClass: organizationalUnit
ou: members

dn: cn=reader,{suffix}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: {password}

"""


@dataclass(frozen=True, slots=True)
class Further:
    """One more system that is up: its section of ``isthmus.yaml``, and who its rows are.

    `told` is what it says of itself when it is asked at the end, by its own API.
    """

    name: str
    system: str
    settings: Mapping[str, Any] = field(repr=False)
    truth: Mapping[str, int] = field(default_factory=dict, repr=False)
    target: bool = False
    told: Callable[[], str] | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """What the starters are given: folders, secrets, the PostgreSQL that is up, the world."""

    systems: Path
    secrets: Path
    server: Postgres
    world: World


@contextmanager
def running(where: Where) -> Iterator[tuple[list[Further], dict[str, str]]]:
    """Run what can be had here for the length of a ``with`` block; the rest with why it is not."""
    up: list[Further] = []
    left_out: dict[str, str] = {}
    try:
        _stop(where.systems)
        with ThreadPoolExecutor(len(STARTERS)) as pool:
            begun = {name: pool.submit(start, where) for name, start in STARTERS.items()}
        for name, future in begun.items():
            try:
                up.append(future.result())
            except UnavailableError as error:
                left_out[name] = str(error)
        yield up, left_out
    finally:
        _stop(where.systems)


def club(where: Where) -> Further:
    """The club's members in OpenLDAP, followed by syncrepl."""
    openldap.require()
    folder = where.systems / "club"
    password = _secret(where.secrets / "club")

    def fill() -> dict[str, int]:
        truth, entries = {}, [_BASE.format(suffix=rows.CLUB, password=password)]
        for number, person, rng in rows.chosen("club", where.world.people, where.world.seed):
            key, entry = rows.member(number, person, rng)
            truth[key] = person.number
            entries.append(entry)
        openldap.make(folder, _SLAPD.format(suffix=rows.CLUB, folder=folder), "".join(entries))
        return truth

    truth = _filled(folder, fill)
    port = processes.free_port()
    openldap.start(folder, port)
    columns = ["uid", "givenName", "sn", "mail", "mobile", "street", "postalCode", "l"]
    members = {
        "base": rows.MEMBERS,
        "filter": "(objectClass=inetOrgPerson)",
        "attributes": [*columns, "preferredLanguage"],
        "single": columns,
    }
    reader = f"cn=reader,{rows.CLUB}"
    bind = {"type": "simple", "user": reader, "password": "file:../secrets/club"}
    connector = {"type": "ldap", "url": f"ldap://127.0.0.1:{port}", "bind": bind}
    settings = {"connector": connector | {"objects": {"members": members}}, "mode": "feed"}
    return Further("club", "OpenLDAP, by its feed of changes", settings, truth)


def webshop(where: Where) -> Further:
    """The web shop's customers in Vendure, filled through its own API."""
    vendure.require()
    folder, database = where.systems / "webshop", "webshop"
    _secret(where.secrets / "webshop", vendure.PASSWORD)
    if not (folder / _FILLED).exists():
        where.server.drop(database)
        where.server.create(database)
    url = vendure.start(folder, database, where.server)
    truth = _filled(folder, partial(shopping.fill, url, where.world), clear=False)
    connector = {"type": "rest", "file": "vendure", "url": url, "user": vendure.USER}
    settings = {"connector": connector | {"password": "file:../secrets/webshop"}}
    system = f"Vendure, by GraphQL; {shopping.MOST} customers at most"
    return Further("webshop", system, settings, truth)


def policies(where: Where) -> Further:
    """The mainframe's policies as EBCDIC records in an SFTP drop box."""
    folder = where.systems / "box"
    box = dropbox.start(folder)

    def fill() -> dict[str, int]:
        truth, written = {}, []
        for number, person, rng in rows.chosen("policies", where.world.people, where.world.seed):
            truth[number] = person.number
            written.append(rows.policy(number, person, rng))
        (box.drop / "policies.dat").write_bytes(b"".join(written))
        return truth

    truth = _filled(folder, fill, clear=False)
    login = {"host_keys": [box.host_key], "key": f"file:{box.login}"}
    connector = {
        "type": "files",
        "path": box.address("policies.dat"),
        "format": "copybook",
        "encoding": rows.EBCDIC,
        "copybook": {"file": "mappings/policies.cpy"},
        "sftp": login,
    }
    return Further(
        "policies", "EBCDIC records with COMP-3, by SFTP", {"connector": connector}, truth
    )


def letters(where: Where) -> Further:
    """The mailing list, a target: a Mailman of which the API alone runs."""
    folder = where.systems / "letters"
    url = mailman.start(folder)
    _secret(where.secrets / "letters", mailman.LOGIN[1])

    def told() -> str:
        roster = f"{url}/lists/{mailman.LIST}/roster/member"
        answer = requests.get(roster, params={"count": "1", "page": "1"}, auth=mailman.LOGIN,
                              timeout=30)  # fmt: skip
        answer.raise_for_status()
        return f"GNU Mailman holds {answer.json()['total_size']:,} members of {mailman.LIST}"

    connector = {"type": "rest", "file": "mailman", "url": url, "list": mailman.LIST}
    settings = {"connector": connector | {"password": "file:../secrets/letters"}}
    return Further("letters", "GNU Mailman", settings, target=True, told=told)


STARTERS: Mapping[str, Callable[[Where], Further]] = {
    "club": club,
    "webshop": webshop,
    "policies": policies,
    "letters": letters,
}
_FILLED = "filled.json"


def _filled(
    folder: Path, fill: Callable[[], dict[str, int]], *, clear: bool = True
) -> dict[str, int]:
    """Return who the rows of a system are; it is filled when it was not, wholly, before."""
    note = folder / _FILLED
    if note.exists():
        known: dict[str, int] = json.loads(note.read_text(encoding="utf-8"))
        return known
    if clear:
        shutil.rmtree(folder, ignore_errors=True)
    truth = fill()
    note.write_text(json.dumps(truth), encoding="utf-8")
    return truth


def _secret(file: Path, value: str = "") -> str:
    """Return what a secret's file holds; made when it is not there."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(value or secrets.token_urlsafe(18), encoding="utf-8")
    return file.read_text(encoding="utf-8")


def _stop(systems: Path) -> None:
    openldap.stop(systems / "club")
    vendure.stop(systems / "webshop")
    dropbox.stop(systems / "box")
    mailman.stop(systems / "letters")
