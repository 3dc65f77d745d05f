"""Systems that answer in pages hold us to no more than a few of these, however many there are.

Each makes its rows as they are asked for: what is measured is ours. A trial of a million rows takes
minutes, and is `slow`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, overload

import pytest

from connectors.contract import Query, Source
from connectors.kit import LargeSourceContract
from connectors.ldap import Ldap, reading
from connectors.ldap.ber import integer as encoded
from connectors.ldap.ber import members, number, octets, sequence
from connectors.ldap.order import ordered
from connectors.ldap.session import PAGED
from connectors.simulators.salesforce.soql import Plan
from tests.connectors.ldap.directory import control, directory, entry, result, usual
from tests.connectors.salesforce.conftest import clock, connect, key, org, salesforce, start
from tests.connectors.soap.service import Service, served
from tests.connectors.soap.test_soap import soap

__all__ = ["clock", "connect", "key", "org", "salesforce", "start"]


def pages_of(count):
    """Answer searches of a directory with so many entries, by the page that is asked for."""

    def answer(asked):
        _, (_, cookie) = asked_for = members(asked.controls[PAGED])
        begin, size = int(cookie or b"0"), number(asked_for[0][1])
        end = min(begin + size, count)
        found = [
            entry(f"uid={n:08},dc=x", {"uid": [b"%08d" % n], "mail": [b"p%d@example.test" % n]})
            for n in range(begin, end)
        ]
        told = sequence(encoded(0), octets(b"%d" % end if end < count else b""))
        return [*found, result(asked, 0, "", control(PAGED, told))]

    return usual(answer)


class Paged(LargeSourceContract):
    """Few rows, and little allowed: what a first page makes us load does not count."""

    sizes = (500, 2_000)
    page_size = 100
    allowed_mb = 0.4

    def most_held(self, source: Source, rows: int) -> int:
        query = Query(self.name, key=self.key, cursor=self.cursor, page_size=self.page_size)
        next(iter(source.read(query)))
        return super().most_held(source, rows)


class TestLdap(Paged):
    key = "uid"

    @pytest.fixture
    def holding(self):
        with ExitStack() as stack:
            yield lambda count: self.connector(stack.enter_context(directory(pages_of(count))))

    def connector(self, url):
        people = {"base": "dc=x", "key": "uid", "attributes": ["uid", "mail"]}
        settings = {"url": url, "objects": {"people": people}, "page_size": self.page_size}
        return Ldap.model_validate(settings)


class TestLdapByCursor(TestLdap):
    """What is to be put into order waits in files, here from 100 rows on."""

    cursor = "uid"

    @pytest.fixture(autouse=True)
    def _short_runs(self, monkeypatch):
        monkeypatch.setattr(reading, "ordered", partial(ordered, run=100))


@dataclass(slots=True)
class Numbered(Service):
    """A service of so many people, who are made as they are asked for."""

    count: int = 0

    def _list(self, start: Any, given: dict[str, str]) -> list[bytes]:
        self.seen.clear()
        first = int(given["from"])
        numbers = range(first, min(first + int(given["count"]), self.count))
        rows = "".join(
            f"<t:person><t:id>{n:08}</t:id><t:name>Zoë {n}</t:name>"
            f'<t:note xsi:nil="true"/>'
            f"<t:big>{n}</t:big>"
            f"<t:changed>{n:08}</t:changed></t:person>"
            for n in numbers
        )
        result_ = f"<t:result>OK</t:result><t:total>{self.count}</t:total>"
        people = f"<t:people>{rows}</t:people>"
        return self._answer(start, f"<t:ListResponse>{people}{result_}</t:ListResponse>")


class TestSoap(Paged):
    sizes = (100, 500)
    allowed_mb = 0.15

    @pytest.fixture
    def holding(self):
        paging = {"type": "offset", "param": "from", "size": self.page_size, "end": "short"}
        people = {"operation": "List", "arguments": {"count": self.page_size}, "key": "id",
                  "items": "people.person", "pagination": paging}  # fmt: skip
        with ExitStack() as stack:

            def make(count):
                service = stack.enter_context(served(Numbered([], count=count)))
                return soap(service.url, objects={"people": people}, http={"read_timeout": 60})

            yield make


class Records(Sequence[dict[str, Any]]):
    """So many records of the simulated org, made when they are looked at."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, at: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(self._count))]
        return {"Id": f"a01{at:015}", "Name": f"Zoë {at}", "Key__c": f"k{at}"}


class TestSalesforce(Paged):
    name = "Person__c"
    key = "Id"
    bulk_reads = 0
    page_size = 200  # it gives no fewer

    @pytest.fixture
    def holding(self, connect, monkeypatch):
        def make(count):
            monkeypatch.setattr(Plan, "records", lambda *_, **__: Records(count))
            return Narrow(connect(objects=("Person__c",), bulk_reads=self.bulk_reads))

        return make


class TestSalesforceInBulk(TestSalesforce):
    bulk_reads = 1


@dataclass(frozen=True, slots=True)
class Narrow:
    """A source of which two columns are read."""

    of: Source

    def read(self, query: Query) -> Any:
        fields = ("Name", "Key__c")
        yield from self.of.read(Query(query.object, fields, page_size=query.page_size))


@pytest.mark.slow
@pytest.mark.timeout(3_600)
class TestMillionEntriesOfLdap(TestLdap):
    sizes = (100_000, 1_000_000)
    page_size = 1_000
    allowed_mb = 4.0


@pytest.mark.slow
@pytest.mark.timeout(3_600)
class TestMillionEntriesOfLdapInOrder(TestMillionEntriesOfLdap):
    cursor = "uid"


@pytest.mark.slow
@pytest.mark.timeout(3_600)
class TestMillionRowsOfSoap(TestSoap):
    sizes = (100_000, 1_000_000)
    page_size = 1_000
    allowed_mb = 4.0


@pytest.mark.slow
@pytest.mark.timeout(3_600)
class TestMillionRecordsOfSalesforce(TestSalesforce):
    sizes = (100_000, 1_000_000)
    page_size = 2_000
    allowed_mb = 4.0


@pytest.mark.slow
@pytest.mark.timeout(3_600)
class TestMillionRecordsOfSalesforceInBulk(TestMillionRecordsOfSalesforce):
    bulk_reads = 1
