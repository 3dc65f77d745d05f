"""The part of BER that LDAP needs beside its library: quick reading, and small control values.

Lengths are definite and tags are one byte (RFC 4511 section 5.1). Damaged input raises ValueError
or IndexError, which `wire` reports.
"""

from __future__ import annotations

from collections.abc import Iterator

BOOLEAN, INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x0A, 0x30, 0x31


def span(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at `at` begins and ends."""
    length = data[at + 1]
    at += 2
    if length > 127:
        octets = length & 127
        length = int.from_bytes(data[at : at + octets], "big")
        at += octets
    return at, at + length


def parts(data: bytes, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    """The tag and content of each element between two places."""
    while at < end:
        tag = data[at]
        start, at = span(data, at)
        if at > end:
            raise ValueError("an element ends after what holds it")
        yield tag, data[start:at]


def members(data: bytes) -> list[tuple[int, bytes]]:
    """The tag and content of each element of a sequence that is the whole of `data`."""
    start, end = span(data, 0)
    return list(parts(data, start, end))


def number(content: bytes) -> int:
    """The value of an INTEGER or ENUMERATED."""
    return int.from_bytes(content, "big", signed=True)


def element(tag: int, content: bytes) -> bytes:
    """One element."""
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 128 + len(octets))) + octets + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """An INTEGER, or an ENUMERATED when the tag says so."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return element(tag, value.to_bytes(size, "big", signed=True))


def octets(value: bytes) -> bytes:
    """An OCTET STRING."""
    return element(OCTETS, value)


def sequence(*elements: bytes) -> bytes:
    """A SEQUENCE."""
    return element(SEQUENCE, b"".join(elements))
