"""What a directory answers (RFC 4511), decoded from its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.ldap.ber import number, parts, span

Attributes = dict[str, list[bytes]]
Controls = Mapping[str, bytes]

_ENTRY, _REFERENCE, _NOTICE = 0x64, 0x73, 0x79
_CONTROLS, _REFERRALS, _SASL, _VALUE = 0xA0, 0xA3, 0x87, 0x8B


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its name and its attributes as they came."""

    dn: str = field(repr=False)
    attributes: Attributes = field(repr=False)
    controls: Controls = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """A part of the tree that other servers hold: their addresses."""

    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """Word in between (RFC 4511 section 4.13): an object identifier and what it says."""

    name: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Result:
    """The end of an operation: its code, the server's own words and what came along.

    `diagnostic` may hold customers' values: it is looked into, never shown.
    """

    code: int
    diagnostic: str = field(default="", repr=False)
    referrals: tuple[str, ...] = ()
    controls: Controls = field(default_factory=dict, repr=False)
    value: bytes = field(default=b"", repr=False)


Answer = Entry | Reference | Notice | Result


def decoded(message: bytes) -> tuple[int, Answer]:
    """The number and the answer of one message, the outer sequence taken off.

    Raises ValueError or IndexError when it is none.
    """
    start, at = span(message, 0)
    ours = number(message[start:at])
    tag = message[at]
    start, end = span(message, at)
    controls = _controls(message[end:]) if end < len(message) else {}
    if tag == _ENTRY:
        dn, attributes = _entry(message, start)
        return ours, Entry(dn, attributes, controls)
    body = list(parts(message, start, end))
    if tag == _REFERENCE:
        return ours, Reference(tuple(url.decode() for _, url in body))
    if tag == _NOTICE:
        said = dict(body)
        return ours, Notice(said.get(0x80, b"").decode(), said.get(0x81, b""))
    return ours, _result(body, controls)


def _entry(data: bytes, at: int) -> tuple[str, Attributes]:
    """Read an entry; written out in one loop, since a large read spends its time here."""
    start, end = span(data, at)
    dn = data[start:end].decode("utf-8", "replace")
    at, last = span(data, end)
    attributes: Attributes = {}
    while at < last:
        at, _ = span(data, at)
        start, end = span(data, at)
        name = data[start:end].decode()
        at, stop = span(data, end)
        values = []
        while at < stop:
            start, at = span(data, at)
            values.append(data[start:at])
        attributes[name] = values
    if at != last or last > len(data):
        raise ValueError("an entry is cut off")
    return dn, attributes


def _result(body: list[tuple[int, bytes]], controls: Controls) -> Result:
    code, _, diagnostic, *more = body
    rest = dict(more)
    referrals = rest.get(_REFERRALS, b"")
    return Result(
        number(code[1]),
        diagnostic[1].decode("utf-8", "replace").rstrip("\0"),
        tuple(url.decode() for _, url in parts(referrals, 0, len(referrals))),
        controls,
        rest.get(_VALUE) or rest.get(_SASL, b""),
    )


def _controls(data: bytes) -> dict[str, bytes]:
    if data[0] != _CONTROLS:
        return {}
    found = {}
    start, end = span(data, 0)
    for _, control in parts(data, start, end):
        name, *rest = parts(control, 0, len(control))
        found[name[1].decode()] = next((value for tag, value in rest if tag == 0x04), b"")
    return found
