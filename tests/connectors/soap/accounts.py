"""A SOAP 1.1 service that keeps accounts, and how the connector is told of it.

`WSDL` and `settings` serve another service of another library, too: see tests/real/test_node_soap.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from wsgiref.simple_server import make_server
from xml.sax.saxutils import escape

from lxml import etree

from tests.connectors.soap.service import QuietHandler, QuietServer

NAMESPACE = "urn:example:accounts"
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TEXTS = ("id", "key", "userName", "given", "family")
_OPERATIONS = ("List", "Get", "Create", "Update", "Delete")


def _text(name: str) -> str:
    return f'<xsd:element name="{name}" type="xsd:string" minOccurs="0" nillable="true"/>'


def _element(name: str, inner: str) -> str:
    return (
        f'<xsd:element name="{name}"><xsd:complexType><xsd:sequence>{inner}'
        "</xsd:sequence></xsd:complexType></xsd:element>"
    )


_ACTIVE = '<xsd:element name="active" type="xsd:boolean" minOccurs="0"/>'
_ACCOUNT = "".join(map(_text, _TEXTS)) + _ACTIVE
_ONE = '<xsd:element name="account" type="t:Account" minOccurs="0"/>'
_MANY = '<xsd:element name="account" type="t:Account" minOccurs="0" maxOccurs="unbounded"/>'
_NUMBER = '<xsd:element name="from" type="xsd:int"/><xsd:element name="count" type="xsd:int"/>'
_TYPES = {
    "List": _NUMBER + _text("key"),
    "ListResponse": _MANY,
    "Get": _text("id"),
    "GetResponse": _ONE,
    "Create": _ONE,
    "CreateResponse": _text("id"),
    "Update": _text("id") + _ONE,
    "UpdateResponse": _text("id"),
    "Delete": _text("id"),
    "DeleteResponse": _text("id"),
}
_MESSAGES = "".join(
    f'<wsdl:message name="{name}"><wsdl:part name="p" element="t:{name}"/></wsdl:message>'
    for name in _TYPES
)
_PORT = "".join(
    f'<wsdl:operation name="{name}"><wsdl:input message="t:{name}"/>'
    f'<wsdl:output message="t:{name}Response"/></wsdl:operation>'
    for name in _OPERATIONS
)
_BODY = '<soap:body use="literal"/>'
_BINDING = "".join(
    f'<wsdl:operation name="{name}"><soap:operation soapAction="{name}"/>'
    f"<wsdl:input>{_BODY}</wsdl:input><wsdl:output>{_BODY}</wsdl:output></wsdl:operation>"
    for name in _OPERATIONS
)
WSDL = f"""<?xml version="1.0"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:t="{NAMESPACE}"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" targetNamespace="{NAMESPACE}"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema">
 <wsdl:types><xsd:schema targetNamespace="{NAMESPACE}" elementFormDefault="qualified">
  <xsd:complexType name="Account"><xsd:sequence>{_ACCOUNT}</xsd:sequence></xsd:complexType>
  {"".join(_element(name, inner) for name, inner in _TYPES.items())}
 </xsd:schema></wsdl:types>
 {_MESSAGES}
 <wsdl:portType name="Accounts">{_PORT}</wsdl:portType>
 <wsdl:binding name="Accounts" type="t:Accounts">
  <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>{_BINDING}
 </wsdl:binding>
 <wsdl:service name="AccountsService"><wsdl:port name="AccountsPort" binding="t:Accounts">
  <soap:address location="http://inside.example:1/accounts"/></wsdl:port></wsdl:service>
