"""Files of COBOL records: cut into records, each read by its copybook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict

from connectors.contract import Column, RejectedRow
from connectors.errors import MisconfiguredError
from connectors.fields import LocalPath, did_you_mean
from connectors.files.cobol import FaultError, decoder
from connectors.files.copybook import Item, Usage, parse, walk
from connectors.files.options import Part, Reading, chosen
from connectors.files.stored import opened

_RDW = 4
_TYPES = {
    Usage.TEXT: "text",
    Usage.FLOAT: "float",
    Usage.ZONED: "zoned",
    Usage.PACKED: "packed",
    Usage.BINARY: "binary",
    Usage.NATIVE: "binary",
}
Step = Callable[[bytes, int, dict[str, Any], dict[str, Any]], int]
"""Reads an item of a record at a place into a row; gives the place after it."""


class CopybookOptions(BaseModel):
    """Which record a file holds, and how its records are told apart."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    file: LocalPath
    """The copybook's text."""
    record: str = ""
    """The 01 level that is meant, where the copybook has several."""
    cut: Literal["fixed", "lines", "rdw"] = "fixed"
    """All of one length, one a line, or each behind its length (a record descriptor word)."""
    views: tuple[str, ...] = ()
    """Items with REDEFINES that are to be read too; without it what they redefine is read."""
    small_binary: bool = False
    """Whether a COMP of one or two digits takes one byte, as GnuCOBOL has it by default."""


def load(options: CopybookOptions) -> Item:
    """Return the record that the copybook describes; MisconfiguredError with file and line."""
    try:
        text = options.file.read_text("utf-8", "replace")
    except OSError as error:
        raise MisconfiguredError(
            f"{options.file}: {error.strerror or 'cannot be read'}; check copybook.file"
        ) from None
    name = options.file.name
    record = parse(text, name, options.record, small_binary=options.small_binary)
    known = [item.cobol for item in walk(record) if item.redefines]
    for view in options.views:
        if view.upper() not in known:
            raise MisconfiguredError(
                f"{name}: no item {view!r} with REDEFINES{did_you_mean(view.upper(), known)}"
            )
    return record


def columns(options: CopybookOptions) -> tuple[Column, ...]:
    """The items of a record that become columns."""
    record, views = load(options), _views(options)
    return tuple(_columns(record, views))


def _columns(item: Item, views: frozenset[str]) -> Iterator[Column]:
    for each in item.items or (item,):
        if each.redefines and each.cobol not in views:
            continue
        if each.most:
            yield Column(each.name, "list")
        elif each.items:
            yield from _columns(each, views)
        elif each.name:
            scaled = f"({each.digits},{each.scale})" if each.scale else ""
            yield Column(each.name, f"{_TYPES[each.usage]}{scaled}")


def _views(options: CopybookOptions) -> frozenset[str]:
    return frozenset(view.upper() for view in options.views)


def read(options: CopybookOptions, reading: Reading) -> Iterator[Part]:
    """Yield rows; a record with an item that is no value of its type is rejected as hexadecimal.

    Raises MisconfiguredError for a file that is not cut as declared.
    """
    record = load(options)
    viewed = _views(options)
    loose = viewed | {item.redefines for item in walk(record) if item.cobol in viewed}
    step = _group(record, reading.encoding, viewed, loose)
    known = [column.name for column in _columns(record, viewed)]
    reading.wanted(known)
    rows: list[dict[str, Any]] = []
    rejected: list[RejectedRow] = []
    with opened(reading.file) as stream:
        for number, raw in enumerate(_CUTS[options.cut](stream, record, reading), 1):
            row: dict[str, Any] = {}
            try:
                _exact(step(raw, 0, row, row), raw, options)
                rows.append(chosen(row, reading.fields))
            except FaultError as fault:
                place = f"{reading.file.name}[{number}]"
                rejected.append(RejectedRow(place, str(fault), raw.hex()))
            if len(rows) + len(rejected) >= reading.page_size:
                yield rows, rejected
                rows, rejected = [], []
    yield rows, rejected


def _exact(end: int, raw: bytes, options: CopybookOptions) -> None:
    if options.cut == "rdw" and end < len(raw):
        raise FaultError(f"has {len(raw) - end} bytes more than the copybook")


