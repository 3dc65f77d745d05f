"""Suites and what became of them, as frozen values. Great Expectations is not imported here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Severity(StrEnum):
    """What a failed expectation means, in Great Expectations' own words, the gravest first."""

    CRITICAL = "critical"  # failing rows are quarantined; below `mostly` the run stops
    WARNING = "warning"  # failing rows pass and are counted; below `mostly` it is reported
    INFO = "info"  # failing rows pass and are counted


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation as Great Expectations writes it. `place` says where a person can mend it.

    `rule` names it in reasons and counts: ``expect_column_values_to_be_unique(_key)``.
    """

    type: str
    kwargs: Mapping[str, Any]
    severity: Severity = Severity.CRITICAL
    place: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    notes: str | list[str] | None = None
    description: str | None = None
    id: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it speaks about, in its own order."""
        given = self.kwargs
        if "column_A" in given or "column_B" in given:
            names = [given.get("column_A"), given.get("column_B")]
        elif isinstance(given.get("column_list"), list) and not self.type.startswith(
            "expect_table"
        ):
            names = given["column_list"]
        else:
            names = [given.get("column")]
        return tuple(name for name in names if isinstance(name, str))

    @property
    def rule(self) -> str:
        """Its name for people: the type and the columns."""
        return f"{self.type}({', '.join(self.columns)})"

    @property
    def mostly(self) -> float:
        """The part of the rows that must meet it, 0 to 1."""
        return float(self.kwargs.get("mostly", 1))

    def to_json(self) -> dict[str, Any]:
        """Return it as Great Expectations writes it."""
        found: dict[str, Any] = {
            "type": self.type,
            "kwargs": dict(self.kwargs),
            "meta": dict(self.meta),
            "severity": self.severity.value,
        }
        optional = {"notes": self.notes, "description": self.description, "id": self.id}
        return found | {name: value for name, value in optional.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Suite:
    """A named list of expectations."""

    name: str
    expectations: tuple[Expectation, ...]
    meta: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def to_json(self) -> dict[str, Any]:
        """Return the suite in Great Expectations' file format."""
        return {
            "name": self.name,
            "expectations": [expectation.to_json() for expectation in self.expectations],
            "meta": dict(self.meta),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one expectation. `result` is in Great Expectations' shape, without values.

    `error` names the exception of an expectation that could not be judged (its message may hold
    values and is left out). `compiled` is False when the real engine judged.
    """

    expectation: Expectation
    success: bool
    result: Mapping[str, Any]
    error: str | None = None
    compiled: bool = True

    @property
    def failing(self) -> int:
        """How many rows failed it; 0 for expectations about whole columns or tables."""
        return int(self.result.get("unexpected_count") or 0)
