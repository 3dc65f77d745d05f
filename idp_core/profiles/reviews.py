"""The review queue: pairs that wait for a person, who looks at them, and what people decided.

A case is open until somebody decides it, or until a run finds that it is in doubt no more
(settled). Every action is kept, also of cases that were decided again. The caller owns the
transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from idp_core.db import bulk, counters
from idp_core.db.jsontext import to_json
from idp_core.db.types import utc_text
from idp_core.profiles.doubts import Doubt, DoubtKind
from idp_core.profiles.model import SourceRef
from idp_core.profiles.records import by_source
from idp_core.profiles.tables import review_action, review_case

Status = Literal["open", "same", "different", "skip", "settled"]
Pair = frozenset[SourceRef]

RUN = "resolve"
"""Who acts when a run opens a case again, or settles it."""
_ID = "review_case"
_WAITING = ("open", "skip")
_COLUMNS = tuple(column.name for column in review_case.columns)


@dataclass(frozen=True, slots=True)
class Case:
    """A doubt that was given a number. `until` is when what was decided holds no more."""

    id: int
    doubt: Doubt
    status: Status
    since: datetime
    assignee: str | None = None
    until: datetime | None = None

    @property
    def pair(self) -> Pair:
        """The two records."""
        return frozenset((self.doubt.left, self.doubt.right))


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody did with a case; `data` holds names and ids, never values."""

    case: int
    action: str
    who: str
    why: str
    time: datetime
    until: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cases are meant; None and "" leave a thing open. Open ones alone without a `status`.

    `source` is of one of the two records; `least` and `most` are bits above what joins.
    """

    status: Status | None = "open"
    kind: DoubtKind | None = None
    source: str | None = None
    assignee: str | None = None
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """What a run did to the queue."""

    new: int = 0
    reopened: int = 0
    settled: int = 0


def read_cases(
    conn: sa.Connection, wanted: Filter, now: datetime, limit: int | None = None
) -> Sequence[Case]:
    """Return the cases that a filter means, the strongest first.

    A case whose verdict has run out is open, whatever it was before.
    """
    table = review_case.c
    query = sa.select(review_case).order_by(table.weight.desc(), table.id).limit(limit)
    if wanted.status == "open":
        again = (table.status != "settled") & (table.until <= now)
        query = query.where(sa.or_(table.status == "open", again))
    elif wanted.status is not None:
        query = query.where(table.status == wanted.status)
    if wanted.kind is not None:
        query = query.where(table.kind == wanted.kind.value)
    if wanted.source is not None:
        either = sa.or_(table.left_source == wanted.source, table.right_source == wanted.source)
        query = query.where(either)
    if wanted.assignee is not None:
        query = query.where(table.assignee == wanted.assignee)
    if wanted.least is not None:
        query = query.where(table.weight >= wanted.least)
    if wanted.most is not None:
        query = query.where(table.weight <= wanted.most)
    return [_case(row) for row in conn.execute(query)]


def cases_of(conn: sa.Connection, ids: Collection[int]) -> Mapping[int, Case]:
    """Return cases by their numbers; those that there are."""
    query = sa.select(review_case).where(bulk.among(conn, review_case.c.id, ids))
    return {row.id: _case(row) for row in conn.execute(query)}


def pairs_asked(conn: sa.Connection, among: Collection[SourceRef] | None = None) -> frozenset[Pair]:
    """Return the pairs that wait for a person, or were put off; with `among` those of records."""
    if among is not None:
        known = cases_about(conn, among)
        return frozenset(pair for pair, case in known.items() if case.status in _WAITING)
    table = review_case.c
    query = sa.select(table.left_source, table.left_key, table.right_source, table.right_key).where(
        table.status.in_(_WAITING)
    )
    return frozenset(
        frozenset((SourceRef(ls, lk), SourceRef(rs, rk))) for ls, lk, rs, rk in conn.execute(query)
    )


def save_doubts(
    conn: sa.Connection,
    doubts: Iterable[Doubt],
    now: datetime,
    among: Collection[SourceRef] | None = None,
) -> QueueCounts:
    """Bring the queue to what a run left in doubt.

    `among` are the records that the run looked at; None when it looked at all.
    """
    known = cases_about(conn, among)
    wanted = {frozenset((doubt.left, doubt.right)): doubt for doubt in doubts}
    done = list(_reconciled(known.values(), wanted, now))
    news = [doubt for pair, doubt in wanted.items() if pair not in known]
    first = counters.take(conn, _ID, len(news)) if news else 0
    made = [Case(first + place, doubt, "open", now) for place, doubt in enumerate(news)]
    _save(conn, [*made, *(case for case, _ in done)])
    acts = [Action(case.id, name, RUN, "", now) for case, name in done if name]
    record_actions(conn, acts)
    names = [act.action for act in acts]
    return QueueCounts(len(made), names.count("reopened"), names.count("settled"))


def save_cases(conn: sa.Connection, cases: Iterable[Case], actions: Iterable[Action]) -> None:
    """Write cases as they are now, and what was done with them."""
    _save(conn, list(cases))
    record_actions(conn, actions)


def record_actions(conn: sa.Connection, actions: Iterable[Action]) -> None:
    """Write down what was done."""
    rows = [
        (
            each.case,
            each.action,
            each.who,
            each.why,
            utc_text(each.time),
            utc_text(each.until) if each.until else None,
            to_json(each.data),
        )
        for each in actions
    ]
    columns = ("case_id", "action", "who", "why", "time", "until", "data")
    bulk.insert(conn, review_action, columns, rows)


def read_actions(conn: sa.Connection, case: int) -> Sequence[Action]:
    """Return what was done with a case, oldest first."""
    table = review_action.c
    query = sa.select(review_action).where(table.case_id == case).order_by(table.position)
    return [
        Action(row.case_id, row.action, row.who, row.why, row.time, row.until, row.data)
        for row in conn.execute(query)
    ]


def count_cases(conn: sa.Connection) -> Mapping[str, int]:
    """Return how many cases there are of each status."""
    table = review_case.c
    return dict(conn.execute(sa.select(table.status, sa.func.count()).group_by(table.status)).all())


def _reconciled(
    known: Iterable[Case], wanted: Mapping[Pair, Doubt], now: datetime
) -> Iterator[tuple[Case, str]]:
    """Yield the known cases that change, with what happens to them ("" for no action).

    What was decided stays so while it holds. A pair that a person called the same and that is
    still in doubt is asked about again: something keeps the two apart all the same.
    """
    for case in known:
        doubt = wanted.get(case.pair)
        over = case.until is not None and case.until <= now
        if doubt is None:
            if case.status in _WAITING or over:
                yield replace(case, status="settled", until=None), "settled"
            continue
        if case.status in ("settled", "same") or (case.status != "open" and over):
            yield replace(case, doubt=doubt, status="open", until=None), "reopened"
        elif case.doubt != doubt:
            yield replace(case, doubt=doubt), ""


def cases_about(conn: sa.Connection, among: Collection[SourceRef] | None) -> dict[Pair, Case]:
    """Return the cases, or those about any of some records, by their pair.

    Those of a few records are read by key, and no other.
    """
    if among is None:
        rows = conn.execute(sa.select(review_case)).all()
    else:
        rows = [
            row
            for side in ("left", "right")
            for source, keys in by_source(among).items()
            for row in conn.execute(_of_side(conn, side, source, keys))
        ]
    return {case.pair: case for case in map(_case, rows)}


def _of_side(
    conn: sa.Connection, side: str, source: str, keys: Collection[str]
) -> sa.Select[tuple[Any, ...]]:
    """Return the query of the cases that have one of some records on a side."""
    table = review_case.c
    return sa.select(review_case).where(
        table[f"{side}_source"] == source, bulk.among(conn, table[f"{side}_key"], keys)
    )


def _case(row: sa.Row[Any]) -> Case:
    left, right = (
        SourceRef(row.left_source, row.left_key),
        SourceRef(row.right_source, row.right_key),
    )
    doubt = Doubt(left, right, DoubtKind(row.kind), row.weight, row.reason)
    return Case(row.id, doubt, row.status, row.since, row.assignee, row.until)


def _save(conn: sa.Connection, cases: Collection[Case]) -> None:
    rows = [
        (
            case.id,
            *case.doubt.left,
            *case.doubt.right,
            case.doubt.kind.value,
            case.doubt.weight,
            case.doubt.reason,
            case.status,
            utc_text(case.since),
            case.assignee,
            utc_text(case.until) if case.until else None,
        )
        for case in cases
    ]
    bulk.upsert(conn, review_case, _COLUMNS, rows)
