"""Reading CSV into Parquet: our files source beside pyarrow alone, on the same file."""

from __future__ import annotations

import argparse
import os
import platform
import random
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as pacsv
from pyarrow import parquet as pq

from connectors.contract import Query
from connectors.files import Files

NAMES = "id,email,first_name,last_name,phone,street,zip,city,country,born,updated_at"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks reading", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    chosen = parser.parse_args(argv)
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, pyarrow {version('pyarrow')}"
    )
    print(f"{'file':<22}{'rows':>10}{'pyarrow s':>11}{'ours s':>9}{'ratio':>8}{'CPU ratio':>11}")
    worst = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for label, quoted in (("plain", False), ("quoted names", True)):
            path = folder / f"{label.replace(' ', '-')}.csv"
            write(path, chosen.rows, quoted=quoted)
            pairs = [(timed(alone, path), timed(ours, path)) for _ in range(chosen.repeat)]
            (pa_wall, pa_cpu), (our_wall, our_cpu) = (
                min(p[0] for p in pairs),
                min(p[1] for p in pairs),
            )
            worst = max(worst, our_wall / pa_wall)
            print(
                f"{label:<22}{chosen.rows:>10,}{pa_wall:>11.2f}{our_wall:>9.2f}"
                f"{our_wall / pa_wall:>8.2f}{our_cpu / pa_cpu:>11.2f}"
            )
            path.unlink()
    print("ours also hashes the file, proves its encoding, and keeps every line it cannot read")
    print(f"goal: at most 1.5 times pyarrow: {'met' if worst <= 1.5 else 'MISSED'}")
    return 0 if worst <= 1.5 else 1


def write(path: Path, rows: int, *, quoted: bool) -> None:
    rng = random.Random(7)
    mark = '"' if quoted else ""
    with path.open("w", encoding="utf-8") as file:
        file.write(NAMES + "\n")
        for i in range(rows):
            n = rng.randrange(10**6)
            file.write(
                f"{i:08},user{n}@mail.example,{mark}Zoë{n % 977}{mark},{mark}Lee{n % 7919}{mark},"
                f"+4474{n:08},{n % 300} High Street,LS{n % 30} {n % 9}AP,Leeds,GB,"
                f"19{n % 90 + 10}-0{n % 9 + 1}-1{n % 9},2026-01-31T12:00:{n % 60:02}Z\n"
            )


def alone(path: Path, target: Path) -> None:
    """What pyarrow needs to do the same: every column text, read in a stream, one Parquet file."""
    options = pacsv.ConvertOptions(column_types=dict.fromkeys(NAMES.split(","), pa.string()))
    reader = pacsv.open_csv(path, convert_options=options)
    with pq.ParquetWriter(target, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)


def ours(path: Path, target: Path) -> None:
    source = Files(path=path)
    writer: pq.ParquetWriter | None = None
    for page in source.read(Query(path.stem, page_size=100_000)):
        writer = writer or pq.ParquetWriter(target, page.rows.schema, compression="zstd")
        writer.write_batch(page.rows)
    if writer:
        writer.close()


def timed(job: Callable[[Path, Path], None], path: Path) -> tuple[float, float]:
    target = path.with_suffix(".parquet")
    wall, cpu = time.perf_counter(), time.process_time()
    job(path, target)
    result = time.perf_counter() - wall, time.process_time() - cpu
    target.unlink()
    return result
