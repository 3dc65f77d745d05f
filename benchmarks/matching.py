"""What it takes to say whom one record would join, among many: milliseconds, CPU and wall.

Invented customers in a SQLite database, resolved with likeness; the records asked about are theirs
with another phone number or address, or new people's.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb

from benchmarks.incremental import changed, people, put
from idp_core.db import schema
from idp_core.db.engine import make_engine, reading
from idp_core.profiles import policy
from idp_core.profiles.model import SourceRef
from mappings.schema import CUSTOMER
from pipelines.bus import Bus
from pipelines.matching import Matcher
from pipelines.resolve.stage import Stage
from pipelines.unify import resolve_step


def main(argv: list[str] | None = None) -> int:
    """Print what the middle and the slow ones of many look-ups take."""
    parser = argparse.ArgumentParser(prog="benchmarks matching", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--asked", type=int, default=2_000)
    chosen = parser.parse_args(argv)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" duckdb {duckdb.__version__}; {chosen.records:,} records"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = make_engine(f"sqlite:///{folder}/people.db")
        schema.upgrade(engine)
        put(engine, people(chosen.records))
        stage, graph = Stage(folder=folder / "models"), folder / "graph.duckdb"
        rules = policy.default()
        resolve_step(engine, rules, CUSTOMER, fingerprint=1, stage=stage, graph=graph)
        bus: Any = SimpleNamespace(
            identifiers=rules, stage=stage, graph=graph, engine=engine, schema=CUSTOMER
        )
        began = time.process_time()
        matcher = Matcher(cast("Bus", bus))
        print(f"read into memory: {time.process_time() - began:.1f} CPU s")
        took, waited, joined = [], [], 0
        with reading(engine) as conn:
            for number, record in enumerate(changed(chosen.records, chosen.asked)):
                asked = replace(record, ref=SourceRef("new", str(number)))
                start, clock = time.process_time(), time.perf_counter()
                joined += matcher.match(conn, asked).gid is not None
                took.append(time.process_time() - start)
                waited.append(time.perf_counter() - clock)
        took.sort()
        waited.sort()
        for share in (0.5, 0.95, 0.99):
            cpu, wall = (found[int(len(found) * share)] * 1e3 for found in (took, waited))
            print(f"p{share * 100:.0f}: {cpu:.2f} ms CPU, {wall:.2f} ms wall")
        print(f"{joined:,} of {len(took):,} would join somebody")
    return 0


if __name__ == "__main__":
    sys.exit(main())
