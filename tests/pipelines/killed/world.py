"""A small world for a whole run: four sources in files and over HTTP, a SCIM server, a project.

`first` is how the sources stand before the first run; `second` edits them: rows change, go, come
back, are mended and broken, two people turn out to be one.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

PROJECT = """\
project: small
database: env:SMALL_DATABASE
sources:
  shop:
    connector: {{type: sql, url: "sqlite:///shop.db"}}
  crm:
    connector:
      type: rest
      url: {crm}
      objects:
        contacts:
          path: contacts
          items: rows
          key: id
          pagination: {{type: next_url, pointer: next}}
          cursor: {{since: "{{after}}"}}
  letters:
    connector: {{type: files, path: letters.csv}}
  club:
    connector: {{type: files, path: club.jsonl}}
targets:
  portal:
    connector: {{type: scim, url: {scim}, auth: {{type: bearer, token: "env:SMALL_TOKEN"}}}}
    limits: {{updates_percent: ~, removals_percent: ~}}
"""

SHOP = """\
mapping: shop
from: {connector: sql, object: customers, as: c}
key: c.id
cursor: c.changed
delete: c.gone = 1
fields:
  external_ids[shop]: cast(c.id as varchar)
  email: {from: c.email, steps: [trim, blank_to_null, lower, email]}
  given_name: {from: c.first, steps: [nfc, squeeze, blank_to_null]}
  family_name: {from: c.last, steps: [nfc, squeeze, blank_to_null]}
  phone: {from: c.phone, steps: [blank_to_null, phone_e164], args: {region: GB}, on_error: blank}
  active: "true"
  updated_at: {from: c.changed, steps: [{timestamp: {formats: ["%Y-%m-%d %H:%M:%S"]}}]}
"""

CRM = """\
mapping: crm
from: {connector: rest, object: contacts, as: c}
key: c.id
cursor: c.changed
fields:
  external_ids[shop]: {from: c.shop_number, steps: [blank_to_null]}
  email: {from: c.email, steps: [trim, blank_to_null, lower, email]}
  given_name: {from: c.first, steps: [nfc, squeeze, blank_to_null]}
  family_name: {from: c.last, steps: [nfc, squeeze, blank_to_null]}
  consent.marketing_email: c.mails
  active: "true"
  updated_at: {from: c.changed, steps: [timestamp]}
"""

LETTERS = """\
mapping: letters
from: {connector: files, object: letters, as: n}
key: n.nr
fields:
  email: {from: n.mail, steps: [trim, blank_to_null, lower, email]}
  family_name: {from: n.name, steps: [nfc, squeeze, blank_to_null]}
  active: "true"
"""

CLUB = """\
mapping: club
from: {connector: files, object: club, as: m}
key: m.card
fields:
  loyalty_id: m.card
  loyalty_tier: {from: m.tier, steps: [lower]}
  email: {from: m.mail, steps: [trim, blank_to_null, lower, email]}
  given_name: {from: m.first, steps: [nfc, squeeze, blank_to_null]}
  family_name: {from: m.last, steps: [nfc, squeeze, blank_to_null]}
  active: "true"
"""

PUSH = """\
push: portal-users
to: {target: portal, object: User}
as: p
scope: p.email is not null and p.active
match:
  - {attribute: externalId, value: p.gid, adopt: auto}
fields:
  userName: p.email
  name.givenName: p.given_name
  name.familyName: p.family_name
  title: {from: p.loyalty_tier, on_null: clear}
  phoneNumbers[type eq "mobile"].value: {from: p.phone, on_null: clear}
  active: true
