"""What a user sees when the machine is in the way: disks, rights, damaged files, other processes.

A full disk is a real one: a small file system in memory where we may mount one, and otherwise a
process that may not write files beyond a size.
"""

from __future__ import annotations

import csv
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp_core.ledger import store as ledger
from pipelines.bus import open_bus
from pipelines.errors import JobError
from pipelines.project import load_project
from pipelines.workbench import workbench
from tests.pipelines.bad_input.conftest import GOOD, HEADER, Place, mend

COUNT = 400
MANY = HEADER + "".join(
    f"{n},customer{n}@mail.test,Given{n},{os.urandom(750).hex()}\n" for n in range(1, COUNT + 1)
)
FULL = (
    r"the database cannot be used: .*isthmus\.db: the disk is full \(\d+\.\d MB free\); "
    "free some space and run again"
)


class Disk:
    """A file system of a few megabytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def size(self, megabytes: float, *, mount: bool = False) -> bool:
        """Set its size; tell whether it could be."""
        options = f"{'' if mount else 'remount,'}size={int(megabytes * 1e6)}"
        command = ["mount", *(["-t", "tmpfs"] if mount else []), "-o", options]
        command += ["tmpfs", str(self.folder)] if mount else [str(self.folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def read_only(self, *, yes: bool) -> None:
        option = f"remount,{'ro' if yes else 'rw'}"
        subprocess.run(["mount", "-o", option, str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path / "disk")
    try:
        mounted = os.geteuid() == 0 and disk.size(50, mount=True)
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a small file system can only be mounted by root")
    yield disk
    subprocess.run(["umount", str(disk.folder)], check=True)


def moved(place: Place, disk: Disk) -> Place:
    """The project with its data on the disk, and with many more customers."""
    data = disk.folder / "data"
    (place.folder / "data").rename(place.folder / "before")
    subprocess.run(["cp", "-r", str(place.folder / "before"), str(data)], check=True)
    (place.folder / "data").symlink_to(data)
    place.write("customers.csv", MANY)
    return place


@pytest.mark.parametrize("megabytes", [0.1, 1.0, 4.0], ids=["landing", "intake", "later"])
def test_a_full_disk_is_told_with_its_room_and_costs_nothing(place, disk, megabytes):
    place = moved(place, disk)
    used = shutil.disk_usage(disk.folder).used / 1e6
    assert disk.size(used + megabytes)
    said = place.sync()
    assert said.code == 4
    assert re.fullmatch(FULL, said.err.splitlines()[-1])
    assert "Traceback" not in said.err
    assert place.active() == sorted(f"customer{n}@mail.test" for n in range(1, 21))
    assert disk.size(500)
    said = place.sync("--plan-only")
    assert said.code == 0, said.err
    assert len(place.keys()) == COUNT


LIMITS = {
    "landing": (300_000, 1, "landing.*cannot be written"),
    "later": (2_000_000, 4, "isthmus.db: "),
}


@pytest.mark.parametrize(("size", "code", "line"), LIMITS.values(), ids=LIMITS)
def test_a_process_that_may_not_write_more_tells_it(place, size, code, line):
    """As a disk does that is full, where nobody may mount one."""
    place.write("customers.csv", MANY)

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    command = [sys.executable, "-m", "pipelines.cli", "--project", str(place.folder), "sync"]
    ended = subprocess.run(
        [*command, "--plan-only"], capture_output=True, text=True, preexec_fn=limited, check=False
    )
    assert ended.returncode == code
    assert re.search(f"{line}.*MB free", ended.stderr), ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(place.keys()) >= 20
    assert len(place.active()) == 20
    assert place.sync("--plan-only").code == 0
    assert len(place.keys()) == COUNT


def test_rows_that_fit_neither_memory_nor_disk_are_told(disk):
    assert disk.size(1)
    with (
        pytest.raises(JobError, match=r"do not fit into 50MB of memory .*\d MB free\); nothing is"),
        workbench(disk.folder, memory="50MB") as con,
    ):
        con.execute("CREATE TABLE t AS SELECT uuid() AS a, uuid() AS b FROM range(3000000)")


def test_a_folder_that_may_not_be_written_is_told(place, disk):
    place = moved(place, disk)
    disk.read_only(yes=True)
    said = place.sync()
    disk.read_only(yes=False)
    assert said.code == 2
    assert re.search(r"isthmus\.db: cannot be made or written \(Read-only file", said.err)
    assert place.is_unharmed()


def test_a_data_folder_that_is_a_file_is_told(place):
    (place.folder / "data").rename(place.folder / "before")
    place.write("data", "x")
    assert re.search("data: cannot be made or written", place.sync().err)
    (place.folder / "data").unlink()
    (place.folder / "before").rename(place.folder / "data")
    place.write("data/landing/shop/x", "x")
    for path in sorted((place.folder / "data/landing").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (place.folder / "data/landing").rmdir()
    place.write("data/landing", "x")
    said = place.sync()
    assert said.code == 1
    assert re.search("shop: .*landing.*cannot be written: (Not a directory|File exists)", said.err)
    assert place.is_unharmed()


def database(place: Place) -> Path:
    return place.folder / "data" / "isthmus.db"


@pytest.mark.parametrize(
    ("harm", "code", "line"),
    [
        (
            lambda whole: b"garbage" * 1000,
            4,
            "is no database, or damaged; stop all runs and put back a copy",
        ),
        (
            lambda whole: whole[: len(whole) // 2],
            4,
            "is damaged; stop all runs and put back a copy",
        ),
        (lambda whole: whole[:4096] + bytes(len(whole) - 4096), 4, "damaged|lacks a table"),
    ],
    ids=["garbage", "half", "zeros"],
)
def test_a_damaged_database_is_told_and_left_alone(place, harm, code, line):
    whole = database(place).read_bytes()
    database(place).write_bytes(harm(whole))
    said = place.sync()
    assert said.code == code
    assert re.search(f"the database cannot be used: .*isthmus\\.db: .*({line})", said.err)
    assert len(place.active()) == 20
    database(place).write_bytes(whole)
    assert place.is_unharmed()


def test_a_database_of_a_newer_isthmus_is_told_and_left_alone(place):
    with sqlite3.connect(database(place)) as db:
        db.execute("update alembic_version set version_num = '9999'")
    db.close()
    said = place.sync()
    assert said.code == 2
    assert "the database is at version 9999, newer than this code" in said.err
    with sqlite3.connect(database(place)) as db:
        assert db.execute("select version_num from alembic_version").fetchall() == [("9999",)]
    db.close()


def test_a_database_that_another_process_keeps_is_told(place, monkeypatch):
    monkeypatch.setenv("ISTHMUS_DATABASE_WAIT_SECONDS", "0.2")
    with sqlite3.connect(database(place)) as db:
        db.execute("begin immediate")
        said = place.sync()
        db.rollback()
    db.close()
    assert said.code == 4
    assert re.search("another process keeps it locked; wait for it, or stop it", said.err)
    mend(place)


def test_two_runs_at_once_are_one(place):
    with (
        open_bus(load_project(place.folder)) as bus,
        ledger.project_lock_of(bus.engine, "harmed", "another"),
    ):
        said = place.sync()
    assert said.code == 5
    assert re.search(r"harmed: run another goes on \(process \d+ on .*\); wait for it", said.err)
    mend(place)


@pytest.mark.parametrize("rows", ["customers.csv", "customers.jsonl"])
def test_a_landed_page_that_is_damaged_is_told_and_read_again_when_it_is_removed(
    place, monkeypatch, rows
):
    place.project(source=f"{{type: files, path: {rows}}}")
    place.write("customers.csv", GOOD.replace("Family", "Name"))
    place.write("customers.jsonl", as_jsonl(GOOD.replace("Family", "Name")))
    with monkeypatch.context() as patched:
        patched.setattr("pipelines.jobs.intake", _fail)
        assert "shop: not now" in place.sync().err
    (*_, page) = sorted((place.folder / "data/landing/shop").glob("*/0*"), key=os.path.getmtime)
    page.write_bytes(page.read_bytes()[:-50])
    with monkeypatch.context() as patched:
        patched.setattr("pipelines.jobs.extract", lambda *_, **__: 0)
        said = place.sync()
    assert said.code == 1
    assert re.search(f"shop: {page}: this landed page is damaged.* remove the file", said.err)
    assert place.is_unharmed()
    page.unlink()
    assert "20 changed" in place.sync().out


def as_jsonl(text: str) -> str:
    return "".join(json.dumps(row) + "\n" for row in csv.DictReader(text.splitlines()))


def _fail(*_: object, **__: object) -> None:
    raise JobError("shop: not now")
