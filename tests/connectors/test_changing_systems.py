"""LDAP, SOAP and Salesforce change while they are read: rows come late, columns come and go."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from connectors.kit import ChangingSourceContract
from connectors.ldap import Ldap
from connectors.salesforce import Salesforce
from connectors.simulators.salesforce import Field, Org, SObject, queries
from tests.connectors.ldap.directory import directory, entry, result
from tests.connectors.salesforce.conftest import clock, connect, key, salesforce, start
from tests.connectors.salesforce.test_contract import Reads
from tests.connectors.soap.service import WSDL, Service, served
from tests.connectors.soap.test_soap import PAGED, soap
from tests.real.openldap import record

__all__ = ["clock", "connect", "key", "salesforce", "start"]


class People:
    """A SOAP service: its columns are those of its WSDL."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def put(self, row):
        self._service.people.append(dict(row))

    def drop(self, key):
        self._service.people[:] = [row for row in self._service.people if row["id"] != key]

    def widen(self, column):
        last = '<xsd:element name="changed" type="xsd:string"/>'
        self._service.wsdl = WSDL.replace(last, last + last.replace("changed", column))
        self._service.people[:] = [row | {column: "new"} for row in self._service.people]

    def narrow(self, column):
        gone = f'<xsd:element name="{column}" type="xsd:string" nillable="true"/>'
        self._service.wsdl = WSDL.replace(gone, "")
        left = [{k: v for k, v in row.items() if k != column} for row in self._service.people]
        self._service.people[:] = left

    def settle(self):
        pass


class TestSoap(ChangingSourceContract):
    """Pages of five by offset, in the order of change; it says how many there are."""

    @pytest.fixture
    def service(self, records):
        with ExitStack() as stack:
            yield stack.enter_context(served(Service(list(records))))

    @pytest.fixture
    def source(self, service):
        pagination = {**PAGED["pagination"], "total": "total"}
        return soap(service.url, objects={"people": {**PAGED, "pagination": pagination}})

    @pytest.fixture
    def system(self, service):
        return People(service)


_SYNTAX = "1.3.6.1.4.1.1466.115.121.1"
_TYPES = {"id": "15", "name": "15", "note": "15", "added": "15", "big": "27", "changed": "24"}


class Directory:
    """A directory of records: its columns are those of its schema."""

    def __init__(self, rows):
        self.rows = list(rows)
        self.columns = ["id", "name", "note", "big", "changed"]
        self._stamp = 0

    def put(self, row):
        self.rows.append(dict(row))

    def drop(self, key):
        self.rows[:] = [row for row in self.rows if row["id"] != key]

    def widen(self, column):
        self._with([*self.columns, column])
        self.rows[:] = [row | {column: "new"} for row in self.rows]

    def narrow(self, column):
        self._with([each for each in self.columns if each != column])
        self.rows[:] = [{k: v for k, v in row.items() if k != column} for row in self.rows]

    def settle(self):
        pass

    def answer(self, asked):
        if asked.tag != 0x63:
            return [result(asked)]
        if asked.base == "":
            root = {"namingContexts": [b"dc=x"], "subschemaSubentry": [b"cn=schema"]}
            return [entry("", root), result(asked)]
        if asked.base == "cn=schema":
            return [entry("cn=schema", self._schema()), result(asked)]
        told = [{n: [v.encode() for v in vs] for n, vs in record(row).items()} for row in self.rows]
        return [*(entry(f"cn={n},dc=x", each) for n, each in enumerate(told)), result(asked)]

    def _with(self, columns):
        self.columns = columns
        self._stamp += 1

    def _schema(self):
        types = [
            f"( 1.{n} NAME '{name}' EQUALITY x ORDERING x SYNTAX {_SYNTAX}.{_TYPES[name]}"
            " SINGLE-VALUE )".encode()
            for n, name in enumerate(self.columns)
        ]
        classes = [f"( 2.1 NAME 'record' MUST id MAY ( {' $ '.join(self.columns)} ) )".encode()]
        stamp = [b"%014dZ" % (20260101000000 + self._stamp)]
        return {"attributeTypes": types, "objectClasses": classes, "modifyTimestamp": stamp}


class Records(Ldap):
    """Rows without what every entry has: its name and its classes."""

    def read(self, query):
        for page in super().read(query):
            rows = [{k: v for k, v in row.items() if k in _TYPES} for row in page.rows]
            yield replace(page, rows=[dict.fromkeys(["note"]) | row for row in rows])


class TestLdap(ChangingSourceContract):
    @pytest.fixture
    def system(self, records):
        return Directory(records)

    @pytest.fixture
    def source(self, system):
        people = {"people": {"base": "dc=x", "key": "id", "filter": "(objectClass=record)"}}
        with directory(system.answer) as url:
            yield Records.model_validate({"url": url, "objects": people})


_OWN = (
    Field(name="Key__c", length=80, unique=True, external_id=True, case_sensitive=True),
    Field(name="Name", length=80),
    Field(name="Note__c", type="textarea", length=1000),
    Field(name="Big__c", length=40),
    Field(name="Changed__c", type="datetime"),
)


class Named(Salesforce):
    """Asks for the object's own fields, as they are described now."""

    def read(self, query):
        (told,) = self.discover()
        names = [each.name for each in told.columns]
        own = {each.name for each in _OWN} | {"added"}
        yield from super().read(replace(query, fields=tuple(n for n in names if n in own)))


class Tenant:
    """An org whose administrators change an object's fields."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._table = org._table("Trial__c")  # its own users have no way to do this

    def put(self, row):
        self._org.seed("Trial__c", [row])

    def drop(self, key):
        (id_,) = [n for n, each in self._table.records.items() if each["Key__c"] == key]
        del self._table.records[id_]

    def widen(self, column):
        self._table.sobject = SObject("Trial__c", "a02", (*_OWN, Field(name=column, length=9)))
        for each in list(self._table.records.values()):
            self._table.put({**each, column: "new"})

    def narrow(self, column):
        left = tuple(each for each in _OWN if each.name != column)
        self._table.sobject = SObject("Trial__c", "a02", left)

    def settle(self):
        pass


class TestSalesforce(ChangingSourceContract):
    """Pages of four, by query locators."""

    name, key, cursor, optional = "Trial__c", "Key__c", "Changed__c", "Note__c"
    records = Reads.records

    @pytest.fixture
    def org(self, clock, records, monkeypatch):
        monkeypatch.setattr(queries, "_batch_size", lambda _: 4)
        org = Org([SObject("Trial__c", "a02", _OWN)], clock=clock)
        org.seed("Trial__c", records)
        return org

    @pytest.fixture
    def source(self, connect):
        made = connect(objects=("Trial__c",), bulk_reads=0)
        return Named.model_construct(made.model_fields_set, **dict(made))

    @pytest.fixture
    def system(self, source, org):
        return Tenant(org)
