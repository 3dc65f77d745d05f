"""The gate: parts the good rows of a mapped batch from the bad ones, and says when to stop.

A row is bad, and quarantined with its reasons, when the mapping refused one of its fields
(`quarantine`) or when it fails a *critical* expectation about rows, whatever `mostly` allows:
`mostly` says how many bad rows a run may hold before something is wrong with the source itself.
Rows that fail an expectation of severity *warning* or *info* pass and are counted. The run stops
when a critical expectation is not met as a whole or a field's step says `fail`.

A deletion (`_deleted`) needs nothing but its key: only expectations on `_key` look at it.
Reasons hold names of rules and columns, never a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from mappings.schema import CUSTOMER, Schema
from mappings.values import quote
from pipelines.quality.evaluate import Judged, evaluate
from pipelines.quality.literals import quoted
from pipelines.quality.model import Severity, Suite, Verdict
from pipelines.quality.table import LIVE, Table, checked_view
from pipelines.quality.words import failure

EXAMPLES = 20
_PAGE = 10_000
_REASON = '{{"origin": {}, "rule": {}, "field": {}, "reason": {}}}'


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row is bad. `origin` is ``mapping`` or ``expectation``; `rule` a step or a type."""

    origin: str
    rule: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A bad row: its `_row` number in the landed input, its key where it has one, the reasons."""

    row: int
    key: str | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class ProblemCount:
    """How often a mapping step refused a field; `severity` is what the field's on_error says."""

    field: str
    step: str
    severity: str
    rows: int


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate found. `good` and `bad` count rows; `stopped` is a line for a person.

    `verdicts` are in the suite's order; `examples` names the first failing `_row` numbers of each
    verdict. `bad_relation` has `_row`, `_key` and `_reasons`; `good_relation` the columns of the
    mapped relation, of which it is a view: that one must stay as long as it is read.
    """

    suite: Suite
    verdicts: tuple[Verdict, ...]
    examples: tuple[tuple[int, ...], ...]
    problems: tuple[ProblemCount, ...]
    rows: int
    good: int
    bad: int
    good_relation: str
    bad_relation: str
    stopped: str | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each expectation that is not met and does not stop the run."""
        lines = (v for v in self.verdicts if not v.success)
        return tuple(_line(v) for v in lines if v.expectation.severity is Severity.WARNING)

    def rejected(self, con: duckdb.DuckDBPyConnection) -> Iterator[Rejected]:
        """Yield the bad rows by row number, a page at a time."""
        last = -(2**62)
        while page := con.execute(
            f'SELECT "_row", "_key", "_reasons" FROM {quoted(self.bad_relation)} '
            f'WHERE "_row" > ? ORDER BY "_row" LIMIT {_PAGE}',
            [last],
        ).fetchall():
            for row, key, reasons in page:
                yield Rejected(row, key, tuple(Reason(**reason) for reason in reasons))
            last = page[-1][0]


def check(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    suite: Suite,
    *,
    good: str,
    bad: str,
    schema: Schema = CUSTOMER,
) -> GateResult:
    """Judge a mapped relation and make the relations `good` and `bad` of it.

    `_row` must number the rows without repetition. Nothing is lost: every row is in one of the two.
    When `stopped` is set the caller stores neither. Raises SuiteError for an expectation that
    cannot be judged as it is written.
    """
    table = checked_view(con, relation, "_checked", schema)
    judged = evaluate(table, suite.expectations)
    problems = _problems(con, relation)
    refused = any(one.severity == "quarantine" for one in problems)
    _part(table, relation, judged, good=good, bad=bad, refused=refused)
    rows, lost = _counts(con, relation, bad)
    return GateResult(
        suite=suite,
        verdicts=tuple(one.verdict for one in judged),
        examples=_examples(table, judged),
        problems=problems,
        rows=rows,
        good=rows - lost,
        bad=lost,
        good_relation=good,
        bad_relation=bad,
        stopped=_stopped([one.verdict for one in judged], problems),
    )


