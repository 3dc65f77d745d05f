from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Query
from connectors.errors import (
    MisconfiguredError,
    RejectedError,
    TransientError,
    UnauthorizedError,
)
from connectors.kit import (
    CANARY,
    RECORDS,
    LyingSourceContract,
    SourceContract,
    UnreliableSourceContract,
    XmlShape,
)
from connectors.registry import build
from connectors.soap import Soap
from connectors.soap.faults import fault_of
from tests.connectors.soap.service import NAMESPACE, WSDL, Service, served

PEOPLE = [dict(row) for row in RECORDS]


@pytest.fixture
def start():
    with ExitStack() as stack:
        yield lambda people=(), **more: stack.enter_context(served(Service(list(people), **more)))


PAGED: dict[str, Any] = {
    "operation": "List",
    "arguments": {"count": 5},
    "items": "people.person",
    "key": "id",
    "pagination": {"type": "offset", "param": "from", "size": 5, "end": "short"},
    "cursor": {"since": "{after}"},
}


def soap(url: str, base: Path = Path(), **settings: Any) -> Soap:
    http = {"attempts": 3, "backoff_seconds": 0.01, "read_timeout": 0.4}
    given = {"url": url, "objects": {"people": PAGED}, "http": http} | settings
    built = build("soap", given, base)
    assert isinstance(built, Soap)
    return built


def rows(source: Soap, **more: Any) -> list[dict[str, Any]]:
    return [dict(row) for page in source.read(Query("people", **more)) for row in page.rows]


def test_the_wsdl_is_read_from_the_service_and_calls_go_to_our_address(start):
    service = start(PEOPLE)
    source = soap(service.url)
    assert source.check().identity.startswith("SOAP service at 127.0.0.1:")
    assert rows(source, key="id", cursor="changed") == PEOPLE or len(rows(source)) == len(PEOPLE)
    assert [column.name for column in source.discover()[0].columns] == list(PEOPLE[0])


def test_the_wsdl_may_be_a_file_of_the_project(start, tmp_path):
    (tmp_path / "people.wsdl").write_text(WSDL)
    service = start(PEOPLE, wsdl="")
    assert len(rows(soap(service.url, tmp_path, wsdl="people.wsdl"))) == len(PEOPLE)


IMPORT = '<xsd:schema><xsd:import schemaLocation="{}" namespace="urn:x"/></xsd:schema><xsd:schema'


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("http://169.254.169.254/latest/meta-data", "leads to another host"),
        ("file:///etc/passwd", "not below its own folder"),
        ("../../secret.xsd", "not below its own folder"),
    ],
)
def test_a_wsdl_cannot_make_us_read_other_places(start, tmp_path, place, message):
    (tmp_path / "in").mkdir()
    wsdl = WSDL.replace("<xsd:schema", IMPORT.format(place), 1)
    (tmp_path / "in/people.wsdl").write_text(wsdl)
    service = start(PEOPLE)
    with pytest.raises(MisconfiguredError, match=message):
        soap(service.url, tmp_path, wsdl="in/people.wsdl").check()
    assert service.seen == []


def test_a_wsdl_that_declares_entities_is_refused(start):
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbb">]>' + WSDL.partition("?>")[2]
    with pytest.raises(MisconfiguredError, match="wsdl: cannot be understood"):
        soap(start(PEOPLE, wsdl=bomb).url).check()


@pytest.mark.parametrize("digest", [False, True])
def test_ws_security_logs_in_with_a_fresh_token_for_each_call(start, monkeypatch, digest):
    service = start(PEOPLE, password="right")
    monkeypatch.setenv("PASSWORD", "right")
    security = {"user": "ann", "password": "env:PASSWORD", "digest": digest}
    source = soap(service.url, security=security | {"timestamp_seconds": 60})
    assert len(rows(source)) == len(PEOPLE)
    assert all(b"Expires" in each for each in service.seen)
    if digest:
        assert len(set(service.seen)) == len(service.seen)
        assert not any(b"right" in each for each in service.seen)
    monkeypatch.setenv("PASSWORD", "wrong")
    with pytest.raises(UnauthorizedError, match="fault FailedAuthentication; check security"):
        source.check()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("soapenv:Server", TransientError),
        ("soapenv:Client", RejectedError),
        ("soapenv:VersionMismatch", MisconfiguredError),
        ("wsse:InvalidSecurity", UnauthorizedError),
        ("app:Busy", TransientError),
    ],
)
def test_a_fault_is_an_error_by_its_code_and_its_words_are_not_repeated(start, code, kind):
    service = start(PEOPLE, faults=[(code, CANARY)] * 9)
    with pytest.raises(kind, match="POST /people: fault") as told:
        rows(soap(service.url))
    assert CANARY not in str(told.value)


