"""Maps generated contact rows by the batch engine, by the record engine row by row, and one by one.

The mapping is that of the reference page: twelve fields, phone numbers included. Figures are
records per second of CPU time of this process. The rows are made here; nothing is read.
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from mappings.batch import compile_batch
from mappings.document import load_mapping
from mappings.record import compile_record

MAPPING = """
mapping: contact
from: {connector: files, object: contacts, as: c}
key: c.Id
cursor: c.SystemModstamp
delete: c.IsDeleted
fields:
  email:        {from: c.Email, steps: [trim, lower, email], pii: contact}
  given_name:   {from: c.FirstName, steps: [trim, nfc, blank_to_null]}
  family_name:  {from: c.LastName, steps: [trim, squeeze, blank_to_null]}
  display_name: {expr: "concat_ws(' ', c.FirstName, c.LastName)", steps: [trim, squeeze]}
  phone:
    first_of: [c.MobilePhone, c.Phone]
    steps: [phone_e164]
    args: {region: c.Country}
    on_error: blank
  birth_date:
    from: c.Birthdate
    steps: [{date: {formats: ["%Y-%m-%d", "%d.%m.%Y"]}}]
    on_error: blank
  address.locality:    {from: c.City, steps: [trim]}
  address.postal_code: {from: c.Zip, steps: [trim, upper]}
  address.country:     {from: c.Country, steps: [country], on_error: blank}
  loyalty_tier: {from: c.Tier, steps: [lower], lookup: {gold: gold, silver: silver}, default: none}
  consent.marketing_email: {expr: "not c.HasOptedOutOfEmail"}
  updated_at:   c.SystemModstamp
