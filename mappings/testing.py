"""Runs the examples of a mapping file by both engines and says what differs.

The values shown are the author's own: they stand in the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from mappings.checker import QUARANTINE, SKIP, TODAY
from mappings.errors import MappingError
from mappings.expected import differing, shown
from mappings.record import FieldProblem, MappedRecord, compile_record
from mappings.tree import Document, OnError, Test
from mappings.trial import Trial, batch_trial


@dataclass(frozen=True, slots=True)
class TestResult:
    """What became of one example: every difference as one line for a person."""

    __test__ = False

    test: Test
    differences: tuple[str, ...] = field(default=(), repr=False)

    @property
    def passed(self) -> bool:
        """Whether all that was expected came out, in both engines."""
        return not self.differences


def run_tests(document: Document, *, today: date | None = None) -> tuple[TestResult, ...]:
    """Run all examples of a document; `today` is the day for those that do not fix their own."""
    if not document.tests:
        return ()
    with batch_trial(document) as trial:
        return tuple(
            TestResult(test, _run(document, test, today, trial)) for test in document.tests
        )


def _run(document: Document, test: Test, today: date | None, trial: Trial) -> tuple[str, ...]:
    fixed = test.given.get(TODAY, today)
    day = fixed if isinstance(fixed, date) else None
    row = {name: value for name, value in test.given.items() if name != TODAY}
    try:
        by_batch, columns = trial(row, day)
        clock = None if day is None else lambda: day
        by_record = compile_record(document, columns=columns, today=clock)(row)
    except MappingError as error:
        return tuple(f"{problem.where}: {problem.message}" for problem in error.problems)
    except ValueError as error:
        return (str(error),)
    found = _differences(document, test, by_record)
    if by_record != by_batch:
        others = [line for line in _differences(document, test, by_batch) if line not in found]
        found += [f"{line} (in the batch engine)" for line in others]
        found += [] if others else ["the two engines disagree about this row; please report it"]
    return tuple(found)


def _differences(document: Document, test: Test, record: MappedRecord | None) -> list[str]:
    skip = test.expect.get(SKIP) is True
    if record is None:
        return [] if skip else ["the row is left out by where:, which was not expected"]
    if skip:
        return ["the row was expected to be left out by where:, and is not"]
    refused = list(_refusals(test.expect.get(QUARANTINE), record.problems))
    edges = {
        "_key": record.key,
        "_cursor": record.cursor,
        "_deleted": record.deleted,
        "_erased": record.erased,
    }
    for name, value in test.expect.items():
        if name in edges:
            if value != edges[name]:
                refused.append(f"{name}: expected {shown(value)}, got {shown(edges[name])}")
        elif name not in {SKIP, QUARANTINE}:
            line = differing(name, value, record.attributes, document.schema)
            refused += [line] if line else []
    return refused


def _refusals(expected: object, problems: Sequence[FieldProblem]) -> Iterator[str]:
    wanted = {str(name) for name in (expected if isinstance(expected, list) else [expected])}
    wanted = set() if expected is None else wanted
    severe = {p.field: p for p in problems if p.severity is not OnError.BLANK}
    for name, problem in severe.items():
        if name not in wanted:
            yield f"{name}: refused by {problem.step} ({problem.reason}), which was not expected"
    for name in sorted(wanted - set(severe)):
        yield f"{name}: expected to be refused, and was taken"
