"""What provisioning costs: planning an unchanged profile, and the journal beside a bare loop.

``python -m benchmarks provisioning [--people N] [--writes N]``
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy

from connectors.contract import Change, Outcome
from idp_core.db.engine import make_engine
from idp_core.db.schema import upgrade
from idp_core.provisioning.model import ManagedAccount
from pipelines.provision.order import Order
from pipelines.provision.planner import Inputs, make_plan
from pipelines.provision.rules import Line, Person, Push
from pipelines.provision.run import Job, execute, prepare

_PATHS = {"userName": "email", "name.givenName": "given_name", "name.familyName": "family_name"}
NOW = datetime(2030, 1, 1, tzinfo=UTC)


class Instant:
    """A target that takes everything at once: what is measured is our side alone."""

    def apply(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Accept each change."""
        for change in changes:
            yield Outcome(change, id=change.id or f"r{change.number}")


def _reads(name: str) -> Callable[[dict], object]:
    return lambda record: record.get(name)


def push_rules() -> Push:
    lines = [Line(path, _reads(name), "push.yaml:1") for path, name in _PATHS.items()]
    return Push("bench", "User", "p1", _reads("gid"), lines)


def people(count: int) -> list[Person]:
    return [
        Person(f"{n:036}", f"{n:064}", {"email": f"{n}@b.c", "given_name": "A", "family_name": "B"})
        for n in range(count)
    ]


def _planning(count: int) -> tuple[float, float]:
    """Return CPU microseconds per profile for a first plan and for one without news."""
    everybody, push = people(count), push_rules()
    start = time.process_time()
    plan = make_plan("bench", push, Inputs(everybody, {}), now=NOW)
    first = time.process_time() - start
    accounts: dict[str, ManagedAccount] = {
        item.gid: replace(item.account, remote_id=str(item.number)) for item in plan.items
    }
    start = time.process_time()
    assert make_plan("bench", push, Inputs(everybody, accounts), now=NOW).empty
    return first / count * 1e6, (time.process_time() - start) / count * 1e6


def _applying(count: int, folder: Path) -> tuple[float, float]:
    """Return seconds for preparing and for applying with the journal on SQLite."""
    engine = make_engine(f"sqlite:///{folder / 'bench.db'}")
    upgrade(engine)
    everybody = people(count)
    order = Order("bench", "manual:bench", bytes(32))
    job = Job("bench", engine, Instant(), push_rules(), people=lambda: everybody, order=order)
    start = time.perf_counter()
    prepared = prepare(job)
    middle = time.perf_counter()
    assert execute(job, prepared).done == {"create": count}
    engine.dispose()
    return middle - start, time.perf_counter() - middle


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks provisioning", description=__doc__)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--writes", type=int, default=20_000)
    options = parser.parse_args(argv)
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    print(f"{machine}, SQLAlchemy {sqlalchemy.__version__}")
    first, unchanged = _planning(options.people)
    print(f"{'planning a new profile':40}{first:10.1f} µs CPU")
    print(f"{'passing by an unchanged one':40}{unchanged:10.1f} µs CPU   (at most 15)")
    with tempfile.TemporaryDirectory() as folder:
        planned, applied = _applying(options.writes, Path(folder))
    rate = options.writes / applied
    print(f"{'planning and storing, all new':40}{options.writes / planned:10,.0f} people/s")
    print(f"{'journalled apply, target without cost':40}{rate:10,.0f} changes/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