"""

_REGIONS = ("FR", "DE", "GB", "US", "ES", "NL", "CH", "BE", "IT", "AT")
_NUMBERS = {
    "FR": ("06 {:02d} {:02d} {:02d} {:02d}", "+33 6{:02d}{:02d}{:02d}{:02d}"),
    "DE": ("0151 {:02d}{:02d}{:02d}{:02d}", "+49 170 {:02d}{:02d}{:02d}9"),
    "GB": ("07400 {:02d}{:02d}{:02d}", "+44 7400 {:02d}{:02d}{:02d}"),
    "US": ("(202) 4{:02d}-{:02d}{:02d}", "+1 212-5{:02d}-{:02d}{:02d}"),
    "ES": ("612 {:02d} {:02d} {:02d}", "+34 612{:02d}{:02d}{:02d}"),
    "NL": ("06 12{:02d}{:02d}{:02d}", "0031612{:02d}{:02d}{:02d}"),
    "CH": ("079 2{:02d} {:02d} {:02d}", "+41 79 2{:02d} {:02d} {:02d}"),
    "BE": ("0470 {:02d} {:02d} {:02d}", "+32 470 {:02d} {:02d} {:02d}"),
    "IT": ("347 {:02d} {:02d} {:02d}1", "+39 347 {:02d}{:02d}{:02d}1"),
    "AT": ("0664 1{:02d}{:02d}{:02d}", "+43 664 1{:02d}{:02d}{:02d}"),
}


def contacts(count: int, seed: int = 1) -> pa.Table:
    """Generate contacts: 4 of 5 have a phone number, 1 of 5 e-mails has spaces around it.

    2 in 100 e-mails are wrong; names and cities have spaces, accents and double spaces.
    """
    chance = random.Random(seed)
    rows: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    for index in range(count):
        for name, value in zip(SCHEMA.names, _contact(index, chance), strict=True):
            rows[name].append(value)
    return pa.table(rows, SCHEMA)


def _contact(index: int, chance: random.Random) -> tuple[Any, ...]:
    name = chance.randrange(len(_NAMES))
    first = _NAMES[name]
    last = chance.choice(("Lee", "van  Dyk", "Müller", "O'Neil", "Smith")) + str(index % 9973)
    region = chance.choice(_REGIONS)
    phone = _phone(region, chance)
    at = "@" if chance.random() > 0.02 else "(at)"
    return (
        index,
        f"003{index:012d}",
        f"{' ' * (index % 5 == 0)}{_MAILBOXES[name]}.{index}{at}Example{index % 50}.com",
        first,
        last,
        phone if chance.random() < 0.6 else None,
        phone if chance.random() < 0.5 else None,
        region,
        f"{1940 + index % 60}-{1 + index % 12:02d}-{1 + index % 28:02d}"
        if index % 3
        else "31.01.1980",
        chance.choice(("Paris", " Lyon", "Wien", "London ")),
        f"{index % 99999:05d}",
        chance.choice(("Gold", "SILVER", "bronze", None)),
        chance.random() < 0.3,
        f"2024-01-{1 + index % 28:02d}T{index % 24:02d}:00:00.000Z",
        False,
    )


def _phone(region: str, chance: random.Random) -> str:
    form = _NUMBERS[region][chance.random() < 0.3]
    return form.format(*(chance.randrange(100) for _ in range(4)))


_NAMES = ("Ann", " Bob", "Chloé", "Dörte ", "Eve", "François", "Gül")
_MAILBOXES = ("Ann", "bob", "chloe", "doerte", "Eve", "francois", "guel")
_TEXTS = ("Id", "Email", "FirstName", "LastName", "MobilePhone", "Phone", "Country", "Birthdate",
          "City", "Zip", "Tier")  # fmt: skip
SCHEMA = pa.schema(
    [("_row", pa.int64())]
    + [(name, pa.string()) for name in _TEXTS]
    + [
        ("HasOptedOutOfEmail", pa.bool_()),
        ("SystemModstamp", pa.string()),
        ("IsDeleted", pa.bool_()),
    ]
)


def batch(path: Path, threads: int) -> tuple[float, float, int]:
    """Map a Parquet file into a DuckDB table; returns CPU seconds, seconds and rows."""
    plan = compile_batch(load_mapping(MAPPING, "contact.yaml"))
    with duckdb.connect(config={"threads": threads}) as con:
        plan.prepare(con)
        relation = f"read_parquet('{path}')"
        described = con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        sql = plan.select(relation, {name: type_ for name, type_, *_ in described})
        started, cpu = time.perf_counter(), time.process_time()
        con.execute(f"CREATE TABLE mapped AS {sql}").fetchall()
        taken = time.process_time() - cpu, time.perf_counter() - started
        count = con.execute("SELECT count(*) FROM mapped").fetchall()[0][0]
    return *taken, int(count)


def row_wise(rows: list[dict[str, Any]]) -> float:
    """Map rows by the record engine; returns CPU seconds."""
    map_row = compile_record(load_mapping(MAPPING, "contact.yaml"))
    cpu = time.process_time()
    for row in rows:
        map_row(row)
    return time.process_time() - cpu


def one_by_one(rows: list[dict[str, Any]]) -> list[float]:
    """Map rows one by one; returns the microseconds of each."""
    map_row = compile_record(load_mapping(MAPPING, "contact.yaml"))
    for row in rows[:1000]:
        map_row(row)
    taken = []
    for row in rows:
        started = time.perf_counter_ns()
        map_row(row)
        taken.append((time.perf_counter_ns() - started) / 1000)
    return taken


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=50_000, help="rows mapped one by one")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(argv)
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, "
          f"DuckDB {duckdb.__version__}, {options.threads} threads")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contacts.parquet"
        with pq.ParquetWriter(path, SCHEMA) as writer:
            for seed in range(0, options.rows, 100_000):
                writer.write_table(contacts(min(100_000, options.rows - seed), seed))
        sample = pq.ParquetFile(path).read_row_group(0).slice(0, options.sample).to_pylist()
        cpu, seconds, count = batch(path, options.threads)
    alone = row_wise(sample)
    taken = sorted(one_by_one(sample))
    print(f"{'engine':<28}{'rows':>10}{'seconds':>10}{'CPU-s':>10}{'rows per CPU-s':>16}")
    print(f"{'batch (DuckDB)':<28}{count:>10}{seconds:>10.2f}{cpu:>10.2f}{count / cpu:>16,.0f}")
    pace, slowest = len(sample) / alone, taken[len(taken) * 99 // 100]
    print(f"{'row by row (closures)':<28}{len(sample):>10}{'':>10}{alone:>10.2f}{pace:>16,.0f}")
    print(f"one record: median {statistics.median(taken):.1f} µs, 99% {slowest:.1f} µs")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
