"""Checks mapping files and runs their examples: every problem of every file at once, each with its
place and its mend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from mappings.checker import check_columns
from mappings.coverage import coverage
from mappings.errors import MappingError, Problem
from mappings.push import PushDocument
from mappings.testing import TestResult, run_tests
from mappings.tree import Document
from mappings.uses import uses
from pipelines.authoring.files import MappingFile, read
from pipelines.authoring.plantests import run_examples_of_push
from pipelines.authoring.samples import Columns, columns_of
from pipelines.bus import Workspace
from pipelines.errors import ProjectError, RemoteError
from pipelines.suites import suite_of


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one file.

    `problems` have a place; `failures` are lines about the file as a whole, such as that it cannot
    be read; `unreachable` says why its source could not be asked. `notes` are no reason to stop.
    """

    file: MappingFile
    document: Document | PushDocument | None = None
    problems: tuple[Problem, ...] = ()
    failures: tuple[str, ...] = ()
    unreachable: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether nothing has to be mended."""
        return not (self.problems or self.failures or self.unreachable)


def check(workspace: Workspace, files: Sequence[MappingFile], *, live: bool) -> list[Checked]:
    """Check files; with `live` mappings are held against the columns their sources have now."""
    return [_checked(workspace, file, live=live) for file in files]


def _checked(workspace: Workspace, file: MappingFile, *, live: bool) -> Checked:
    document = None
    try:
        document = read(workspace, file)
        if file.of is None or isinstance(document, PushDocument):
            return Checked(file, document)
        return _of_source(workspace, file, file.of, document, live=live)
    except MappingError as error:
        return Checked(file, document, problems=error.problems)
    except RemoteError as error:
        return Checked(file, document, unreachable=str(error))
    except ProjectError as error:
        return Checked(file, document, failures=tuple(str(error).splitlines()))


def _of_source(
    workspace: Workspace, file: MappingFile, source: str, document: Document, *, live: bool
) -> Checked:
    """Check what a mapping must agree with: its source's suite and, if live, its columns."""
    suite_of(workspace, source, document, today=datetime.now(UTC).date())
    if not live:
        return Checked(file, document)
    return _held_against(file, document, columns_of(workspace, source, document))


def _held_against(file: MappingFile, document: Document, columns: Columns) -> Checked:
    unseen = [use for use in uses(document) if use.column not in columns.types]
    notes = [
        f"{use.place} {use.where}: none of the first rows has {use.column!r}" for use in unseen
    ]
    types = dict(columns.types)
    if columns.fixed:
        notes = []
    else:
        types |= {use.column: "JSON" for use in unseen}
    unread = coverage(document, columns.types).unmapped
    if unread:
        notes.append(
            f"{document.place} ignore: the source has columns that nobody reads: "
            f"{', '.join(unread)}; map them, or name them here"
        )
    return Checked(file, document, check_columns(document, types), notes=tuple(notes))


@dataclass(frozen=True, slots=True)
class Tested:
    """The examples of one file; none were run when the file is not right."""

    checked: Checked
    results: tuple[TestResult, ...] = ()

    @property
    def failed(self) -> int:
        """How many examples did not come out as expected."""
        return sum(not result.passed for result in self.results)


def run_examples(
    workspace: Workspace, files: Sequence[MappingFile], *, today: date
) -> list[Tested]:
    """Run the examples of files; `today` is the day for those that do not fix their own."""
    return [_tested(checked, today) for checked in check(workspace, files, live=False)]


def _tested(checked: Checked, today: date) -> Tested:
    document = checked.document
    if document is None or not checked.right:
        return Tested(checked)
    if isinstance(document, PushDocument):
        return Tested(checked, run_examples_of_push(document, today=today))
    return Tested(checked, run_tests(document, today=today))
