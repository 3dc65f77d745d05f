"""A SOAP 1.1 service in this process, as WSGI: lists and gives people, in document/literal style.

No library for SOAP servers is kept any more (spyne's last release is of 2022), so this is written
by the standard, and reads requests with lxml: nothing of zeep is in it.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from xml.sax.saxutils import escape

from lxml import etree

NAMESPACE = "urn:example:people"
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_PERSON = """
  <xsd:sequence>
    <xsd:element name="id" type="xsd:string"/>
    <xsd:element name="name" type="xsd:string"/>
    <xsd:element name="note" type="xsd:string" nillable="true"/>
    <xsd:element name="big" type="xsd:integer"/>
    <xsd:element name="changed" type="xsd:string"/>
  </xsd:sequence>"""
WSDL = f"""<?xml version="1.0"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:t="{NAMESPACE}"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" targetNamespace="{NAMESPACE}"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema">
 <wsdl:types><xsd:schema targetNamespace="{NAMESPACE}" elementFormDefault="qualified">
  <xsd:complexType name="Person">{_PERSON}</xsd:complexType>
  <xsd:element name="List"><xsd:complexType><xsd:sequence>
    <xsd:element name="from" type="xsd:int"/>
    <xsd:element name="count" type="xsd:int"/>
    <xsd:element name="since" type="xsd:string" minOccurs="0"/>
  </xsd:sequence></xsd:complexType></xsd:element>
  <xsd:element name="ListResponse"><xsd:complexType><xsd:sequence>
    <xsd:element name="people" minOccurs="0"><xsd:complexType><xsd:sequence>
      <xsd:element name="person" type="t:Person" minOccurs="0" maxOccurs="unbounded"/>
    </xsd:sequence></xsd:complexType></xsd:element>
    <xsd:element name="result" type="xsd:string"/>
    <xsd:element name="total" type="xsd:int"/>
  </xsd:sequence></xsd:complexType></xsd:element>
  <xsd:element name="Get"><xsd:complexType><xsd:sequence>
    <xsd:element name="id" type="xsd:string"/></xsd:sequence></xsd:complexType></xsd:element>
  <xsd:element name="GetResponse"><xsd:complexType><xsd:sequence>
    <xsd:element name="person" type="t:Person"/></xsd:sequence></xsd:complexType></xsd:element>
 </xsd:schema></wsdl:types>
 <wsdl:message name="ListIn"><wsdl:part name="p" element="t:List"/></wsdl:message>
 <wsdl:message name="ListOut"><wsdl:part name="p" element="t:ListResponse"/></wsdl:message>
 <wsdl:message name="GetIn"><wsdl:part name="p" element="t:Get"/></wsdl:message>
 <wsdl:message name="GetOut"><wsdl:part name="p" element="t:GetResponse"/></wsdl:message>
 <wsdl:portType name="People">
  <wsdl:operation name="List"><wsdl:input message="t:ListIn"/><wsdl:output message="t:ListOut"/>
  </wsdl:operation>
  <wsdl:operation name="Get"><wsdl:input message="t:GetIn"/><wsdl:output message="t:GetOut"/>
  </wsdl:operation>
 </wsdl:portType>
 <wsdl:binding name="People" type="t:People">
  <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
  <wsdl:operation name="List"><soap:operation soapAction="List"/>
   <wsdl:input><soap:body use="literal"/></wsdl:input>
   <wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
  <wsdl:operation name="Get"><soap:operation soapAction="Get"/>
   <wsdl:input><soap:body use="literal"/></wsdl:input>
   <wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
 </wsdl:binding>
 <wsdl:service name="PeopleService"><wsdl:port name="PeoplePort" binding="t:People">
  <soap:address location="http://inside.example:1/people"/></wsdl:port></wsdl:service>
