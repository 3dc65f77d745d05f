"""What a bulk job is, and its three result files."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.simulators.salesforce.csvtext import Dialect
from connectors.simulators.salesforce.errors import not_found
from connectors.simulators.salesforce.schema import Record
from connectors.simulators.salesforce.soql import Plan


@dataclass(slots=True)
class Results:
    """What became of a job's records. `refused` is why none of them was looked at."""

    names: list[str] = field(default_factory=list)
    successful: list[list[str]] = field(default_factory=list, repr=False)
    failed: list[list[str]] = field(default_factory=list, repr=False)
    unprocessed: list[list[str]] = field(default_factory=list, repr=False)
    refused: str | None = None

    @property
    def processed(self) -> int:
        """How many records were looked at."""
        return len(self.successful) + len(self.failed)

    def text(self, what: str, dialect: Dialect) -> bytes:
        """One of the result files, by the last word of its address in any case."""
        match what.lower():
            case "successfulresults":
                return dialect.write(["sf__Id", "sf__Created", *self.names], self.successful)
            case "failedresults":
                return dialect.write(["sf__Id", "sf__Error", *self.names], self.failed)
            case "unprocessedrecords":
                return dialect.write(self.names, self.unprocessed)
        raise not_found()


@dataclass(slots=True)
class Job:
    """One job. `fails` makes it end as Failed instead of doing its work."""

    id: str
    kind: str
    operation: str
    created: str
    dialect: Dialect
    version: str
    object: str = ""
    external_id: str | None = None
    state: str = "Open"
    looks: int = 0
    plan: Plan | None = None
    found: list[Record] = field(default_factory=list, repr=False)
    data: bytes | None = field(default=None, repr=False)
    results: Results = field(default_factory=Results)
    error: str | None = None
