"""What can be wrong with a mapping, always with its place and its mend.

MappingError            one or more problems, each printed as file:line:column
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a mapping file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend: where, in which part (``fields.email``), what and how."""

    place: Place
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.place} {self.where}: {self.message}"


class MappingError(Exception):
    """A mapping document that cannot be used; `problems` lists all that was found at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))