</wsdl:definitions>
"""


@dataclass(slots=True)
class Service:
    """People by time of change; `faults` are given before anything else, `seen` are requests.

    `lost` is the id of somebody who is listed and cannot be got.
    """

    people: list[dict[str, Any]]
    password: str | None = None
    result: str = "OK"
    faults: list[tuple[str, str]] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    lost: str | None = None
    wsdl: str = WSDL
    url: str = ""

    def __call__(self, environ: Any, start: Any) -> list[bytes]:
        if environ["REQUEST_METHOD"] == "GET":
            return self._said(start, "200 OK", self.wsdl)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        self.seen.append(body)
        root = etree.fromstring(body)
        if self.faults:
            return self._fault(start, *self.faults.pop(0))
        if self.password is not None and not _known(root, self.password):
            return self._fault(start, "wsse:FailedAuthentication", "no")
        asked = root.find(f"{{{_ENVELOPE}}}Body")[0]
        given = {etree.QName(each).localname: each.text or "" for each in asked}
        if etree.QName(asked).localname == "List":
            return self._list(start, given)
        found = [each for each in self.people if each["id"] == given["id"] != self.lost]
        if not found:
            return self._fault(start, "soapenv:Client", f"nobody is {given['id']}")
        return self._answer(start, f"<t:GetResponse>{_person(found[0])}</t:GetResponse>")

    def _list(self, start: Any, given: dict[str, str]) -> list[bytes]:
        known = sorted(self.people, key=lambda each: (each["changed"], each["id"]))
        left = [each for each in known if each["changed"] >= given.get("since", "")]
        first = int(given["from"])
        part = left[first : first + int(given["count"])]
        people = f"<t:people>{''.join(map(_person, part))}</t:people>" if part else ""
        result = f"<t:result>{self.result}</t:result><t:total>{len(left)}</t:total>"
        return self._answer(start, f"<t:ListResponse>{people}{result}</t:ListResponse>")

    def _answer(self, start: Any, inner: str, status: str = "200 OK") -> list[bytes]:
        text = (
            f'<e:Envelope xmlns:e="{_ENVELOPE}" xmlns:t="{NAMESPACE}"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"<e:Body>{inner}</e:Body></e:Envelope>"
        )
        return self._said(start, status, text)

    def _fault(self, start: Any, code: str, words: str) -> list[bytes]:
        inner = f"<faultcode>{code}</faultcode><faultstring>{escape(words)}</faultstring>"
        return self._answer(start, f"<e:Fault>{inner}</e:Fault>", "500 Internal Server Error")

    def _said(self, start: Any, status: str, text: str) -> list[bytes]:
        body = text.encode()
        kind = ("Content-Type", "text/xml; charset=utf-8")
        start(status, [kind, ("Content-Length", str(len(body)))])
        return [body]


def _person(row: dict[str, Any]) -> str:
    parts = [
        f'<t:{name} xsi:nil="true"/>'
        if value is None
        else f"<t:{name}>{escape(str(value))}</t:{name}>"
        for name, value in row.items()
    ]
    return f"<t:person>{''.join(parts)}</t:person>"


def _known(root: Any, password: str) -> bool:
    """Whether the header holds a UsernameToken of ann with this password, plain or digested."""
    token = next(root.iter("{*}UsernameToken"), ())
    found = {etree.QName(each).localname: each for each in token}
    if found.get("Username") is None or found["Username"].text != "ann":
        return False
    shown = found["Password"]
    if shown.get("Type", "").endswith("#PasswordDigest"):
        nonce = base64.b64decode(found["Nonce"].text)
        text = nonce + found["Created"].text.encode() + password.encode()
        digest = base64.b64encode(hashlib.sha1(text).digest()).decode()
        return bool(shown.text == digest)
    return bool(shown.text == password)


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class QuietServer(WSGIServer):
    daemon_threads = True


@contextmanager
def served(service: Service) -> Iterator[Service]:
    """Serve it on loopback while the block runs."""
    with make_server("127.0.0.1", 0, service, QuietServer, QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        service.url = f"http://127.0.0.1:{server.server_port}/people"
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
