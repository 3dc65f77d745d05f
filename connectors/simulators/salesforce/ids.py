"""Record ids: 15 characters that mind the case, and three more so that they need not."""

from __future__ import annotations

import re

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile("[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


def make_id(prefix: str, number: int) -> str:
    """The `number`-th id of an object, 18 characters: ids in the order of their numbers."""
    text = ""
    while number:
        number, digit = divmod(number, 62)
        text = _DIGITS[digit] + text
    return full(f"{prefix}{'Qy' if len(prefix) == 3 else ''}{text.rjust(10, '0')}")


def full(text: str) -> str:
    """An id of 15 characters with its last three: one bit per capital letter."""
    parts = (text[:5], text[5:10], text[10:15])
    bits = (sum(char.isupper() << at for at, char in enumerate(part)) for part in parts)
    return text[:15] + "".join(_CHECK[each] for each in bits)


def normal(text: object) -> str | None:
    """The 18 characters of an id written with 15 or 18; None for what is no id."""
    if not isinstance(text, str) or not _SHAPE.fullmatch(text):
        return None
    whole = full(text)
    return whole if len(text) == 15 or text[15:].upper() == whole[15:] else None
