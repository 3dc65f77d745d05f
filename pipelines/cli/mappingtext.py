"""How the answers about mapping files read: lines for a person, documents for a machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mappings.errors import Problem
from pipelines.authoring.checking import Checked, Tested


def checked_lines(checked: Checked) -> Iterator[str]:
    """Tell what is wrong with a file, or that it is right."""
    yield from checked.failures
    yield from map(str, checked.problems)
    if checked.unreachable:
        yield f"{checked.file.path}: the source could not be asked: {checked.unreachable}"
    yield from (f"{note} (note)" for note in checked.notes)
    if checked.right and checked.document is not None:
        fields, tests = len(checked.document.fields), len(checked.document.tests)
        yield f"{checked.file.path}: right ({counted(fields, 'field')}, {counted(tests, 'test')})"


def checked_summary(found: Sequence[Checked]) -> str:
    """Tell how many files there were, and how many problems."""
    problems = sum(len(each.problems) + len(each.failures) for each in found)
    asked = sum(each.unreachable is not None for each in found)
    said = f"{counted(len(found), 'file')} checked, {counted(problems, 'problem')}"
    return f"{said}, {counted(asked, 'source')} not reached" if asked else said


def checked_document(found: Sequence[Checked]) -> dict[str, Any]:
    """Return what was found as one document."""
    return {"right": all(each.right for each in found), "files": [_checked(each) for each in found]}


def _checked(each: Checked) -> dict[str, Any]:
    return {
        "file": str(each.file.path),
        "kind": each.file.kind,
        "of": each.file.of,
        "right": each.right,
        "problems": [*map(_problem, each.problems), *({"message": f} for f in each.failures)],
        "unreachable": each.unreachable,
        "notes": list(each.notes),
    }


def _problem(problem: Problem) -> dict[str, Any]:
    place = problem.place
    return {
        "line": place.line,
        "column": place.column,
        "where": problem.where,
        "message": problem.message,
    }


def tested_lines(tested: Tested) -> Iterator[str]:
    """Tell which examples fail, and how; a file whose examples all pass is one line."""
    if not tested.checked.right:
        yield from checked_lines(tested.checked)
        return
    for result in tested.results:
        for difference in result.differences:
            yield f"{result.test.place} {result.test.name}: {difference}"
    path, ran = tested.checked.file.path, len(tested.results)
    if not ran:
        yield f"{path}: no tests; write some under tests:"
    elif tested.failed:
        yield f"{path}: {tested.failed} of {counted(ran, 'test')} failed"
    else:
        yield f"{path}: {counted(ran, 'test')} passed"


def tested_document(found: Sequence[Tested]) -> dict[str, Any]:
    """Return what became of the examples as one document."""
    return {
        "passed": all(each.checked.right and not each.failed for each in found),
        "files": [
            _checked(each.checked)
            | {
                "tests": [
                    {
                        "name": result.test.name,
                        "line": result.test.place.line,
                        "passed": result.passed,
                        "differences": list(result.differences),
                    }
                    for result in each.results
                ]
            }
            for each in found
        ],
    }


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: ``1 file``, ``2,000 files``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
