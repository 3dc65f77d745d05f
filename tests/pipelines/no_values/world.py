"""A project with a source and a target of every kind, where each value of a customer is marked.

Rows pass, cannot be read, fail the mapping, fail the gate, are held apart by a veto, find two
accounts, are refused by their target. Only keys are plain: messages may name them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.simulators.salesforce import App, Org, Simulator
from tests.connectors.ldap import directory as ldap
from tests.pipelines.killed.house import TOKEN, Api, Scim, closing

NAME, MAIL, PHONE, BORN = "zanzibarq", "leak.test", "5550177", "1907-03"
VALUES = (NAME, MAIL, PHONE, BORN)
"""What no output may hold, in small letters: a part of every value of a customer."""
SECRETS = ("hushhush", TOKEN)
"""What no output may hold either: a part of every secret."""
ENVIRONMENT = {
    "PORTAL_TOKEN": TOKEN,
    "SF_SECRET": "hushhush-sf",
    "SHOP_PASSWORD": "hushhush-shop",
}

PROJECT = """\
project: marked
sources:
  lines: {{connector: {{type: files, path: lines.csv}}}}
  club: {{connector: {{type: files, path: club.jsonl}}}}
  store: {{connector: {{type: files, path: store.parquet}}}}
  old: {{connector: {{type: files, path: old.txt, format: fixed, columns: {layout}}}}}
  shop: {{connector: {{type: sql, url: "sqlite:///shop.db"}}}}
  api:
    connector:
      {{type: rest, url: {api}, auth: {{type: bearer, token: "file:api-token"}},
       objects: {{people: {{path: people, items: rows, key: nr}}}}}}
  tree:
    connector:
      type: ldap
      url: {ldap}
      bind: {{type: simple, user: cn=reader, password: "file:tree-password"}}
      objects: {{people: {{base: dc=x, attributes: [uid, mail, member]}}}}
  crm:
    connector:
      type: salesforce
      url: {salesforce}
      auth: {{type: client_credentials, client_id: c, client_secret: env:SF_SECRET}}