def test_a_fault_that_passes_is_tried_again_and_rules_come_first(start):
    service = start(PEOPLE, faults=[("soapenv:Server", "busy"), ("app:Late", "late")])
    late = {"at": "fault.code", "equals": "Late", "means": "transient"}
    assert len(rows(soap(service.url, errors=[late]))) == len(PEOPLE)
    service.faults = [("soapenv:Server", "x")]
    gone = {"at": "fault.code", "equals": "Server", "means": "misconfigured", "says": "ask Bob"}
    with pytest.raises(MisconfiguredError, match=r"fault \(Server\); ask Bob"):
        rows(soap(service.url, errors=[gone]))


def test_an_error_within_an_answer_is_told_by_a_rule(start):
    service = start(PEOPLE, result="E")
    rule = {"at": "result", "equals": "E", "means": "rejected"}
    with pytest.raises(RejectedError, match=r"List \(E\)"):
        rows(soap(service.url, errors=[rule]))


def test_more_of_a_row_comes_from_a_second_operation_and_a_lost_row_is_rejected(start):
    service = start(PEOPLE[:3])
    listed = soap(service.url).objects["people"].model_dump(mode="json", exclude_defaults=True)
    details = {"operation": "Get", "arguments": {"id": "{id}"}, "item": "person"}
    source = soap(service.url, objects={"people": listed | {"details": details}})
    assert rows(source) == PEOPLE[:3]
    service.lost = PEOPLE[1]["id"]
    pages = list(source.read(Query("people", key="id")))
    assert [row for page in pages for row in page.rows] == [PEOPLE[0], PEOPLE[2]]
    assert [each.place for page in pages for each in page.rejected] == [f"people {service.lost}"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objects": {"people": {"operation": "Lst"}}}, "no operation 'Lst'; did you mean 'List'"),
        ({"service": "Peeple"}, "no service 'Peeple' in the WSDL"),
        ({"service": "PeopleService", "port": "X"}, "no port 'X' in the WSDL; known: PeoplePort"),
        (
            {"objects": {"people": {"operation": "List", "arguments": {"frm": 1}}}},
            "List: the arguments do not fit: .*unexpected keyword argument 'frm'",
        ),
        (
            {"objects": {"people": {"operation": "List", "arguments": {"from": 1}}}},
            "List: List.count is missing or is none of its type",
        ),
    ],
)
def test_what_does_not_fit_the_wsdl_is_told(start, settings, message):
    with pytest.raises(MisconfiguredError, match=message):
        soap(start(PEOPLE).url, **settings).check()


def test_a_page_where_xml_was_expected_is_told_without_its_text(start):
    service = start(PEOPLE, wsdl=f"<html>{CANARY}")
    with pytest.raises(MisconfiguredError, match="wsdl: cannot be understood") as told:
        soap(service.url).check()
    assert CANARY not in str(told.value)


def test_faults_of_version_1_2_have_codes_in_codes():
    text = (
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code>'
        "<e:Value>e:Sender</e:Value><e:Subcode><e:Value>m:Bad</e:Value></e:Subcode></e:Code>"
        "<e:Reason><e:Text>x</e:Text></e:Reason><e:Detail><m:Limit xmlns:m='urn:m'/></e:Detail>"
        "</e:Fault></e:Body></e:Envelope>"
    )
    found = fault_of(text.encode())
    assert found is not None
    assert found.body() == {"fault": {"code": "Sender", "subcodes": ["Bad"], "detail": ["Limit"]}}
    assert fault_of(b"<a/>") is None
    assert fault_of(b"no xml") is None


class TestSoapContract(SourceContract):
    @pytest.fixture
    def source(self, start, records):
        return soap(start(records).url)

    @pytest.fixture
    def empty(self, start):
        return soap(start().url)

    @pytest.fixture
    def unreachable(self):
        return soap("http://127.0.0.1:1/people", http={"attempts": 1})

    @pytest.fixture
    def refused(self, start, monkeypatch):
        monkeypatch.setenv("WRONG", CANARY)
        service = start(password="right")
        return soap(service.url, security={"user": "ann", "password": "env:WRONG"})


class TestSoapOnABadDay(UnreliableSourceContract):
    @pytest.fixture
    def upstream(self, start, records):
        return start(records).url.removesuffix("/people")

    @pytest.fixture
    def source(self, proxy):
        return soap(f"{proxy.url}/people")


class TestSoapOfALiar(LyingSourceContract):
    """In XML, what is left out and what is empty are the same to zeep."""

    tells_missing = False

    @pytest.fixture
    def shape(self):
        return XmlShape(*(f"{{{NAMESPACE}}}{name}" for name in ("people", "person", "total")))

    @pytest.fixture
    def upstream(self, start, records):
        return start(records).url.removesuffix("/people")

    @pytest.fixture
    def source(self, proxy):
        people = {**PAGED, "pagination": {**PAGED["pagination"], "total": "total"}}
        return soap(f"{proxy.url}/people", objects={"people": people}, http={"attempts": 1})
