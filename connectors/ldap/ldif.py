"""Requests that write as change records of LDIF (RFC 2849), as people of directories read them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from connectors.ldap.protocol import Request

_HOW = ("add", "delete", "replace")
_KINDS = {
    "addRequest": "add",
    "modifyRequest": "modify",
    "modDNRequest": "modrdn",
    "delRequest": "delete",
}


def kind_of(request: Request) -> str:
    """Return what a request does, by LDIF's word: add, modify, modrdn or delete."""
    return _KINDS[request.name]


def as_ldif(request: Request) -> str:
    """Return the change record of a request. Text beyond ASCII stays as it is, to be read."""
    kind, operation = kind_of(request), request.operation
    name = operation if kind == "delete" else operation["object" if kind == "modify" else "entry"]
    lines = [_line("dn", name), f"changetype: {kind}"]
    if kind == "add":
        for attribute in operation["attributes"]:
            lines += _values(attribute)
    elif kind == "modify":
        for change in operation["changes"]:
            attribute = change["modification"]
            lines.append(f"{_HOW[int(change['operation'])]}: {_text(attribute['type'])}")
            lines += [*_values(attribute), "-"]
    elif kind == "modrdn":
        lines.append(_line("newrdn", operation["newrdn"]))
        lines.append(f"deleteoldrdn: {int(operation['deleteoldrdn'])}")
        if operation["newSuperior"].isValue:
            lines.append(_line("newsuperior", operation["newSuperior"]))
    return "\n".join(lines) + "\n"


def _values(attribute: Any) -> Iterator[str]:
    name = _text(attribute["type"])
    return (_line(name, value) for value in attribute["vals"])


def _line(name: str, value: Any) -> str:
    """Return one line; a value that is no plain text is in base64."""
    raw = bytes(value)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = "\0"
    if text.isprintable() and not text.startswith((" ", ":", "<")) and not text.endswith(" "):
        return f"{name}: {text}"
    return f"{name}:: {base64.b64encode(raw).decode()}"


def _text(value: Any) -> str:
    return bytes(value).decode()
