"""A query's words, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.simulators.salesforce.errors import malformed

_WORD = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)
    | (?P<day>\d{4}-\d\d-\d\d)
    | (?P<number>[+-]?\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*(?::\d+)?)
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_KNOWN_ESCAPES = frozenset("nNrRtTbBfF\"'\\_%")


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its kind (string, moment, day, number, name, sign, end), text and place."""

    kind: str
    text: str
    at: int

    def says(self, *words: str) -> bool:
        """Whether it is one of these keywords or signs."""
        return self.kind in {"name", "sign"} and self.text.upper() in words


def split(text: str) -> list[Word]:
    """The words of a query, the last one of kind ``end``; MALFORMED_QUERY for other signs."""
    words, at, end = [], 0, len(text.rstrip())
    while at < end:
        found = _WORD.match(text, at)
        if found is None:
            sign = text[at:].lstrip()[:1]
            raise malformed(f"unexpected token: '{sign}' at position {at}")
        kind = str(found.lastgroup)
        words.append(Word(kind, found[kind], found.start(kind)))
        at = found.end()
    return [*words, Word("end", "<EOF>", end)]


def unquote(text: str, *, like: bool = False) -> str:
    r"""The value of a quoted string. For LIKE, ``\_`` and ``\%`` keep their backslash."""
    found, at, inner = [], 0, text[1:-1]
    while at < len(inner):
        char = inner[at]
        if char != "\\":
            found.append(char)
            at += 1
            continue
        escaped = inner[at + 1]
        if escaped not in _KNOWN_ESCAPES:
            raise malformed(
                f"Invalid string literal '{inner}'. Illegal character sequence '\\{escaped}' in "
                "string literal"
            )
        keep = "\\" if like and escaped in "_%\\" else ""
        found.append(keep + _ESCAPES.get(escaped.lower(), escaped))
        at += 2
    return "".join(found)
