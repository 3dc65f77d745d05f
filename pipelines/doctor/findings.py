"""What the doctor says of one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from connectors.errors import ConnectorError
from idp_core.errors import CoreError
from pipelines.errors import JobError


class Grade(StrEnum):
    """How well it is: `FAIL` stops a run or part of one."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and what a person does about it."""

    about: str
    grade: Grade
    said: str
    mend: str = ""


def ok(about: str, said: str) -> Finding:
    """Return a finding with which nothing is wrong."""
    return Finding(about, Grade.OK, said)


def warn(about: str, said: str, mend: str = "") -> Finding:
    """Return a finding that stops no run."""
    return Finding(about, Grade.WARN, said, mend)


def fail(about: str, said: str, mend: str = "") -> Finding:
    """Return a finding that stops a run."""
    return Finding(about, Grade.FAIL, said, mend)


def looked(about: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Yield the findings; an error of ours on the way is one more, a line each."""
    try:
        yield from look()
    except (JobError, CoreError, ConnectorError) as error:
        yield from (fail(about, line) for line in str(error).splitlines())
