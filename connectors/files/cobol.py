"""Values of COBOL records: from bytes to text, whole numbers and decimals."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from connectors.files.copybook import Item, Usage

Decode = Callable[[bytes], Any]
_SIGNS = {0xA: 1, 0xB: -1, 0xC: 1, 0xD: -1, 0xE: 1, 0xF: 1}
_EMPTY = (b"\0", b" ", b"\x40")


class FaultError(Exception):
    """Bytes that are no value of their item: its name, where it stands and what it is."""


def decoder(item: Item, encoding: str) -> Decode:
    """Return what reads an item's bytes; a number of blanks or low-values only is None."""
    match item.usage:
        case Usage.TEXT:
            return _text(encoding)
        case Usage.ZONED:
            return _empty_first(_zoned(item, encoding))
        case Usage.PACKED:
            return _empty_first(_packed(item))
        case Usage.FLOAT:
            return _float(item, mainframe=is_ebcdic(encoding))
        case Usage.BINARY:
            return _binary(item, "big")
        case Usage.NATIVE:
            return _binary(item, "big" if is_ebcdic(encoding) else "little")


def is_ebcdic(encoding: str) -> bool:
    """Whether digits are F0 to F9 in it."""
    return "0".encode(encoding) == b"\xf0"


def _empty_first(decode: Decode) -> Decode:
    def read(raw: bytes) -> Any:
        if raw.count(raw[:1]) == len(raw) and raw[:1] in _EMPTY:
            return None
        return decode(raw)

    return read


def _text(encoding: str) -> Decode:
    def read(raw: bytes) -> str | None:
        if not raw.strip(b"\0"):
            return None
        text = raw.decode(encoding).rstrip(" ")
        if "\0" in text:
            raise ValueError("holds a NUL character")
        return text

    return read


def _scaled(item: Item, number: int) -> int | Decimal:
    return Decimal(number).scaleb(-item.scale) if item.scale else number


def _packed(item: Item) -> Decode:
    def read(raw: bytes) -> int | Decimal:
        text = raw.hex()
        sign = _SIGNS.get(raw[-1] & 15)
        if sign is None or not text[:-1].isdecimal():
            raise ValueError("is no packed decimal")
        return _scaled(item, sign * int(text[:-1]))

    return read


def _binary(item: Item, order: Any) -> Decode:
    def read(raw: bytes) -> int | Decimal:
        return _scaled(item, int.from_bytes(raw, order, signed=item.signed))

    return read


def _zoned(item: Item, encoding: str) -> Decode:
    """Digits as characters; the sign in the zone of the first or last, or a character of its own.

    In ASCII the zone of a negative digit is ``p`` to ``y`` (GnuCOBOL, Micro Focus) or, as in
    EBCDIC, ``}`` and ``J`` to ``R``.
    """
    over = _overpunched(encoding)

    def read(raw: bytes) -> int | Decimal:
        text = raw.decode(encoding)
        sign = 1
        if item.separate:
            mark, text = (text[0], text[1:]) if item.leading else (text[-1], text[:-1])
            if mark not in "+- ":
                raise ValueError("has no sign where one stands")
            sign = -1 if mark == "-" else 1
        else:
            at = 0 if item.leading else len(text) - 1
            if not text[at].isascii() or not text[at].isdecimal():
                sign, digit = over.get(text[at], (0, ""))
                text = text[:at] + digit + text[at + 1 :]
        text = text.replace(" ", "0") if text.lstrip(" ").isdecimal() else text
        if not sign or not text.isascii() or not text.isdecimal():
            raise ValueError("is no number")
        return _scaled(item, sign * int(text))

    return read


def _overpunched(encoding: str) -> Mapping[str, tuple[int, str]]:
    """Signed digits by the character that they look like in this encoding."""
    if is_ebcdic(encoding):
        zones = ((0xC0, 1), (0xD0, -1), (0xA0, 1), (0xB0, -1), (0xE0, 1))
        return {
            bytes([zone | digit]).decode(encoding, "replace"): (sign, str(digit))
            for zone, sign in reversed(zones)
            for digit in range(10)
        }
    plus, minus = "{ABCDEFGHI", "}JKLMNOPQR"
    found = {mark: (1, str(digit)) for digit, mark in enumerate(plus)}
    found |= {mark: (-1, str(digit)) for digit, mark in enumerate(minus)}
    return found | {chr(0x70 + digit): (-1, str(digit)) for digit in range(10)}


def _float(item: Item, *, mainframe: bool) -> Decode:
    if not mainframe:
        form = "<f" if item.size == 4 else "<d"
        return lambda raw: struct.unpack(form, raw)[0]

    def read(raw: bytes) -> float:
        sign = -1.0 if raw[0] & 0x80 else 1.0
        fraction = int.from_bytes(raw[1:], "big") / float(1 << 8 * (len(raw) - 1))
        return sign * fraction * 16.0 ** ((raw[0] & 0x7F) - 64)

    return read
