"""What a run costs when little changed: CPU-seconds of everything beside 1, 100, … changed.

Invented customers, two or three records each, in a SQLite database; the changed ones get another
phone number or another address. Each run is the whole step: read, resolve, write links and queue.
Whether both ways give the same people is a law of the tests, and is checked here once more.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from idp_core.db import schema
from idp_core.db.engine import make_engine, reading, writing
from idp_core.profiles import policy, store
from idp_core.profiles.model import SourceProfile, SourceRef
from mappings.schema import CUSTOMER
from pipelines.resolve.batch import resolve
from pipelines.resolve.stage import Stage
from pipelines.unify import Unified, read_steward_words, resolve_step

_BATCH = 20_000
_SOURCES = ("crm", "shop", "club")


def main(argv: list[str] | None = None) -> int:
    """Print a line for each number of changed records."""
    parser = argparse.ArgumentParser(prog="benchmarks incremental", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--changed", type=int, nargs="+", default=[1, 100, 1_000, 10_000])
    parser.add_argument("--identifiers", action="store_true", help="without likeness")
    parser.add_argument("--check", action="store_true", help="resolve everything at the end, too")
    chosen = parser.parse_args(argv)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" duckdb {duckdb.__version__}; {chosen.records:,} records"
    )
    with tempfile.TemporaryDirectory() as name:
        engine = make_engine(f"sqlite:///{name}/people.db")
        schema.upgrade(engine)
        put(engine, people(chosen.records))
        graph = Path(name) / "graph.duckdb"
        stage = None if chosen.identifiers else Stage(folder=Path(name) / "models")
        _, training = _timed(engine, graph, stage)
        graph.unlink()  # everything again, by the model that is there now
        put(engine, changed(chosen.records, 2))
        full, cpu = _timed(engine, graph, stage)
        print(f"the first run, which trains: {training:.2f} CPU s")
        print("| changed | looked at | CPU s | share of everything |\n| --: | --: | --: | --: |")
        print(f"| everything | {full.counts['records']:,} | {cpu:.2f} | 1 |", flush=True)
        for number in chosen.changed:
            put(engine, changed(chosen.records, number))
            found, took = _timed(engine, graph, stage)
            looked = found.counts.get("touched", found.counts["records"])
            print(f"| {number:,} | {looked:,} | {took:.2f} | {took / cpu:.3f} |", flush=True)
        print(f"graph: {graph.stat().st_size / 1e6:.0f} MB")
        return _differ(engine, stage) if chosen.check else 0


def _timed(engine: sa.Engine, graph: Path, stage: Stage | None) -> tuple[Unified, float]:
    began = time.process_time()
    found = resolve_step(
        engine, policy.default(), CUSTOMER, fingerprint=1, stage=stage, graph=graph
    )
    return found, time.process_time() - began


def _differ(engine: sa.Engine, stage: Stage | None) -> int:
    """Resolve everything anew; return 1 when that gives other people."""
    with reading(engine) as conn:
        records = list(store.read_source_profiles(conn, deleted=False))
        links = store.read_links(conn)
        words = read_steward_words(conn)
    whole = resolve(records, {}, policy.default(), words, stage=stage)
    same = _groups(links) == _groups(whole.links)
    print(f"everything resolved anew gives {'the same' if same else 'OTHER'} people")
    return 0 if same else 1


def _groups(links: Mapping[SourceRef, str]) -> set[frozenset[SourceRef]]:
    found: dict[str, set[SourceRef]] = {}
    for ref, gid in links.items():
        found.setdefault(gid, set()).add(ref)
    return set(map(frozenset, found.values()))


def put(engine: sa.Engine, records: Iterator[SourceProfile]) -> None:
    with writing(engine) as conn:
        store.put_source_profiles(conn, records, "benchmark")


def people(records: int) -> Iterator[SourceProfile]:
    """Yield records of invented people; some miss what others have."""
    for number in range(records):
        yield _record(number, {})


def changed(records: int, number: int) -> Iterator[SourceProfile]:
    """Yield so many of them, each with a new phone or a new address."""
    chance = random.Random(number)
    for place in chance.sample(range(records), number):
        if chance.random() < 0.5:
            yield _record(place, {"phones": [{"value": f"+4479{chance.randrange(10**8):08}"}]})
        else:
            street = f"{chance.randrange(900)} New Road"
            postal_code = f"N{chance.randrange(9_000)}"
            address = {"street_address": street, "postal_code": postal_code}
            yield _record(place, {"addresses": [address]})


def _record(place: int, news: Mapping[str, Any]) -> SourceProfile:
    person, copy = divmod(place * 2, 5)
    copy //= 2
    chance = random.Random(person)
    given, family = _name(chance, 2_000), _name(chance, 40_000)
    street = f"{chance.randrange(300)} {_name(chance, 500).title()} Street"
    said: dict[str, Any] = {
        "given_name": given,
        "family_name": family,
        "birth_date": f"{chance.randint(1940, 2006)}-{chance.randint(1, 12):02}-"
        f"{chance.randint(1, 28):02}",
        "emails": [{"value": f"{given[:1]}{family}{person}@mail.example"}],
        "phones": [{"value": f"+4474{person:08}"}],
        "addresses": [{"street_address": street, "postal_code": f"P{chance.randrange(20_000)}"}],
    }
    own = random.Random(-place - 1)
    for name in ("birth_date", "emails", "phones", "addresses"):
        if own.random() < 0.3:
            del said[name]
    said |= news
    ref = SourceRef(_SOURCES[copy], str(person))
    return SourceProfile(ref, said, "benchmark@1", store.digest_of(said))


def _name(chance: random.Random, most: int) -> str:
    """Return one of so many names; few of them are common."""
    number = int(most ** chance.random())
    letters: Sequence[str] = "bcdfghjklmnprstvz"
    syllables = []
    for _ in range(3):
        number, at = divmod(number, len(letters))
        syllables.append(letters[at] + "aeiou"[(number + at) % 5])
    return "".join(syllables)


if __name__ == "__main__":
    sys.exit(main())