targets:
  portal:
    connector: {{type: scim, url: {scim}, auth: {{type: bearer, token: "env:PORTAL_TOKEN"}}}}
  list:
    connector:
      {{type: sql, url: sqlite:///list.db, tables: {{people: {{key: nr, active: active}}}}}}
"""
LAYOUT = (
    "[{name: nr, start: 1, width: 4}, {name: mail, start: 5, width: 36}, "
    "{name: last, start: 41, width: 20}]"
)
FIELDS = """\
fields:
  email:       {{expr: "{mail}", steps: [trim, lower, email]}}
  family_name: {{expr: "{last}", steps: [trim, nfc, blank_to_null]}}
"""
MORE = """\
  given_name:  {from: p.first, steps: [trim, nfc, blank_to_null]}
  phone:       {from: p.phone, steps: [phone_e164], args: {region: DE}, on_error: blank}
  birth_date:  {from: p.born, steps: [{date: {formats: ["%Y-%m-%d"]}}]}
"""
SOURCES = {
    "lines": ("files", "lines", "nr", "p.mail", "p.last", MORE),
    "club": ("files", "club", "nr", "p.mail", "p.last", MORE),
    "store": ("files", "store", "nr", "p.mail", "p.last", MORE),
    "old": ("files", "old", "nr", "p.mail", "p.last", ""),
    "shop": ("sql", "people", "nr", "p.mail", "p.last", MORE),
    "api": ("rest", "people", "nr", "p.mail", "p.last", MORE),
    "tree": ("ldap", "people", "uid", "list_extract(p.mail, 1)", "list_extract(p.member, 1)", ""),
    "crm": ("salesforce", "Contact", "Id", "p.Email", "p.LastName", ""),
}
SUITE = {
    "name": "lines",
    "expectations": [
        {
            "type": "expect_column_values_to_not_match_regex",
            "kwargs": {"column": "given_name", "regex": "^Odd", "mostly": 0.1},
            "severity": "critical",
        },
        {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"column": "family_name", "value_set": ["Lee", "Ray"]},
            "severity": "warning",
        },
    ],
}
PUSHES = {
    "portal": """\
push: portal-users
to: {target: portal, object: User}
as: p
scope: p.email is not null
match:
  - {attribute: externalId, value: p.gid, adopt: auto}
  - {attribute: title, value: p.given_name, adopt: auto}
fields:
  userName: p.email
  name.givenName: p.given_name
  name.familyName: p.family_name
  title: p.given_name
  active: true
on_leave: {action: deactivate}
""",
    "list": """\
push: list-people
to: {target: list, object: people}
key: {nr: p.gid}
as: p
scope: p.birth_date is not null
fields:
  mail: p.email
  born: p.birth_date
on_leave: {action: delete}
""",
}


def row(nr: str, **more: str) -> dict[str, str]:
    """A customer, every value marked."""
    return {
        "nr": nr,
        "mail": f"{NAME}.{nr}@{MAIL}",
        "first": f"First{NAME}{nr}",
        "last": f"Last{NAME}{nr}",
        "phone": f"030 {PHONE}",
        "born": f"{BORN}-{len(nr):02}",
    } | more


def rows_of(source: str) -> list[dict[str, str]]:
    """Six customers of a source; most of them trouble."""
    kept = [row(f"{source}{number}") for number in range(6)]
    kept[1]["mail"] = f"{NAME}(at){MAIL}"  # fails the mapping
    kept[2]["phone"] = f"{NAME} {PHONE}"  # is blanked
    kept[3]["first"] = f"Odd{NAME}"  # fails the gate of lines
    kept[4] |= {"mail": kept[5]["mail"], "first": f"Q{NAME}", "born": f"{BORN}-28"}  # a veto
    return kept


@dataclass
class World:
    """The project's folder, with the words to change it."""

    folder: Path

    def write(self, file: str, text: str) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def replace(self, file: str, old: str, new: str) -> None:
        """Change a word of a file that has it."""
        text = (self.folder / file).read_text("utf-8")
        assert old in text
        self.write(file, text.replace(old, new))


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Start the systems, fill them and write the project."""
    with ExitStack() as stack:
        api, scim = stack.enter_context(closing(Api())), stack.enter_context(closing(Scim()))
        made = World(folder)
        api.answering = lambda _: {"rows": rows_of("api")}
        simulator = stack.enter_context(Simulator(Org(), apps=(App("c", "hushhush-sf"),)))
        simulator.org.seed(
            "Contact",
            [
                {"LastName": r["last"], "Email": r["mail"]}
                for r in rows_of("crm")
                if "@" in r["mail"]
            ],
        )
        tree = stack.enter_context(ldap.directory(ldap.usual(_entries)))
        addresses = {"api": api.url, "ldap": tree, "scim": scim.url, "salesforce": simulator.url}
        made.write("isthmus.yaml", PROJECT.format(layout=LAYOUT, **addresses))
        _files(made)
        _databases(folder)
        scim.put_back([_account(number) for number in range(3)])
        yield made


def _entries(asked: ldap.Asked) -> list[bytes]:
    found = [
        ldap.entry(
            f"uid={r['nr']},dc=x",
            {
                "uid": [r["nr"].encode()],
                "mail": [r["mail"].encode()],
                "member": [r["last"].encode()],
            },
        )
        for r in rows_of("tree")
    ]
    return [*found, ldap.result(asked)]


def _files(made: World) -> None:
    for source, (kind, name, key, mail, last, more) in SOURCES.items():
        head = f"mapping: {source}\nfrom: {{connector: {kind}, object: {name}, as: p}}\n"
        body = FIELDS.format(mail=mail, last=last) + more
        made.write(f"mappings/{source}.yaml", f"{head}key: p.{key}\n{body}")
    for target, text in PUSHES.items():
        made.write(f"mappings/{target}.push.yaml", text)
    made.write("quality/lines.json", json.dumps(SUITE))
    made.write("api-token", "hushhush-api")
    made.write("tree-password", "hushhush-tree")
    for secret in ("api-token", "tree-password"):
        (made.folder / secret).chmod(0o600)
    lines = [",".join(row("").keys()), *(",".join(r.values()) for r in rows_of("lines"))]
    made.write("lines.csv", "\n".join([*lines, f"9,{NAME},{NAME}", ""]))
    club = [json.dumps(r) for r in rows_of("club")]
    made.write("club.jsonl", "\n".join([*club, f'{{"nr": "{NAME}', ""]))
    pq.write_table(pa.Table.from_pylist(rows_of("store")), made.folder / "store.parquet")
    old = [f"{r['nr']:<4.4}{r['mail']:<36}{r['last']:<20}" for r in rows_of("o")]
    made.write("old.txt", "\n".join([*old, f"99{NAME}", ""]))


def _databases(folder: Path) -> None:
    with sqlite3.connect(folder / "shop.db") as db:
        db.execute("create table people (nr primary key, mail, first, last, phone, born)")
        values = [tuple(r.values()) for r in rows_of("shop")]
        db.executemany("insert into people values (?, ?, ?, ?, ?, ?)", values)
    db.close()
    with sqlite3.connect(folder / "list.db") as db:
        db.execute(
            "create table people (id integer primary key, nr text unique, mail text unique, "
            "born text check (born <> '1907-03-28'), active boolean)"
        )
        db.execute("insert into people (nr, mail) values ('x', ?)", (rows_of("club")[0]["mail"],))
    db.close()


def _account(number: int) -> dict[str, Any]:
    """An account that was there before: two with one title, one with another's name."""
    taken = rows_of("club")
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "meta": {"resourceType": "User", "version": 'W/"0"'},
        "id": f"a{number}",
        "userName": taken[3]["mail"] if number == 2 else f"{NAME}{number}@{MAIL}",
        "title": "" if number == 2 else taken[0]["first"],
        "active": True,
    }
