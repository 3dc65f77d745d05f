"""The rules of every source and target, for both ways that Salesforce is read and written."""

from __future__ import annotations

import socket
from typing import Any, ClassVar

import pytest

from connectors.contract import Query
from connectors.kit import (
    CANARY,
    ODD_KEYS,
    CsvShape,
    FaultyProxy,
    JsonShape,
    LyingSourceContract,
    LyingTargetContract,
    SourceContract,
    TargetContract,
    UnreliableSourceContract,
    UnreliableTargetContract,
)
from connectors.simulators.salesforce import Org, Simulator
from tests.connectors.salesforce.conftest import CLIENT, Connecting

FIELDS = ("Key__c", "Name", "Note__c", "Big__c", "Changed__c")


class Wrong:
    """The same connector, wrong."""

    @pytest.fixture
    def unreachable(self, connect: Connecting):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        return connect(url=f"http://127.0.0.1:{port}")

    @pytest.fixture
    def refused(self, connect: Connecting, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("SF_WRONG", CANARY)
        auth = {"type": "client_credentials", "client_id": CLIENT, "client_secret": "env:SF_WRONG"}
        return connect(auth=auth)


class Reads(Wrong, SourceContract):
    name = "Person__c"
    key = "Key__c"
    label = "Name"
    cursor = "Changed__c"
    bulk_reads = 0

    def query(self, **more: Any) -> Query:
        return Query(self.name, **{"key": "Id", "cursor": self.cursor, "fields": FIELDS, **more})

    @pytest.fixture
    def records(self) -> list[dict[str, Any]]:
        """Numbers of 19 digits are text there, and times have whole seconds."""
        moments = ("2026-01-31T23:59:59.000+0000", "2026-02-01T00:00:00.000+0000")
        return [
            {
                "Key__c": key,
                "Name": f"Zoë {key}",
                "Note__c": None if number % 3 == 0 else "0" * (number % 3),
                "Big__c": str(2**62 + number),
                "Changed__c": moments[number > 8],
            }
            for number, key in enumerate(ODD_KEYS)
        ]

    @pytest.fixture
    def source(self, org: Org, connect: Connecting, records):
        org.seed("Person__c", records)
        return connect(objects=("Person__c",), bulk_reads=self.bulk_reads)

    @pytest.fixture
    def empty(self, connect: Connecting):
        return connect(bulk_reads=self.bulk_reads)


class TestReadingByPages(Reads):
    pass


class TestReadingInBulk(Reads):
    bulk_reads = 1


class Writes(Wrong, TargetContract):
    name = "Contact"
    unique = "LastName"
    fixed: ClassVar = {"FirstName": "Zoë", "HasOptedOutOfEmail": True}
    edited = ("MailingCity", "Lee", "O'Brien-日本")
    bulk_writes = 0

    @pytest.fixture
    def target(self, connect: Connecting):
        return connect(bulk_writes=self.bulk_writes)


class TestWritingInCollections(Writes):
    pass


class TestWritingInJobs(Writes):
    bulk_writes = 1

    @pytest.fixture(autouse=True)
    def _small_groups_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("connectors.salesforce.writing._FEW", 0)


QUICK = {
    "attempts": 3,
    "backoff_seconds": 0.01,
    "max_backoff_seconds": 0.02,
    "read_timeout": 0.4,
}


class BadDay:
    """The system is the simulator, and logins lead to the proxy before it."""

    @pytest.fixture
    def upstream(self, salesforce: Simulator) -> str:
        return salesforce.url

    http: ClassVar[dict[str, Any]] = QUICK

    @pytest.fixture
    def through(self, proxy: FaultyProxy, salesforce: Simulator, connect: Connecting):
        salesforce.instance = proxy.url
        return lambda **more: connect(url=proxy.url, http=self.http, **more)


class ReadsOnABadDay(BadDay, UnreliableSourceContract):
    name = "Contact"
    bulk_reads = 0

    def query(self, **more: Any) -> Query:
        fields = ("Id", "LastName", "SystemModstamp")
        return Query(
            self.name, **{"fields": fields, "cursor": "SystemModstamp", "page_size": 200, **more}
        )

    @pytest.fixture
    def source(self, org: Org, through):
        org.seed("Contact", [{"LastName": f"L{n}"} for n in range(700)])
        return through(bulk_reads=self.bulk_reads)


class TestReadingPagesOnABadDay(ReadsOnABadDay):
    pass


class TestReadingInBulkOnABadDay(ReadsOnABadDay):
    bulk_reads = 1


class WritesOnABadDay(BadDay, UnreliableTargetContract):
    name = "Contact"
    attributes: ClassVar = {"LastName": "Lee", "FirstName": "Zoë"}
    bulk_writes = 0

    @pytest.fixture
    def target(self, through):
        target = through(bulk_writes=self.bulk_writes)
        target.find("Contact", "externalId", "k1")  # logged in: what fails is the write
        return target


class TestWritingCollectionsOnABadDay(WritesOnABadDay):
    pass


class TestWritingJobsOnABadDay(WritesOnABadDay):
    bulk_writes = 1

    @pytest.fixture(autouse=True)
    def _small_groups_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("connectors.salesforce.writing._FEW", 0)


class Liar(BadDay):
    http: ClassVar = {"attempts": 1}


class ReadsFromALiar(Liar, LyingSourceContract):
    name = "Contact"
    key = "Id"
    cursor = "SystemModstamp"
    column = "LastName"
    bulk_reads = 0

    def query(self, **more: Any) -> Query:
        fields = ("Id", "LastName", "SystemModstamp")
        return Query(
            self.name, **{"fields": fields, "cursor": self.cursor, "page_size": 200, **more}
        )

    @pytest.fixture
    def source(self, org: Org, through):
        org.seed("Contact", [{"LastName": f"L{n}"} for n in range(500)])
        return through(bulk_reads=self.bulk_reads)


class TestReadingPagesOfALiar(ReadsFromALiar):
    about = "/query"

    @pytest.fixture
    def shape(self):
        return JsonShape("records", "totalSize")


class TestReadingPagesOfALiarInFull(TestReadingPagesOfALiar):
    cursor = None


class TestReadingALiarInBulk(ReadsFromALiar):
    bulk_reads = 1
    counted = False

    @pytest.fixture
    def shape(self):
        return CsvShape("Sforce-NumberOfRecords")


class TestReadingALiarInBulkInFull(TestReadingALiarInBulk):
    cursor = None


class TestListingTheAccountsOfALiar(Liar, LyingTargetContract):
    name = "Contact"
    unique = "LastName"
    about = "/query"
    size = 500

    @pytest.fixture
    def shape(self):
        return JsonShape("records", "totalSize")

    @pytest.fixture
    def target(self, org: Org, through, monkeypatch: pytest.MonkeyPatch):
        org.seed("Contact", [{"LastName": f"L{n}"} for n in range(self.size)])
        few = {"Sforce-Query-Options": "batchSize=200"}
        monkeypatch.setattr("connectors.salesforce.client._batches_of", lambda _: few)
        return through()

    def fill(self, target: Any) -> None:
        """They are there: written one by one they would take long."""