def _problems(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[ProblemCount, ...]:
    found = con.execute(
        "SELECT p.field, p.step, p.severity, count(*) FROM (SELECT unnest(_problems) AS p "
        f"FROM {quoted(relation)} WHERE {LIVE} AND len(_problems) > 0) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return tuple(ProblemCount(*row) for row in found)


def _part(
    table: Table,
    relation: str,
    judged: Sequence[Judged],
    *,
    good: str,
    bad: str,
    refused: bool,
) -> None:
    """Make `bad` in one statement, and `good` as what is left."""
    where, reasons = [], []
    if refused:
        where.append(f"({LIVE} AND len(_problems) > 0)")
        severe = "list_filter(_problems, lambda p: p.severity = 'quarantine')"
        reason = _REASON.format("'mapping'", "p.step", "p.field", "p.reason")
        mapped = f"list_transform({severe}, lambda p: {reason})"
        reasons.append(f"CASE WHEN {LIVE} THEN {mapped} ELSE [] END")
    for one in judged:
        if one.failing and one.verdict.failing and _critical(one.verdict):
            where.append(f"({one.failing})")
            reasons.append(f"CASE WHEN {one.failing} THEN [{_reason(one.verdict)}] ELSE [] END")
    empty = (
        'CAST([] AS STRUCT("origin" VARCHAR, "rule" VARCHAR, "field" VARCHAR, reason VARCHAR)[])'
    )
    joined = f"list_concat({', '.join([empty, *reasons])})"
    table.con.execute(
        f"CREATE OR REPLACE TABLE {quoted(bad)} AS SELECT * FROM ("
        f"SELECT _row, _key, {joined} AS _reasons FROM {table.name} "
        f"WHERE {' OR '.join(where) or 'FALSE'}) WHERE len(_reasons) > 0"
    )
    table.con.execute(
        f"CREATE OR REPLACE VIEW {quoted(good)} AS SELECT * FROM {quoted(relation)} "
        f"ANTI JOIN {quoted(bad)} USING (_row)"
    )


def _critical(verdict: Verdict) -> bool:
    return verdict.expectation.severity is Severity.CRITICAL


def _reason(verdict: Verdict) -> str:
    of = verdict.expectation
    parts = ("expectation", of.type, ", ".join(of.columns), failure(of))
    return _REASON.format(*map(quote, parts))


def _counts(con: duckdb.DuckDBPyConnection, relation: str, bad: str) -> tuple[int, int]:
    found = con.execute(
        f"SELECT (SELECT count(*) FROM {quoted(relation)}), (SELECT count(*) FROM {quoted(bad)})"
    ).fetchall()
    return int(found[0][0]), int(found[0][1])


def _examples(table: Table, judged: Sequence[Judged]) -> tuple[tuple[int, ...], ...]:
    """Return the first row numbers that fail each verdict: where to look, not what is there."""
    wanted = [one.failing if one.failing and one.verdict.failing else None for one in judged]
    sql = [f"min(_row, {EXAMPLES}) FILTER (WHERE {one})" for one in wanted if one]
    if not sql:
        return tuple(() for _ in judged)
    found = iter(table.con.execute(f"SELECT {', '.join(sql)} FROM {table.name}").fetchall()[0])
    return tuple(tuple(next(found) or ()) if one else () for one in wanted)


def _stopped(verdicts: Sequence[Verdict], problems: Sequence[ProblemCount]) -> str | None:
    lines = [_line(one) for one in verdicts if not one.success and _critical(one)]
    lines += [
        f"{one.field}: step {one.step!r} refused {one.rows} rows and its on_error is fail"
        for one in problems
        if one.severity == "fail"
    ]
    return "; ".join(lines) or None


def _line(verdict: Verdict) -> str:
    of, found = verdict.expectation, verdict.result
    where = f"; see {of.place}" if of.place else ""
    if verdict.error:
        return f"{of.rule} could not be judged ({verdict.error}){where}"
    if verdict.failing and "element_count" in found:
        share = found["unexpected_percent"]
        allowed = f"mostly {of.mostly:g} allows {100 - 100 * of.mostly:.3g}%"
        rows = f"{verdict.failing} of {found['element_count']} rows ({share:.3g}%)"
        return f"{of.rule} fails for {rows}; {allowed}{where}"
    return f"{of.rule} is not met{where}"