on_leave: {action: deactivate, grace_days: 30}
"""

MAPPINGS = {"shop": SHOP, "crm": CRM, "letters": LETTERS, "club": CLUB, "portal.push": PUSH}

SHOP_ROWS = [
    (1, "ann.lee@mail.test", "Ann", "Lee", "07400 867017", "2026-01-01 08:00:00", 0),
    (2, "bob.ray@mail.test", "Bob", "Ray", None, "2026-01-01 08:00:00", 0),
    (3, "cy.fox@mail.test", "Cy", "Fox", "junk", "2026-01-01 08:00:00", 0),
    (4, "dee.orr@mail.test", "Dee", "Orr", None, "2026-01-01 09:30:00", 0),
    (5, "ed(at)mail.test", "Ed", "Poe", None, "2026-01-01 09:31:00", 0),
    (6, "flo.kim@mail.test", "Flo", "Kim", None, "2026-01-02 10:00:00", 0),
    (7, "guy.may@mail.test", "Guy", "May", None, "2026-01-02 10:00:00", 0),
    (8, "taken@mail.test", "Hal", "Dunn", None, "2026-01-02 10:00:01", 0),
    (9, "ivy.hay@mail.test", "Ivy", "Hay", None, "2026-01-02 10:00:02", 1),
]
CRM_ROWS = [
    {"id": "C1", "shop_number": "1", "email": "ann@work.test", "first": "Ann", "last": "Lee",
     "mails": True, "changed": "2026-01-01T08:00:00Z"},
    {"id": "C2", "shop_number": "", "email": "bob.ray@mail.test", "first": "Bob", "last": "Ray",
     "mails": False, "changed": "2026-01-01T08:00:00Z"},
    {"id": "C3", "shop_number": None, "email": "jo.nye@mail.test", "first": "Jo", "last": "Nye",
     "mails": True, "changed": "2026-01-01T08:00:05Z"},
    {"id": "C4", "shop_number": "7", "email": "not an address", "first": "Guy", "last": "May",
     "mails": True, "changed": "2026-01-02T08:00:00Z"},
    {"id": "C5", "shop_number": None, "email": "kit@mail.test", "first": "Kit", "last": "Ash",
     "mails": None, "changed": "2026-01-02T09:00:00Z"},
]  # fmt: skip
LETTER_LINES = [
    "1,ann.lee@mail.test,Lee",
    "2,lou.bey@mail.test,Bey",
    "3,mo.dee@mail.test,Dee,too many",
    "4,ned(at)mail.test,Eck",
    "5,jo.nye@mail.test,Nye",
    "6,oz.fay@mail.test,Fay",
    "7,pam.guy@mail.test,Guy",
    "8,quin.ho@mail.test,Ho",
]
CLUB_ROWS = [
    {"card": "K1", "tier": "GOLD", "mail": "bob.ray@mail.test", "first": "Bob", "last": "Ray"},
    {"card": "K2", "tier": "silver", "mail": "cy.fox@mail.test", "first": "Cy", "last": "Fox"},
    {"card": "K3", "tier": "gold", "mail": "roy.ice@mail.test", "first": "Roy", "last": "Ice"},
    {"card": "K4", "tier": None, "mail": "sue.jay@mail.test", "first": "Sue", "last": "Jay"},
    {"card": "K5", "tier": "gold", "mail": "tea.kay@mail.test", "first": "Tea", "last": "Kay"},
    {"card": "K6", "tier": "gold", "mail": "una.lim@mail.test", "first": "Una", "last": "Lim"},
]


class World:
    """The project's folder and what its sources hold; `crm_rows` is what the API gives out."""

    def __init__(self, folder: Path, *, crm: str, scim: str) -> None:
        self.folder = folder
        self.crm_rows: list[dict[str, object]] = []
        (folder / "mappings").mkdir(parents=True)
        (folder / "isthmus.yaml").write_text(PROJECT.format(crm=crm, scim=scim))
        for name, text in MAPPINGS.items():
            (folder / "mappings" / f"{name}.yaml").write_text(text)

    def first(self) -> None:
        """Give the sources their first content."""
        self.crm_rows = [dict(row) for row in CRM_ROWS]
        (self.folder / "shop.db").unlink(missing_ok=True)
        columns = "id integer primary key, email, first, last, phone, changed, gone integer"
        self._shop(f"create table customers ({columns})")
        for row in SHOP_ROWS:
            self._shop("insert into customers values (?, ?, ?, ?, ?, ?, ?)", *row)
        self._files(LETTER_LINES, CLUB_ROWS)

    def second(self) -> None:
        """Change, remove, mend and break rows; Kit Ash turns out to be Flo Kim's other name."""
        set_ = "update customers set {} where id = ?"
        self._shop(set_.format("last = 'Lee-Roy', changed = '2026-01-03 08:00:00'"), 1)
        self._shop(set_.format("gone = 1, changed = '2026-01-03 08:00:00'"), 4)
        self._shop(set_.format("email = 'ed@mail.test', changed = '2026-01-03 08:00:00'"), 5)
        self._shop(set_.format("email = 'guy(at)mail', changed = '2026-01-03 08:00:01'"), 7)
        self._shop(set_.format("gone = 0, changed = '2026-01-03 08:00:01'"), 9)
        new = (10, "kit@mail.test", "Kit", "Ash", None, "2026-01-03 08:00:02", 0)
        self._shop("insert into customers values (?, ?, ?, ?, ?, ?, ?)", *new)
        self.crm_rows[1] |= {"mails": True, "changed": "2026-01-03T08:00:00Z"}
        self.crm_rows[2] |= {"email": "jo@new.test", "changed": "2026-01-03T08:00:00Z"}
        self.crm_rows[3] |= {"email": "guy@new.test", "changed": "2026-01-03T08:00:01Z"}
        self.crm_rows[4] |= {"shop_number": "6", "first": "Flo", "changed": "2026-01-03T08:00:02Z"}
        lines = [line for line in LETTER_LINES if not line.startswith("8")]
        lines[2] = "3,mo.dee@mail.test,Dee"
        lines[3] = "4,ned@mail.test,Eck"
        lines[5] = "6,oz(at)mail.test,Fay"
        club = [dict(row) for row in CLUB_ROWS]
        club[0]["tier"] = "platinum"
        del club[5]
        self._files([*lines, "9,vi.lux@mail.test,Lux,Lux"], club)

    def contacts(self, given: dict[str, str]) -> dict[str, object]:
        """Answer one call of the API: two rows a page, by time of change and id."""
        since, start = given.get("since", ""), int(given.get("start", 0))
        rows = [row for row in self.crm_rows if str(row["changed"]) >= since]
        rows.sort(key=lambda row: (str(row["changed"]), str(row["id"])))
        more = start + 2 < len(rows)
        following = f"contacts?since={since}&start={start + 2}" if more else None
        return {"rows": rows[start : start + 2], "next": following}

    def _files(self, lines: list[str], club: list[dict[str, object]]) -> None:
        (self.folder / "letters.csv").write_text("\n".join(["nr,mail,name", *lines]) + "\n")
        (self.folder / "club.jsonl").write_text("\n".join(map(json.dumps, club)) + "\n")

    def _shop(self, statement: str, *values: object) -> None:
        with sqlite3.connect(self.folder / "shop.db") as db:
            db.execute(statement, values)
        db.close()
