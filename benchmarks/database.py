"""A million rows from PostgreSQL to Parquet: our sql source beside connectorx alone.

The server is the embedded one of the tests, so it shares our cores; CPU-seconds are those of the
reading process.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import connectorx
import psycopg
from pyarrow import parquet as pq

from connectors.contract import Query
from connectors.secrets import Secret
from connectors.sql import Sql
from pipelines.sandbox.postgres import Postgres, running

FILL = """
CREATE TABLE customers AS SELECT
    lpad(n::text, 8, '0') AS id, 'user' || n || '@mail.example' AS email,
    'Zoë' || n % 977 AS first_name, 'O''Brien' || n % 7919 AS last_name,
    CASE WHEN n % 3 > 0 THEN '+4474' || n END AS phone, n % 300 || ' High Street, "A"' AS street,
    'LS' || n % 30 AS zip, date '1970-01-01' + (n % 20000)::int AS born, n % 7 > 0 AS active,
    (n % 10000) / 100.0::numeric(8, 2) AS balance,
    timestamptz '2026-01-31 12:00Z' + n * interval '1 second' AS updated_at
FROM generate_series(1, {rows}) AS n;
ALTER TABLE customers ALTER balance TYPE numeric(8, 2);
ALTER TABLE customers ADD PRIMARY KEY (id);
CREATE INDEX ON customers (updated_at, id);
ANALYZE customers
"""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks database", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    chosen = parser.parse_args(argv)
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, connectorx {version('connectorx')}"
    )
    with tempfile.TemporaryDirectory() as name, running(Path(name) / "server") as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute(FILL.format(rows=chosen.rows))  # type: ignore[call-overload]
        target = Path(name) / "rows.parquet"
        ways: dict[str, Callable[[Postgres, Path], int]] = {
            "connectorx alone": alone,
            "ours, in full": in_full,
            "ours, by cursor": by_cursor,
        }
        taken = {way: [timed(read, server, target, chosen.rows) for _ in range(chosen.repeat)]
                 for way, read in ways.items()}  # fmt: skip
    wall, cpu = (min(each[i] for each in taken["connectorx alone"]) for i in (0, 1))
    print(f"{'reader':<20}{'best s':>8}{'ratio':>8}{'CPU s':>8}{'ratio':>8}")
    for way, times in taken.items():
        ours_wall, ours_cpu = (min(each[i] for each in times) for i in (0, 1))
        print(
            f"{way:<20}{ours_wall:>8.2f}{ours_wall / wall:>8.2f}"
            f"{ours_cpu:>8.2f}{ours_cpu / cpu:>8.2f}"
        )
    worst = min(each[0] for each in taken["ours, in full"]) / wall
    print(f"goal: at most 1.5 times connectorx: {'met' if worst <= 1.5 else 'MISSED'}")
    return 0 if worst <= 1.5 else 1


def timed(
    read: Callable[[Postgres, Path], int], server: Postgres, target: Path, rows: int
) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    assert read(server, target) == rows
    return time.perf_counter() - wall, time.process_time() - cpu


def alone(server: Postgres, target: Path) -> int:
    """What the library needs to do the same: the whole table as Arrow, one Parquet file."""
    table = connectorx.read_sql(server.dsn(), "SELECT * FROM customers", return_type="arrow")
    pq.write_table(table, target, compression="zstd")
    return int(table.num_rows)


def in_full(server: Postgres, target: Path) -> int:
    return _ours(server, target, Query("customers", page_size=100_000))


def by_cursor(server: Postgres, target: Path) -> int:
    query = Query("customers", key="id", cursor="updated_at", page_size=100_000)
    return _ours(server, target, query)


def _ours(server: Postgres, target: Path, query: Query) -> int:
    password = Secret(f"file:{server.password_file}")
    source = Sql.model_validate({"url": server.url(password=False), "password": password})
    writer: pq.ParquetWriter | None = None
    rows = 0
    for page in source.read(query):
        writer = writer or pq.ParquetWriter(target, page.rows.schema, compression="zstd")
        writer.write_batch(page.rows)
        rows += page.rows.num_rows
    if writer:
        writer.close()
    return rows
