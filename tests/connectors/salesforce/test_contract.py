"""The rules of every source and target, for both ways that Salesforce is read and written."""

from __future__ import annotations

import socket
from typing import Any, ClassVar

import pytest

from connectors.contract import Query
from connectors.kit import CANARY, ODD_KEYS, SourceContract, TargetContract
from connectors.simulators.salesforce import Org
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