</wsdl:definitions>
"""


def settings(url: str, **more: Any) -> dict[str, Any]:
    """How the connector reads and writes these accounts."""
    users = {
        "operation": "List",
        "arguments": {"count": 3},
        "items": "account",
        "key": "id",
        "pagination": {"type": "offset", "param": "from", "size": 3, "end": "short"},
        "columns": dict.fromkeys(_TEXTS, "text"),
        "write": {
            "key": "key",
            "create": {"operation": "Create", "arguments": {"account": "{record}"}, "id": "id"},
            "update": {
                "operation": "Update",
                "arguments": {"id": "{id}", "account": "{changes}"},
            },
            "delete": {"operation": "Delete", "arguments": {"id": "{id}"}},
            "get": {"operation": "Get", "arguments": {"id": "{id}"}, "item": "account"},
            "active": {"field": "active"},
            "find": {"externalId": {"arguments": {"key": "{value}"}}},
        },
    }
    rules = [
        {"at": "fault.code", "equals": "Duplicate", "means": "conflict"},
        {"at": "fault.code", "equals": "Unknown", "means": "not_found"},
        {"at": "fault.code", "equals": "Busy", "means": "transient"},
        {"at": "fault.code", "equals": "Invalid", "means": "rejected"},
    ]
    http = {"attempts": 3, "backoff_seconds": 0.01, "max_backoff_seconds": 0.02}
    objects = {"User": users}
    return {"url": url, "objects": objects, "http": http, "errors": rules} | more


class FaultError(Exception):
    """A fault with this code."""


@dataclass(slots=True)
class Directory:
    """The service as WSGI; `faults` are given before anything else."""

    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    made: int = 0
    url: str = ""

    def __call__(self, environ: Any, start: Any) -> list[bytes]:
        if environ["REQUEST_METHOD"] == "GET":
            return self._said(start, "200 OK", WSDL)
        root = etree.fromstring(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        asked = root.find(f"{{{_ENVELOPE}}}Body")[0]
        name = etree.QName(asked).localname
        self.calls.append(name)
        try:
            inner = self._done(name, _taken(asked))
        except FaultError as fault:
            code = f"<faultcode>app:{fault}</faultcode><faultstring>Zoë secret</faultstring>"
            body = f"<e:Fault>{code}</e:Fault>"
            return self._said(start, "500 Internal Server Error", _enveloped(body))
        body = f"<t:{name}Response>{inner}</t:{name}Response>"
        return self._said(start, "200 OK", _enveloped(body))

    def _done(self, name: str, given: dict[str, Any]) -> str:
        if self.faults:
            raise FaultError(self.faults.pop(0))
        done: str = getattr(self, f"_{name.lower()}")(given)
        return done

    def _list(self, given: dict[str, Any]) -> str:
        found = [a for a in self.accounts.values() if given.get("key") in {None, a.get("key")}]
        first = int(given["from"])
        return "".join(map(_written, found[first : first + int(given["count"])]))

    def _get(self, given: dict[str, Any]) -> str:
        return _written(self._one(given))

    def _create(self, given: dict[str, Any]) -> str:
        account = given["account"]
        if any(each["key"] == account["key"] for each in self.accounts.values()):
            raise FaultError("Duplicate")
        self.made += 1
        account = {"active": "true"} | account | {"id": f"a{self.made}"}
        self.accounts[account["id"]] = account
        return f"<t:id>{account['id']}</t:id>"

    def _update(self, given: dict[str, Any]) -> str:
        self._one(given).update(given["account"])
        return f"<t:id>{given['id']}</t:id>"

    def _delete(self, given: dict[str, Any]) -> str:
        self._one(given)
        del self.accounts[given["id"]]
        return f"<t:id>{given['id']}</t:id>"

    def _one(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["id"] not in self.accounts:
            raise FaultError("Unknown")
        return self.accounts[given["id"]]

    def _said(self, start: Any, status: str, text: str) -> list[bytes]:
        body = text.encode()
        kind = ("Content-Type", "text/xml; charset=utf-8")
        start(status, [kind, ("Content-Length", str(len(body)))])
        return [body]


def _taken(element: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in element:
        name = etree.QName(each).localname
        nil = each.get(f"{{{_XSI}}}nil") == "true"
        found[name] = _taken(each) if len(each) else None if nil else each.text or ""
    return found


def _written(account: dict[str, Any]) -> str:
    inner = "".join(
        f"<t:{name}>{escape(str(account[name]))}</t:{name}>"
        for name in (*_TEXTS, "active")
        if account.get(name) is not None
    )
    return f"<t:account>{inner}</t:account>"


def _enveloped(inner: str) -> str:
    return (
        f'<e:Envelope xmlns:e="{_ENVELOPE}" xmlns:t="{NAMESPACE}" xmlns:app="urn:app">'
        f"<e:Body>{inner}</e:Body></e:Envelope>"
    )


@contextmanager
def served() -> Iterator[Directory]:
    """Serve an empty one on loopback while the block runs."""
    directory = Directory()
    with make_server("127.0.0.1", 0, directory, QuietServer, QuietHandler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        directory.url = f"http://127.0.0.1:{server.server_port}/accounts"
        try:
            yield directory
        finally:
            server.shutdown()
            thread.join()
