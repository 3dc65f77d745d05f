"""A project that works, with twenty customers at the source and in the target, to be harmed."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors import memory
from connectors.contract import Account
from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from idp_core.profiles import store
from pipelines.bus import open_bus
from pipelines.cli.main import app
from pipelines.project import load_project
from tests.connectors.http.conftest import closed_port, serve

__all__ = ["closed_port", "serve"]

PROJECT = """\
project: harmed
sources:
  shop:
    connector: {source}
targets:
  portal:
    connector: {target}
"""
FILES = "{type: files, path: customers.csv}"
MAPPING = """\
mapping: shop
from: {connector: files, object: customers, as: c}
key: c.id
fields:
  email:       {from: c.mail, steps: [trim, lower, email]}
  given_name:  {from: c.first, steps: [trim, nfc, blank_to_null]}
  family_name: {from: c.last, steps: [trim, nfc, blank_to_null]}
"""
PUSH = """\
push: portal-users
to: {target: portal, object: User}
as: p
scope: p.email is not null
match:
  - {attribute: externalId, value: p.gid, adopt: auto}
fields:
  userName: p.email
  name.givenName: p.given_name
  name.familyName: p.family_name
  active: true
on_leave: {action: deactivate}
"""
HEADER = "id,mail,first,last\n"
LINES = [f"{n},customer{n}@mail.test,Given{n},Family{n}\n" for n in range(1, 21)]
GOOD = HEADER + "".join(LINES)


@dataclass(frozen=True)
class Said:
    """How a command ended: its exit code, its answer and what it said beside it."""

    code: int
    out: str
    err: str


class Place:
    """The project in a folder; source and target can be set, harmed and mended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = str(uuid.uuid4())
        memory.store(self.name).accounts["User"] = {}
        self.project()

    def project(self, source: str = FILES, target: str | None = None, more: str = "") -> None:
        """Write ``isthmus.yaml``; the target is in memory unless another is given."""
        target = target or f"{{type: memory, store: {self.name}}}"
        self.write("isthmus.yaml", PROJECT.format(source=source, target=target) + more)

    def write(self, file: str, text: str | bytes) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    def sync(self, *words: str) -> Said:
        """Run ``isthmus sync``; a bug is raised."""
        found = CliRunner().invoke(app, ["--project", str(self.folder), "sync", *words])
        if found.exception and not isinstance(found.exception, SystemExit):
            raise found.exception
        return Said(found.exit_code, found.stdout, found.stderr)

    @property
    def accounts(self) -> dict[str, Account]:
        return memory.store(self.name).accounts["User"]

    def active(self) -> list[str]:
        """The user names that are active in the target."""
        held = (account.attributes for account in self.accounts.values())
        return sorted(str(one["userName"]) for one in held if one.get("active"))

    def keys(self) -> list[str]:
        """The keys of the source profiles that are not deleted."""
        with open_bus(load_project(self.folder)) as bus, reading(bus.engine) as conn:
            return sorted(p.ref.key for p in store.read_source_profiles(conn, deleted=False))

    def letters(self) -> list[ledger.DeadLetter]:
        with open_bus(load_project(self.folder)) as bus, reading(bus.engine) as conn:
            return list(ledger.list_letters(conn))

    def is_unharmed(self) -> bool:
        """Whether all twenty are there on both sides, and nobody was changed in the target."""
        return (
            len(self.keys()) == 20
            and len(self.active()) == 20
            and {account.version for account in self.accounts.values()} == {"1"}
        )


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The project after its first run; not to be touched."""
    place = Place(tmp_path_factory.mktemp("worked"))
    place.write("mappings/shop.yaml", MAPPING)
    place.write("mappings/portal.push.yaml", PUSH)
    place.write("customers.csv", GOOD)
    assert place.sync().code == 0
    return place


@pytest.fixture
def place(worked: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A copy of the project after its first run, with a target of its own."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("ISTHMUS_PROJECT", raising=False)
    shutil.copytree(worked.folder, tmp_path / "harmed")
    place = Place(tmp_path / "harmed")
    place.accounts.update(worked.accounts)
    assert place.is_unharmed()
    yield place
    memory.forget(place.name)


def mend(place: Place) -> None:
    """Put everything back as it was and see that one run makes all good."""
    file = place.folder / "customers.csv"
    if file.is_dir():
        file.rmdir()
    place.write("customers.csv", GOOD)
    place.write("mappings/shop.yaml", MAPPING)
    place.write("mappings/portal.push.yaml", PUSH)
    place.project()
    said = place.sync()
    assert said.code == 0, said.err
    assert len(place.keys()) == 20
    assert len(place.active()) == 20
    assert place.letters() == []
