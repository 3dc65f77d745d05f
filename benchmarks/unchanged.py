"""What a run costs whose people and accounts did not change, all read from the database.

``python -m benchmarks unchanged [--people N] [--outside PERCENT] [--postgresql]``. So many of a
hundred are out of the target's scope and have no account. On PostgreSQL the CPU is that of our
process; the server's comes on top, within the time.
"""

from __future__ import annotations

import argparse
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from benchmarks.provisioning import NOW, Instant, push_rules
from idp_core.db.engine import make_engine, reading, writing
from idp_core.db.schema import upgrade
from idp_core.profiles import store
from idp_core.profiles.model import Lineage, Profile, SourceRef
from idp_core.provisioning.accounts import save_accounts
from pipelines.provision.planner import Inputs, make_plan
from pipelines.provision.rules import Push
from pipelines.provision.run import Job, prepare
from pipelines.sandbox.postgres import running
from pipelines.targets import people_of, stored

_CHUNK = 20_000


def _profile(number: int, outside: int) -> Profile:
    """One person as two systems tell of them: a dozen attributes, each with its lineage."""
    email = f"ann.{number}@example.org"
    attributes = {
        "email": email,
        "given_name": f"Ann{number % 977}",
        "family_name": f"Bell{number % 7919}",
        "phone": f"+4930{number:08}",
        "country": "DE",
        "language": "de",
        "loyalty_tier": "gold" if number % 3 else "silver",
        "active": True,
        "nickname": "outside" if number % 100 < outside else "inside",
        "consent.marketing_email": number % 2 == 0,
        "emails": [{"value": email, "type": "work", "verified": True}],
        "addresses": [{"street_address": f"Main Street {number}", "locality": "Berlin",
                       "postal_code": "10115", "country": "DE"}],
    }  # fmt: skip
    ref = SourceRef("crm" if number % 2 else "shop", f"K{number:08}")
    lineage = [Lineage(name, ref, "crm", "trust", "most trusted source") for name in attributes]
    return Profile(f"{number:036}", attributes, lineage)


def _push() -> Push:
    return replace(push_rules(), scope=lambda record: record["nickname"] == "inside")


def _world(engine: sa.Engine, count: int, outside: int) -> None:
    """Store people, and the accounts that a run would have made of them."""
    push, numbers = _push(), iter(range(count))
    while chunk := [_profile(number, outside) for number in islice(numbers, _CHUNK)]:
        with writing(engine) as conn:
            store.save_profiles(conn, chunk, now=NOW)
        people = list(people_of(engine, [each.gid for each in chunk]))
        plan = make_plan("bench", push, Inputs(people, {}), now=NOW)
        with writing(engine) as conn:
            made = (replace(each.account, remote_id=f"r{each.gid}") for each in plan.items)
            save_accounts(conn, made, NOW)


def _read(engine: sa.Engine) -> Iterator[Sequence[object]]:
    """Read what the plan is made from and do nothing with it: the floor."""
    tables = (
        "SELECT gid, digest FROM profile",
        "SELECT gid, key, remote_id, profile_digest FROM account",
    )
    with reading(engine) as conn:
        for query in tables:
            yield from conn.exec_driver_sql(query)


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks unchanged", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--outside", type=int, default=0, metavar="PERCENT")
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args(argv)
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    world = f"{options.people:,} people, {options.outside} % outside"
    print(f"{machine}, SQLAlchemy {sa.__version__}, {world}")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        if options.postgresql:
            url = stack.enter_context(running(Path(folder) / "server")).create("bench")
        engine = make_engine(url)
        upgrade(engine)
        _world(engine, options.people, options.outside)
        if options.postgresql:  # what autovacuum does in a minute
            with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
                conn.exec_driver_sql("ANALYZE")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start = time.process_time()
        rows = sum(1 for _ in _read(engine))
        floor = time.process_time() - start
        inside = rows - options.people
        job = Job(
            "bench",
            engine,
            Instant(),
            _push(),
            people=lambda: people_of(engine),
            stored=stored(engine),
        )
        begun = time.process_time()
        if options.outside:
            prepare(job)
        found = time.process_time() - begun
        wall, start = time.perf_counter(), time.process_time()
        prepared = prepare(job)
        spent, waited = time.process_time() - start, time.perf_counter() - wall
        assert prepared.plan.empty
        assert (prepared.plan.unchanged, prepared.plan.people) == (inside, options.people)
        engine.dispose()
    each = 1e6 / options.people
    kind = "PostgreSQL" if options.postgresql else "SQLite"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{kind}; {before:,.0f} MiB before")
    print(f"{'reading ids and digests alone':40}{floor * each:10.1f} µs CPU a person")
    if options.outside:
        print(f"{'finding who is outside, once':40}{found * each:10.1f} µs CPU a person")
    print(f"{'planning, nothing changed':40}{spent * each:10.1f} µs CPU a person (at most 15)")
    print(f"{'in all':40}{spent:10.1f} CPU-seconds, {waited:.1f} seconds, {memory:,.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
