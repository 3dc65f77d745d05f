"""Extract lands what is new, keeps ledger and landing folder together, and reads an overlap."""

import sqlite3

import pytest
import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from idp_core.ledger.tables import landed_page
from pipelines.bus import open_bus
from pipelines.extract import extract
from pipelines.project import load_project

MAPPING = """\
mapping: shop
from: {connector: sql, object: customers, as: c}
key: c.id
cursor: c.changed
fields:
  family_name: c.name
"""
PROJECT = (
    'project: small\nsources:\n  shop:\n    connector: {type: sql, url: "sqlite:///shop.db"}\n'
)


@pytest.fixture
def bus(tmp_path, monkeypatch):
    """A project over a table of three rows, with the folder it is opened from."""
    (tmp_path / "project/mappings").mkdir(parents=True)
    (tmp_path / "project/isthmus.yaml").write_text(PROJECT)
    (tmp_path / "project/mappings/shop.yaml").write_text(MAPPING)
    with sqlite3.connect(tmp_path / "project/shop.db") as db:
        db.execute("create table customers (id integer primary key, name, changed)")
        rows = [(n, f"N{n}", f"2026-01-0{n} 08:00:00") for n in (1, 2, 3)]
        db.executemany("insert into customers values (?, ?, ?)", rows)
    db.close()
    monkeypatch.chdir(tmp_path)
    with open_bus(load_project(tmp_path / "project")) as bus:
        yield bus


def read(bus):
    with writing(bus.engine) as conn:
        run = ledger.start_run(conn, "test")
    return extract(bus, run.id, "shop", bus.mapping("shop"))


def to_map(bus):
    with reading(bus.engine) as conn:
        return [bus.landing / page.path for page in ledger.pages_to_map(conn, "shop")]


def test_pages_are_found_wherever_the_project_is_opened_from(bus, monkeypatch):
    read(bus)
    monkeypatch.chdir(bus.project.folder)
    with open_bus(load_project(bus.project.folder.relative_to(bus.project.folder))) as moved:
        assert [path.exists() for path in to_map(moved)] == [True]


def test_a_second_read_lands_the_overlap_alone(bus):
    assert read(bus) == 3
    assert read(bus) == 1


def test_files_that_no_page_stands_for_are_removed(bus):
    read(bus)
    for name in ("dead/000000.parquet", "dead/000001.half", "spill/block.tmp"):
        (bus.landing / "shop" / name).parent.mkdir(exist_ok=True)
        (bus.landing / "shop" / name).touch()
    read(bus)
    found = [path for path in (bus.landing / "shop").rglob("*") if path.is_file()]
    assert sorted(found) == sorted(to_map(bus))
    assert {path.parent for path in found} == set((bus.landing / "shop").iterdir())


def test_what_was_landed_and_is_gone_from_the_disk_is_read_again(bus):
    read(bus)
    to_map(bus)[0].unlink()
    assert read(bus) == 3
    assert [path.exists() for path in to_map(bus)] == [True]


def test_a_page_that_was_mapped_may_be_gone(bus):
    read(bus)
    with writing(bus.engine) as conn:
        conn.execute(sa.update(landed_page).values(state="mapped"))
        path = bus.landing / conn.scalar(sa.select(landed_page.c.path))
    path.unlink()
    assert read(bus) == 1
