"""Judges generated customer rows by one suite: compiled to DuckDB, and by Great Expectations.

Both judge the same expectations on the same rows; ours also parts good rows from bad ones. The
time to import each is shown apart. The rows are made here; nothing is read.
"""

from __future__ import annotations

import argparse
import platform
import time
from importlib.metadata import version

import duckdb

from pipelines.quality import engine
from pipelines.quality.gate import GateResult, check
from pipelines.quality.model import Expectation, Severity, Suite
from pipelines.quality.table import Table, columns_of

_ROWS = """
SELECT i AS _row, 'c' || i AS _key, NULL::VARCHAR AS _cursor, false AS _deleted,
  CASE WHEN i % 500 = 0 THEN [{'field': 'birth_date', 'step': 'date', 'reason': 'is no date',
    'severity': 'quarantine'}] ELSE [] END AS _problems,
  CASE WHEN i % 41 > 0 THEN 'Given' || i % 9973 END AS given_name,
  'Family' || hash(i) % 99991 AS family_name,
  CASE WHEN i % 7 > 0 THEN DATE '1930-01-01' + (hash(i) % 30000)::INTEGER END AS birth_date,
  [{'value': 'user' || i || CASE WHEN i % 997 > 0 THEN '@example.org' ELSE '' END,
    'type': 'work', 'primary': true, 'verified': i % 2 = 0}] AS emails,
  [{'value': '+336' || lpad((hash(i) % 100000000)::VARCHAR, 8, '0'),
    'type': 'mobile', 'primary': true, 'verified': false}] AS phones,
  ['fr', 'de', 'en', 'es', 'it'][1 + i % 5] AS language,
  CASE WHEN i % 3 > 0 THEN 'Company ' || i % 5000 END AS organization,
  'L' || lpad(i::VARCHAR, 9, '0') AS loyalty_id,
  ['gold', 'silver', 'none'][1 + i % 3] AS loyalty_tier,
  i % 4 > 0 AS "consent.marketing_email",
  TIMESTAMPTZ '2015-01-01 00:00:00+00' + to_seconds((hash(i) % 100000000)::BIGINT) AS created_at,
  TIMESTAMPTZ '2019-01-01 00:00:00+00' + to_seconds((hash(i) % 100000000)::BIGINT) AS updated_at
FROM range({rows}) r(i)
"""
Times = tuple[float, float]
"""Seconds of wall and of CPU time."""

_VALUES = "expect_column_values_to_"


