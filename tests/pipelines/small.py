"""A small project whose source and target live in memory: rows and accounts are set by the test."""

import uuid
from contextlib import contextmanager
from pathlib import Path

from connectors import memory
from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from idp_core.profiles import store
from pipelines.bus import open_bus
from pipelines.jobs import sync
from pipelines.project import load_project

PROJECT = """\
project: small
database: {database}
sources:
  crm:
    connector: {{type: memory, store: {name}}}
    max_shrink: 100
    mode: {mode}
targets:
  portal:
    connector: {{type: memory, store: {name}}}
    limits: {{removals_free: 0, removals_percent: 50}}
"""
MAPPING = """\
mapping: crm
from: {{connector: memory, object: people, as: p}}
key: {key}
cursor: p.at
delete: p.gone
{where}
fields:
  email:       {{from: "{mail}", steps: [{steps}], on_error: {on_error}}}
  family_name: p.name
  {at}
"""
PUSH = """\
push: portal
to: {target: portal, object: User}
as: p
match:
  - {attribute: externalId, value: p.gid, adopt: auto}
fields:
  userName: p.email
  name.familyName: p.family_name
on_leave: {action: deactivate}
"""
BAD = {"id": "2", "mail": "bob(at)example", "name": "Lee"}
GOOD = {"id": "1", "mail": "ann@example.com", "name": "Lee"}
LENIENT = "trim"
STRICT = "trim, email"
MENDED = "replace(p.mail, '(at)', '@')"
"""An e-mail address where some write ``(at)``."""
NAMED = "coalesce(nullif(p.id, ''), p.name)"
"""A key that takes the name where there is no id."""


class Small:
    """The project in a folder, with the words to change it."""

    def __init__(self, folder: Path, database: str, mode: str = "full") -> None:
        self.folder = folder
        self.store = memory.store(str(uuid.uuid4()))
        name = next(n for n, s in memory._STORES.items() if s is self.store)
        (folder / "mappings").mkdir(parents=True)
        text = PROJECT.format(database=database, name=name, mode=mode)
        (folder / "isthmus.yaml").write_text(text, "utf-8")
        (folder / "mappings/portal.push.yaml").write_text(PUSH, "utf-8")
        self.store.accounts["User"] = {}
        self.map()

    def map(
        self,
        steps=STRICT,
        *,
        key="p.id",
        mail="p.mail",
        on_error="quarantine",
        where="",
        erase="",
        at="updated_at: p.at",
    ):
        """Write the mapping."""
        where = f"where: {where}" if where else ""
        where += f"\nerase: {erase}" if erase else ""
        text = MAPPING.format(
            steps=steps, key=key, mail=mail, on_error=on_error, where=where, at=at
        )
        (self.folder / "mappings/crm.yaml").write_text(text, "utf-8")

    def rows(self, *rows):
        """Set what the source holds."""
        columns = {
            "id": None,
            "mail": None,
            "name": None,
            "at": None,
            "gone": False,
            "forget": False,
        }
        self.store.rows["people"] = [columns | row for row in rows]

    @contextmanager
    def bus(self):
        """Open the project."""
        with open_bus(load_project(self.folder)) as bus:
            yield bus

    def sync(self, *rows, targets=()):
        """Set the rows, where there are any, and run the job."""
        if rows:
            self.rows(*rows)
        with self.bus() as bus:
            return sync(bus, targets=targets)

    def letters(self, status="open"):
        """The dead letters."""
        with self.bus() as bus, reading(bus.engine) as conn:
            return ledger.list_letters(conn, status=status)

    def held(self):
        """What the source's living profiles say: e-mail by key."""
        with self.bus() as bus, reading(bus.engine) as conn:
            found = list(store.read_source_profiles(conn, deleted=False))
        return {p.ref.key: p.attributes.get("emails", [{}])[0].get("value") for p in found}
