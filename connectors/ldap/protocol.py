"""All that we use of ldap3, typed: requests as bytes, filters as trees, schema definitions.

An ldap3 of 2021 uses names of pyasn1 that have newer ones since; it says so when it is imported.
The extra ``ldap`` bounds pyasn1 for that reason.
"""

# ruff: noqa: FBT003 (ldap3 takes its switches by place)

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.errors import MisconfiguredError

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from ldap3.core.exceptions import LDAPExceptionError
        from ldap3.operation import add, bind, delete, extended, modify, modifyDn, search
        from ldap3.protocol import rfc4511, rfc4512
        from ldap3.protocol.convert import build_controls_list
        from ldap3.utils import asn1
except ModuleNotFoundError:
    raise MisconfiguredError(
        "type ldap needs the extra 'ldap'; pip install 'isthmus[ldap]'"
    ) from None

ADD, DELETE, REPLACE = 0, 1, 2
SCOPES = {"base": 0, "one": 1, "subtree": 2}


class Request(NamedTuple):
    """A request that needs only its number: its name in RFC 4511 and its content."""

    name: str
    operation: Any

    def __repr__(self) -> str:
        """Show no value of a customer."""
        return f"Request({self.name!r})"


class Control(NamedTuple):
    """A request control (RFC 4511 section 4.1.11)."""

    name: str
    value: bytes | None = None
    critical: bool = True


class Condition(NamedTuple):
    """A node of a filter: its kind (``and``, ``equal``, …), its attribute and value, its parts."""

    kind: str
    attribute: str
    value: str
    parts: list[Condition]

    def __repr__(self) -> str:
        """Show no value of a customer."""
        return f"Condition({self.kind!r}, {self.attribute!r}, parts={self.parts!r})"


def encoded(number: int, request: Request, controls: Sequence[Control] = ()) -> bytes:
    """A message ready to be sent."""
    message = rfc4511.LDAPMessage()
    message["messageID"] = rfc4511.MessageID(number)
    message["protocolOp"] = rfc4511.ProtocolOp().setComponentByName(request.name, request.operation)
    if controls:
        given = [(one.name, one.critical, one.value) for one in controls]
        message["controls"] = build_controls_list(given)
    return bytes(asn1.encode(message))


def simple_bind(user: str, password: str) -> Request:
    """Log in by name and password; both empty for nobody. ValueError when SASLprep forbids them."""
    how = "SIMPLE" if user else "ANONYMOUS"
    try:
        return Request("bindRequest", bind.bind_operation(3, how, user, password))
    except LDAPExceptionError:
        raise ValueError("the password has characters that no password may have") from None


def external_bind() -> Request:
    """Log in as whom the connection itself shows us to be (RFC 4422 appendix A)."""
    operation = bind.bind_operation(3, "SASL", "", sasl_mechanism="EXTERNAL", sasl_credentials=b"")
    return Request("bindRequest", operation)


def extended_request(name: str) -> Request:
    """An extended operation without content."""
    return Request("extendedReq", extended.extended_operation(name))


def search_request(
    base: str, scope: str, condition: str, attributes: Sequence[str], limit: int = 0
) -> Request:
    """A search; aliases are not followed."""
    operation = search.search_operation(
        base, condition, SCOPES[scope], 0, list(attributes), limit, 0, False, False, False
    )
    return Request("searchRequest", operation)


def add_request(name: str, attributes: Mapping[str, Sequence[bytes]]) -> Request:
    """A new entry."""
    given = {attribute: list(values) for attribute, values in attributes.items()}
    return Request("addRequest", add.add_operation(name, given, False))


def modify_request(name: str, changes: Sequence[tuple[str, int, Sequence[bytes]]]) -> Request:
    """Changes of attributes, in this order: attribute, ADD or DELETE or REPLACE, values."""
    given: dict[str, list[tuple[int, list[bytes]]]] = {}
    for attribute, how, values in changes:
        given.setdefault(attribute, []).append((how, list(values)))
    return Request("modifyRequest", modify.modify_operation(name, given, False))


def rename_request(name: str, rdn: str, parent: str | None) -> Request:
    """A new relative name, and a new place where `parent` is given; the old value goes."""
    return Request("modDNRequest", modifyDn.modify_dn_operation(name, rdn, True, parent))


def delete_request(name: str) -> Request:
    """The end of an entry."""
    return Request("delRequest", delete.delete_operation(name))


def parse_filter(text: str) -> Condition:
    """A filter as a tree; ValueError when it is none."""
    try:
        root = search.parse_filter(text, None, False, False, None, False)
        return _condition(root.elements[0])
    except (LDAPExceptionError, IndexError, AttributeError):
        raise ValueError("is no filter (RFC 4515); every part stands in parentheses") from None


def _condition(node: Any) -> Condition:
    kind = {search.AND: "and", search.OR: "or", search.NOT: "not", search.MATCH_EQUAL: "equal"}
    held = node.assertion or {}
    parts = [_condition(part) for part in node.elements]
    value = bytes(held.get("value") or b"").decode()  # as it stands in the text
    return Condition(kind.get(node.tag, "other"), str(held.get("attr") or ""), value, parts)


def attribute_types(definitions: Iterable[bytes]) -> list[Any]:
    """The values of ``attributeTypes`` (RFC 4512 section 4.1.2)."""
    return _definitions(rfc4512.AttributeTypeInfo, definitions)


def object_classes(definitions: Iterable[bytes]) -> list[Any]:
    """The values of ``objectClasses`` (section 4.1.1)."""
    return _definitions(rfc4512.ObjectClassInfo, definitions)


def content_rules(definitions: Iterable[bytes]) -> list[Any]:
    """The values of ``dITContentRules`` (section 4.1.6)."""
    return _definitions(rfc4512.DitContentRuleInfo, definitions)


def _definitions(kind: Any, definitions: Iterable[bytes]) -> list[Any]:
    texts = [text.decode("utf-8", "replace") for text in definitions]
    return list((kind.from_definition(texts) or {}).values())