def _suite() -> Suite:
    def of(type_: str, severity: Severity = Severity.CRITICAL, **kwargs: object) -> Expectation:
        return Expectation(type_, {"mostly": 0.9, **kwargs}, severity)

    def whole(type_: str, **kwargs: object) -> Expectation:
        return Expectation(type_, kwargs, Severity.WARNING)

    warning = Severity.WARNING
    return Suite(
        "benchmark",
        (
            of(f"{_VALUES}not_be_null", column="_key"),
            of(f"{_VALUES}be_unique", column="_key"),
            of(f"{_VALUES}not_be_null", warning, column="given_name"),
            of(f"{_VALUES}not_be_null", column="family_name"),
            of(f"{_VALUES}not_be_null", column="email"),
            of(f"{_VALUES}match_regex", column="email", regex=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
            of(f"{_VALUES}be_unique", column="email"),
            of(f"{_VALUES}match_regex", column="phone", regex=r"^\+[1-9][0-9]{6,14}$"),
            of(f"{_VALUES}be_in_set", column="language", value_set=["fr", "de", "en", "es", "it"]),
            of(f"{_VALUES}be_in_set", column="loyalty_tier", value_set=["gold", "silver", "none"]),
            of(
                f"{_VALUES}be_between",
                column="created_at",
                min_value="2000-01-01T00:00:00+00:00",
                max_value="2030-01-01T00:00:00+00:00",
            ),
            of(f"{_VALUES}not_match_regex", warning, column="organization", regex="(test|dummy)"),
            of("expect_column_value_lengths_to_equal", column="loyalty_id", value=10),
            of(
                "expect_column_value_lengths_to_be_between",
                column="family_name",
                min_value=1,
                max_value=60,
            ),
            of(
                "expect_column_pair_values_a_to_be_greater_than_b",
                column_A="updated_at",
                column_B="created_at",
            ),
            of("expect_compound_columns_to_be_unique", column_list=["_key", "loyalty_id"]),
            whole("expect_table_row_count_to_be_between", min_value=1),
            whole(
                "expect_column_proportion_of_non_null_values_to_be_between",
                column="birth_date",
                min_value=0.5,
            ),
            whole("expect_column_unique_value_count_to_be_between", column="language", max_value=9),
            whole(
                "expect_column_distinct_values_to_contain_set", column="language", value_set=["fr"]
            ),
        ),
    )


def _ours(con: duckdb.DuckDBPyConnection, suite: Suite) -> tuple[float, float, GateResult]:
    start = _now()
    found = check(con, "mapped", suite, good="good", bad="bad")
    return *_since(start), found


def _now() -> Times:
    return time.perf_counter(), time.process_time()


def _since(start: Times) -> Times:
    return time.perf_counter() - start[0], time.process_time() - start[1]


def _theirs(con: duckdb.DuckDBPyConnection, suite: Suite) -> tuple[Times, Times, list[int | None]]:
    """Return the seconds to import, to judge, and the counts of failing rows."""
    start = _now()
    with engine.quietly() as gx:
        imported = _since(start)
        table = Table(con, "_checked", columns_of(con, "_checked"), [])
        names = sorted({name for one in suite.expectations for name in one.columns})
        quoted = ", ".join(f'"{name}"' for name in names)
        frame = con.execute(f"SELECT {quoted} FROM {table.name}").to_arrow_table().to_pandas()
        batch = engine.open_batch(gx, frame)
        own = gx.ExpectationSuite(
            name="peer",
            expectations=[
                {"type": one.type, "kwargs": dict(one.kwargs), "meta": {"at": at}}
                for at, one in enumerate(suite.expectations)
            ],
        )
        start = _now()
        # COMPLETE names every failing row, which is what the quarantine needs
        found = batch.validate(own, result_format="COMPLETE").results
        judged = _since(start)
    counts: dict[int, int | None] = {
        one.expectation_config.meta["at"]: one.result.get("unexpected_count") for one in found
    }
    return imported, judged, [counts[at] for at in range(len(suite.expectations))]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    args = parser.parse_args(argv)
    suite = _suite()
    con = duckdb.connect()
    con.execute(f"CREATE TABLE mapped AS {_ROWS.replace('{rows}', str(args.rows))}")
    runs = [_ours(con, suite) for _ in range(3)]
    best, busy, found = min(runs, key=lambda run: run[0])
    imported, judged, counts = _theirs(con, suite)
    ours = [one.failing for one in found.verdicts]
    same = all(a == (b or 0) for a, b in zip(ours, counts, strict=True))
    threads = con.execute("SELECT current_setting('threads')").fetchall()[0][0]
    print(
        f"{platform.machine()}, {threads} threads, Python {platform.python_version()}, "
        f"DuckDB {duckdb.__version__}, Great Expectations {version('great_expectations')}"
    )
    print(f"{args.rows:,} rows x {len(suite.expectations)} expectations")
    print(f"{'':34}{'wall s':>9}{'CPU s':>9}")
    print(f"{'Isthmus: judge and part, first run':34}{runs[0][0]:9.2f}{runs[0][1]:9.2f}")
    print(f"{'Isthmus: judge and part, best of 3':34}{best:9.2f}{busy:9.2f}")
    print(f"{'Great Expectations: judge':34}{judged[0]:9.2f}{judged[1]:9.2f}")
    print(f"{'Great Expectations: import':34}{imported[0]:9.2f}{imported[1]:9.2f}")
    print(f"good {found.good:,}, quarantined {found.bad:,}; the counts agree: {same}")
    within = args.rows != 1_000_000 or best <= 1.5
    print(f"1,000,000 rows within 1.5 s: {'yes' if within else 'NO'}")
    return 0 if within and same else 1


if __name__ == "__main__":
    raise SystemExit(main())