def _group(item: Item, encoding: str, views: frozenset[str], loose: frozenset[str]) -> Step:
    """Reads all items of a group, one after another; views stand where what they redefine does."""
    places: dict[str, int] = {}
    origins = {each.cobol: each.redefines for each in item.items if each.redefines}
    steps = [
        (each.cobol, _origin(each.redefines, origins), _one(each, encoding, views, loose))
        for each in item.items or (item,)
        if not each.redefines or each.cobol in views
    ]

    def read(raw: bytes, at: int, row: dict[str, Any], whole: dict[str, Any]) -> int:
        for name, redefined, step in steps:
            if redefined:
                step(raw, places[redefined], row, whole)
                continue
            places[name] = at
            at = step(raw, at, row, whole)
        return at

    return read


def _origin(name: str, origins: Mapping[str, str]) -> str:
    """What stands at the place that a view of it, or a view of that, is of."""
    while name in origins:
        name = origins[name]
    return name


def _one(item: Item, encoding: str, views: frozenset[str], loose: frozenset[str]) -> Step:
    if item.items:
        below = {each.cobol for each in walk(item)} if item.cobol in loose else set()
        inner = _group(item, encoding, views, loose | below)
    else:
        inner = _value(item, encoding, loose=item.cobol in loose)
    if not item.most:
        return inner

    def table(raw: bytes, at: int, row: dict[str, Any], whole: dict[str, Any]) -> int:
        found: list[Any] = []
        for _ in range(_times(item, whole)):
            entry: dict[str, Any] = {}
            at = inner(raw, at, entry, whole)
            found.append(entry if item.items else entry.get(item.name))
        if item.name:
            row[item.name] = found
        return at

    return table


def _times(item: Item, whole: dict[str, Any]) -> int:
    if not item.depending:
        return item.most
    count = whole.get(item.depending.replace("-", "_"))
    if not isinstance(count, int) or not 0 <= count <= item.most:
        raise FaultError(f"{item.depending} is no count up to {item.most}")
    return count


def _value(item: Item, encoding: str, *, loose: bool) -> Step:
    decode, size, name = decoder(item, encoding), item.size, item.name

    def read(raw: bytes, at: int, row: dict[str, Any], whole: dict[str, Any]) -> int:  # noqa: ARG001
        end = at + size
        if name:
            part = raw[at:end]
            try:
                row[name] = decode(_whole(part, size))
            except ValueError as error:
                if not loose:
                    why = "is not of the encoding" if isinstance(error, UnicodeError) else error
                    raise FaultError(f"{item.cobol} (byte {at + 1}) {why}") from None
                row[name] = None
        return end

    return read


def _whole(part: bytes, size: int) -> bytes:
    if len(part) < size:
        raise ValueError("is cut off")
    return part


def _fixed(stream: BinaryIO, record: Item, reading: Reading) -> Iterator[bytes]:
    length = record.longest()
    size = reading.file.stamp().size
    read = partial(stream.read, length)
    for number, raw in enumerate(iter(read, b""), 1):
        if len(raw) < length:
            raise MisconfiguredError(
                f"{reading.file.name}: record {number:,} has {len(raw)} bytes where the copybook "
                f"says {length} (the file has {size:,}); is it another copybook, cut: lines or rdw?"
            )
        yield raw


def _lines(stream: BinaryIO, record: Item, reading: Reading) -> Iterator[bytes]:
    """Lines of text: blanks at their ends may have been cut off."""
    end = "\n".encode(reading.encoding)
    blank = " ".encode(reading.encoding)
    length = record.longest()
    held = b""
    while chunk := stream.read(1 << 20):
        *whole, held = (held + chunk).split(end)
        yield from (line.rstrip(b"\r").ljust(length, blank) for line in whole if line.strip())
    if held.strip():
        yield held.rstrip(b"\r").ljust(length, blank)


def _described(stream: BinaryIO, _: Item, reading: Reading) -> Iterator[bytes]:
    number = 0
    while head := stream.read(_RDW):
        number += 1
        length = int.from_bytes(head[:2], "big") - _RDW
        raw = stream.read(max(length, 0))
        if len(head) < _RDW or length <= 0 or head[2:] != b"\0\0" or len(raw) < length:
            raise MisconfiguredError(
                f"{reading.file.name}: record {number:,} does not stand behind its length; "
                "set copybook.cut: fixed or lines"
            )
        yield raw


_CUTS: dict[str, Callable[[BinaryIO, Item, Reading], Iterator[bytes]]] = {
    "fixed": _fixed,
    "lines": _lines,
    "rdw": _described,
}
