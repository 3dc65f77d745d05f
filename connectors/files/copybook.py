"""COBOL copybooks: from their text to a tree of items, each with its storage.

What is read: levels, PIC, USAGE (DISPLAY, COMP, COMP-1, COMP-2, COMP-3, COMP-5), SIGN, OCCURS with
and without DEPENDING ON, REDEFINES, FILLER. What would move bytes in ways that depend on the
compiler (SYNCHRONIZED) or is no data (66, 77) is refused or left out, in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from connectors.errors import MisconfiguredError
from connectors.fields import did_you_mean

_CLAUSES = re.compile(
    r"""
    \bREDEFINES\s+(?P<redefines>[\w-]+)
    | \bOCCURS\s+(?:(?P<least>\d+)\s+TO\s+)?(?P<most>\d+)(?:\s+TIMES)?
      (?:\s+DEPENDING\s+(?:ON\s+)?(?P<depending>[\w-]+))?
    | \b(?:PIC|PICTURE)\s+(?:IS\s+)?(?P<pic>\S+)
    | \bSIGN\s+(?:IS\s+)?(?P<sign>LEADING|TRAILING)(?P<separate>\s+SEPARATE(?:\s+CHARACTER)?)?
    | \b(?P<bare>LEADING|TRAILING)(?P<bare_separate>\s+SEPARATE(?:\s+CHARACTER)?)?
    | \b(?P<sync>SYNCHRONIZED|SYNC)\b
    | \bVALUES?\s+(?:IS\s+|ARE\s+)?(?:'[^']*'|"[^"]*"|\S+)
    | (?<![\w-])
      (?P<usage>COMP(?:UTATIONAL)?(?:-[1-5])?|BINARY|PACKED-DECIMAL|DISPLAY)(?![\w-])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMBER = re.compile(r"(S?)(9*)(?:V(9*))?")
_ENTRY = re.compile(r"(\d{1,2})(?:\s+([A-Za-z0-9][\w-]*))?\b(.*)", re.DOTALL)
_WORDS = {"PIC", "PICTURE", "REDEFINES", "OCCURS", "COMP", "USAGE", "FILLER"}


class Usage(Enum):
    """How a value is stored."""

    TEXT = "text"
    ZONED = "zoned decimal"
    PACKED = "packed decimal"
    BINARY = "binary"
    NATIVE = "native binary"
    FLOAT = "float"


@dataclass(frozen=True, slots=True)
class Item:
    """One item: a group has `items`, any other a usage and a size in bytes.

    `name` is unique in the record, with ``_`` for ``-``; "" for FILLER. `most` is how often it
    occurs, 0 for an item that is no table; `depending` names the item that counts.
    """

    level: int
    name: str
    cobol: str
    items: tuple[Item, ...] = ()
    usage: Usage = Usage.TEXT
    size: int = 0
    digits: int = 0
    scale: int = 0
    signed: bool = False
    leading: bool = False
    separate: bool = False
    most: int = 0
    depending: str = ""
    redefines: str = ""

    def longest(self) -> int:
        """The bytes it takes at most, all its occurrences together."""
        one = self.size or sum(each.longest() for each in self.items if not each.redefines)
        return one * max(1, self.most)


