"""How the cost of deciding who is who grows with the records, beside bare Splink on the same ones.

Ours is the whole step on a SQLite database, from the stored records to the stored golden profiles:
a model trained, links, ids, events, doubts, the graph for the next run, survivorship. Splink's is
what its documentation shows for records of people: estimate, predict, cluster, from a Parquet file.
Invented customers (`incremental`); each run has a process of its own.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.incremental import people, put
from idp_core.db import schema
from idp_core.db.engine import make_engine, reading
from idp_core.profiles import policy, store, survivorship_rules
from idp_core.profiles.model import SourceRef
from mappings.schema import CUSTOMER
from pipelines.resolve.measure import measure
from pipelines.resolve.stage import Stage
from pipelines.unify import golden_step, resolve_step

_COLUMNS = ("given_name", "family_name", "birth_date", "email", "phone", "street", "postal_code")
_PART = 100_000  # records written to Parquet at once


class Took(NamedTuple):
    """CPU-seconds of each part, gigabytes at most, and how well records of a person were found."""

    parts: Mapping[str, float]
    memory: float
    precision: float
    recall: float

    @property
    def cpu(self) -> float:
        """CPU-seconds together."""
        return sum(self.parts.values())


def main(argv: list[str] | None = None) -> int:
    """Print a line for each number of records."""
    parser = argparse.ArgumentParser(prog="benchmarks growth", description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--alone", action="store_true", help="without Splink beside it")
    chosen = parser.parse_args(argv)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" duckdb {duckdb.__version__}, splink {importlib.metadata.version('splink')}"
    )
    print("| records | by | CPU s | ms a record | GB | precision | recall | parts |")
    print("| --: | --- | --: | --: | --: | --: | --: | --- |")
    for records in chosen.records:
        ours = _apart(isthmus, records)
        print(_line(records, "Isthmus", ours), flush=True)
        if not chosen.alone:
            bare = _apart(splink, records)
            print(_line(records, "Splink", bare), flush=True)
            print(f"{ours.cpu / bare.cpu:.2f} times Splink's", flush=True)
    return 0


def _apart(run: Callable[[int, Path], Took], records: int) -> Took:
    with (
        tempfile.TemporaryDirectory() as name,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
    ):
        return pool.submit(run, records, Path(name)).result()


def _line(records: int, by: str, took: Took) -> str:
    parts = ", ".join(f"{name} {cpu:.1f}" for name, cpu in took.parts.items())
    return (
        f"| {records:,} | {by} | {took.cpu:.1f} | {took.cpu / records * 1e3:.3f} |"
        f" {took.memory:.1f} | {took.precision:.4f} | {took.recall:.4f} | {parts} |"
    )


class _Parts:
    """CPU-seconds between calls, by name."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}
        self._began = time.process_time()

    def done(self, name: str) -> None:
        now = time.process_time()
        self.took[name] = now - self._began
        self._began = now


def isthmus(records: int, folder: Path) -> Took:
    """Resolve so many records and build their golden profiles."""
    engine = make_engine(f"sqlite:///{folder}/people.db")
    schema.upgrade(engine)
    put(engine, people(records))
    rules = policy.default()
    stage, graph = Stage(folder=folder / "models"), folder / "graph.duckdb"
    parts = _Parts()
    resolve_step(engine, rules, CUSTOMER, fingerprint=1, stage=stage, graph=graph)
    parts.done("resolved")
    golden_step(engine, survivorship_rules.default(), rules, CUSTOMER, fingerprint=1)
    parts.done("golden")
    memory = _memory()
    with reading(engine) as conn:
        return _judged(parts, memory, store.read_links(conn))


def splink(records: int, folder: Path) -> Took:
    """Deduplicate so many records as Splink's documentation shows it."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    file = folder / "people.parquet"
    _write(records, file)
    parts = _Parts()
    with duckdb.connect(str(folder / "splink.duckdb")) as con:
        con.execute("SET enable_progress_bar = false")
        con.execute(f"CREATE TABLE people AS FROM '{file}'")
        settings = SettingsCreator(
            link_type="dedupe_only",
            comparisons=[
                cl.ForenameSurnameComparison("given_name", "family_name"),
                cl.DateOfBirthComparison("birth_date", input_is_string=True),
                cl.EmailComparison("email"),
                cl.ExactMatch("phone"),
                cl.JaroWinklerAtThresholds("street", [0.9]),
                cl.ExactMatch("postal_code").configure(term_frequency_adjustments=True),
            ],
            blocking_rules_to_generate_predictions=[
                block_on("email"),
                block_on("phone"),
                block_on("given_name", "family_name"),
                block_on("family_name", "birth_date"),
                block_on("given_name", "birth_date"),
                block_on("given_name", "postal_code"),
                block_on("family_name", "postal_code"),
                block_on("birth_date", "postal_code"),
                block_on(
                    "substr(given_name, 1, 2)",
                    "substr(family_name, 1, 2)",
                    "substr(birth_date, 1, 4)",
                ),
            ],
        )
        api = DuckDBAPI(con)
        linker = Linker(api.register("people"), settings, log_level=None)
        certain = [block_on("email"), block_on("given_name", "family_name", "birth_date")]
        linker.training.estimate_probability_two_random_records_match(certain, recall=0.7)
        linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
        for rule in (block_on("given_name", "family_name"), block_on("birth_date")):
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        parts.done("trained")
        scored = linker.inference.predict(threshold_match_probability=0.5)
        parts.done("predicted")
        found = linker.clustering.cluster_pairwise_predictions_at_threshold(scored, 0.95)
        parts.done("clustered")
        memory = _memory()
        rows = con.execute(f"SELECT unique_id, cluster_id FROM {found.physical_name}").fetchall()
    return _judged(parts, memory, {SourceRef(*who.split(":")): str(group) for who, group in rows})


def _judged(parts: _Parts, memory: float, links: Mapping[SourceRef, str]) -> Took:
    got = measure(links, {ref: ref.key for ref in links})  # a key is the person's number
    return Took(parts.took, memory, got.precision, got.recall)


def _write(records: int, file: Path) -> None:
    fields = [("unique_id", pa.string()), *((name, pa.string()) for name in _COLUMNS)]
    rows: list[dict[str, Any]] = []
    with pq.ParquetWriter(file, pa.schema(fields)) as writer:
        for at, record in enumerate(people(records), 1):
            said = record.attributes
            first: dict[str, Any] = {
                name: said.get(name, [{}])[0] for name in ("emails", "phones", "addresses")
            }
            row = {name: said.get(name) for name in _COLUMNS} | dict(first["addresses"])
            row |= {"email": first["emails"].get("value"), "phone": first["phones"].get("value")}
            rows.append(row | {"unique_id": f"{record.ref.source}:{record.ref.key}"})
            if at % _PART == 0 or at == records:
                writer.write_table(pa.Table.from_pylist(rows, schema=pa.schema(fields)))
                rows.clear()


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    sys.exit(main())