def parse(text: str, name: str, record: str = "", *, small_binary: bool = False) -> Item:
    """Return the record that a copybook describes.

    `record` names one where there are several; `small_binary` gives one or two digits one byte.
    Raises MisconfiguredError with the line.
    """
    flat = [_item(entry, line, name, small=small_binary) for line, entry in _entries(text)]
    flat = [each for each in flat if each is not None and each.level not in {66, 77, 88}]
    if not flat:
        raise MisconfiguredError(f"{name}: no item is in this copybook")
    roots = _nested([each for each in flat if each])
    if len(roots) > 1 and all(root.level > 1 for root in roots):
        roots = (Item(1, "", "", roots),)
    chosen = [root for root in roots if not record or root.cobol == record.upper()]
    if len(chosen) != 1:
        known = [root.cobol for root in roots]
        raise MisconfiguredError(
            f"{name}: describes several records; set copybook.record{did_you_mean(record, known)}"
        )
    root = _named(_typed(chosen[0], name))
    _checked(root, name)
    return root


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Each entry in upper case up to its period, with the line it begins in."""
    entry, begun = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = _line(raw)
        for part in re.split(r"(\.)(?=\s|$)", line):
            if part == "." and entry.strip():
                yield begun, " ".join(entry.split())
                entry = ""
            elif part != "." and part.strip():
                begun = number if not entry.strip() else begun
                entry += f" {part}"
    if entry.strip():
        yield begun, " ".join(entry.split())


def _line(raw: str) -> str:
    """A line without its number, comments and what stands behind column 72."""
    line = raw.expandtabs(8).rstrip()
    numbered = re.fullmatch(r" {6}|\w{6}", line[:6]) and line[6:7] in {" ", "*", "-", "/", "D"}
    if numbered:
        if line[6] in "*/":
            return ""
        line = line[7:72]
    line = line.split("*>")[0]
    return "" if line.lstrip().startswith("*") else line


def _item(entry: str, line: int, name: str, *, small: bool) -> Item | None:
    found = _ENTRY.fullmatch(entry)
    if found is None:
        if re.match(r"(COPY|EJECT|SKIP[123])\b", entry, re.IGNORECASE):
            raise MisconfiguredError(f"{name}:{line}: put what COPY brings into this file")
        raise MisconfiguredError(f"{name}:{line}: is no item: it begins with no level number")
    level, word, rest = int(found[1]), (found[2] or "").upper(), found[3]
    if word in _WORDS - {"FILLER"}:
        word, rest = "FILLER", f" {found[2]}{rest}"
    said = {k: v for each in _CLAUSES.finditer(rest) for k, v in each.groupdict().items() if v}
    if level in {66, 77, 88}:
        return None
    if said.get("sync"):
        raise MisconfiguredError(
            f"{name}:{line}: SYNCHRONIZED puts bytes between items, which depends on the compiler; "
            "write them as FILLER"
        )
    item = Item(
        level,
        "",
        "" if word in {"", "FILLER"} else word,
        most=int(said.get("most", 0)),
        depending=said.get("depending", "").upper(),
        redefines=said.get("redefines", "").upper(),
        leading="LEADING" in {said.get("sign", "").upper(), said.get("bare", "").upper()},
        separate=bool(said.get("separate") or said.get("bare_separate")),
    )
    return _stored(item, said, f"{name}:{line}", small=small)


def _stored(item: Item, said: dict[str, str], place: str, *, small: bool) -> Item:
    usage = said.get("usage", "").upper().replace("COMPUTATIONAL", "COMP")
    if usage in {"COMP-1", "COMP-2"}:
        return replace(item, usage=Usage.FLOAT, size=4 if usage == "COMP-1" else 8)
    if "pic" not in said:
        return replace(item, usage=_USAGES.get(usage, Usage.TEXT))  # of a group: for all in it
    pic = re.sub(r"(.)\((\d+)\)", lambda m: m[1] * int(m[2]), said["pic"].upper().rstrip("."))
    number = _NUMBER.fullmatch(pic)
    if number is None:
        if "P" in pic and not set(pic) - set("S9VP"):
            raise MisconfiguredError(f"{place}: P in a PIC (scaling) is not read")
        return replace(item, size=len(pic.replace("V", "").replace("S", "")))
    digits, scale = len(number[2]) + len(number[3] or ""), len(number[3] or "")
    if not 1 <= digits <= 38:
        raise MisconfiguredError(f"{place}: a number has 1 to 38 digits, not {digits}")
    kind = _USAGES.get(usage, Usage.ZONED)
    known = replace(item, usage=kind, digits=digits, scale=scale, signed=bool(number[1]))
    return replace(known, size=_size(known, small=small))


_USAGES = {
    "COMP": Usage.BINARY,
    "COMP-4": Usage.BINARY,
    "BINARY": Usage.BINARY,
    "COMP-5": Usage.NATIVE,
    "COMP-3": Usage.PACKED,
    "PACKED-DECIMAL": Usage.PACKED,
}


def _size(item: Item, *, small: bool) -> int:
    match item.usage:
        case Usage.PACKED:
            return item.digits // 2 + 1
        case Usage.BINARY | Usage.NATIVE:
            if small and item.digits <= 2:
                return 1
            return 2 if item.digits <= 4 else 4 if item.digits <= 9 else 8
        case _:
            return item.digits + item.separate


def _nested(flat: list[Item]) -> tuple[Item, ...]:
    """Items below the group that they belong to, by level."""
    found: list[Item] = []
    at = 0
    while at < len(flat):
        end = next((i for i in range(at + 1, len(flat)) if flat[i].level <= flat[at].level), None)
        inner = _nested(flat[at + 1 : end])
        found.append(replace(flat[at], items=inner))
        at = len(flat) if end is None else end
    return tuple(found)


def _typed(item: Item, name: str, usage: Usage = Usage.TEXT) -> Item:
    """A usage of a group holds for the numbers in it."""
    if item.items:
        usage = item.usage if item.usage is not Usage.TEXT else usage
        inner = tuple(_typed(each, name, usage) for each in item.items)
        return replace(item, items=inner, size=0, usage=Usage.TEXT)
    if item.usage is Usage.ZONED and usage is not Usage.TEXT:
        item = replace(item, usage=usage)
        item = replace(item, size=_size(item, small=False))
    if not item.size:
        raise MisconfiguredError(f"{name}: {item.cobol or 'FILLER'} has neither PIC nor items")
    return item


def _named(root: Item) -> Item:
    """Names as columns: two that are alike get their group's name before them."""
    count: dict[str, int] = {}
    for item in walk(root):
        count[item.cobol] = count.get(item.cobol, 0) + 1

    def named(item: Item, above: str) -> Item:
        own = item.cobol if count.get(item.cobol, 0) == 1 or not above else f"{above}-{item.cobol}"
        name = own.replace("-", "_") if item.cobol else ""
        inner = tuple(named(each, item.cobol or above) for each in item.items)
        return replace(item, name=name, items=inner)

    return named(root, "")


def walk(item: Item) -> Iterator[Item]:
    """An item and all below it."""
    yield item
    for each in item.items:
        yield from walk(each)


def _checked(root: Item, name: str) -> None:
    known = {item.cobol for item in walk(root) if item.cobol}
    for item in walk(root):
        for other, clause in ((item.redefines, "REDEFINES"), (item.depending, "DEPENDING ON")):
            if other and other not in known:
                raise MisconfiguredError(
                    f"{name}: {item.cobol} {clause} {other}, which is not there"
                    f"{did_you_mean(other, known)}"
                )
