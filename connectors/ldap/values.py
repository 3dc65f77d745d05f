"""Attribute values as JSON values, and back: one pair of functions for each kind."""

from __future__ import annotations

import base64
import re
import struct
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

SECRETS = frozenset(
    name.lower()
    for name in (
        "authPassword", "clearPassword", "dBCSPwd", "krbExtraData", "krbMKey", "krbPrincipalKey",
        "lmPwdHistory", "ms-Mcs-AdmPwd", "msDS-ManagedPassword", "msLAPS-EncryptedPassword",
        "msLAPS-EncryptedPasswordHistory", "msLAPS-Password", "ntPwdHistory", "pwdHistory",
        "sambaLMPassword", "sambaNTPassword", "sambaPasswordHistory", "supplementalCredentials",
        "unicodePwd", "unixUserPassword", "userPassword", "userPKCS12",
    )
)  # fmt: skip
"""Attributes that are never asked for, shown or written, in lower case."""

PHOTOS = frozenset({"audio", "jpegphoto", "photo", "thumbnaillogo", "thumbnailphoto"})
"""Large attributes that are left out unless they are asked for, in lower case."""


class Kind(StrEnum):
    """What the values of an attribute are in a row."""

    TEXT = "text"
    DN = "dn"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TIME = "time"
    UTC_TIME = "utc time"
    FILETIME = "filetime"
    GUID = "guid"
    SID = "sid"
    BINARY = "binary"


_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_NEVER = 2**63 - 1
_GENERALIZED = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)?)?(?:[.,](\d+))?(Z|[+-]\d\d(?:\d\d)?)"
)
_UTC_TIME = re.compile(r"(\d\d)(\d{8})(\d\d)?(Z|[+-]\d{4})")
_SID = re.compile(r"S-1-(\d+)((?:-\d+)*)")


def moment(text: str) -> datetime:
    """A GeneralizedTime (RFC 4517 section 3.3.13) as a time in UTC; ValueError when it is none."""
    found = _GENERALIZED.fullmatch(text)
    if found is None:
        raise ValueError("is no GeneralizedTime")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    unit = timedelta(hours=1) if minute is None else timedelta(minutes=1)
    unit = timedelta(seconds=1) if second is not None else unit
    part = unit * int(fraction) / 10 ** len(fraction) if fraction else timedelta()
    leap = timedelta(seconds=1) if second == "60" else timedelta()
    plain = datetime(
        int(year), int(month), int(day), int(hour), int(minute or 0),
        59 if leap else int(second or 0), tzinfo=UTC,
    )  # fmt: skip
    return plain + part + leap - _offset(zone)


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    distance = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:] or 0))
    return -distance if zone[0] == "-" else distance


def _time(raw: bytes) -> str | None:
    """The year 0 is no time: a password policy's way to say for good."""
    text = raw.decode("ascii")
    return None if text.startswith("0000") else moment(text).isoformat()


def _utc_time(raw: bytes) -> str:
    found = _UTC_TIME.fullmatch(raw.decode("ascii"))
    if found is None:
        raise ValueError("is no UTCTime")
    year, rest, second, zone = found.groups()
    century = "19" if int(year) >= 50 else "20"
    return moment(f"{century}{year}{rest}{second or '00'}{zone}").isoformat()


def _filetime(raw: bytes) -> str | None:
    """Windows' time: tenths of microseconds since 1601; none, and the largest, mean never."""
    ticks = int(raw)
    if ticks <= 0 or ticks == _NEVER:
        return None
    return (_EPOCH + timedelta(microseconds=ticks // 10)).isoformat()


def _boolean(raw: bytes) -> bool:
    if raw not in {b"TRUE", b"FALSE"}:
        raise ValueError("is no Boolean")
    return raw == b"TRUE"


def _sid(raw: bytes) -> str:
    count = raw[1]
    if raw[0] != 1 or len(raw) != 8 + 4 * count:
        raise ValueError("is no security identifier")
    parts = struct.unpack(f"<{count}I", raw[8:])
    return "-".join(("S-1", str(int.from_bytes(raw[2:8], "big")), *map(str, parts)))


def _guid(raw: bytes) -> str:
    return str(uuid.UUID(bytes_le=raw))


READ: Mapping[Kind, Callable[[bytes], Any]] = {
    Kind.TEXT: bytes.decode,
    Kind.DN: bytes.decode,
    Kind.INTEGER: int,
    Kind.BOOLEAN: _boolean,
    Kind.TIME: _time,
    Kind.UTC_TIME: _utc_time,
    Kind.FILETIME: _filetime,
    Kind.GUID: _guid,
    Kind.SID: _sid,
    Kind.BINARY: lambda raw: base64.b64encode(raw).decode(),
}
"""How a value of each kind is read. They raise ValueError, IndexError or OverflowError."""


def _parsed(value: object) -> datetime:
    when = datetime.fromisoformat(str(value))
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def generalized(when: datetime) -> bytes:
    """A time as GeneralizedTime, with a fraction only where it has one."""
    fraction = f".{when.microsecond:06d}".rstrip("0") if when.microsecond else ""
    utc = when.astimezone(UTC)
    return f"{utc.year:04d}{utc:%m%d%H%M%S}{fraction}Z".encode()


def _to_filetime(value: object) -> bytes:
    ticks = (_parsed(value) - _EPOCH) // timedelta(microseconds=1) * 10
    return str(ticks).encode()


def _to_sid(value: object) -> bytes:
    found = _SID.fullmatch(str(value))
    if found is None:
        raise ValueError("is no security identifier")
    parts = [int(part) for part in found[2].split("-")[1:]]
    head = bytes((1, len(parts))) + int(found[1]).to_bytes(6, "big")
    return head + struct.pack(f"<{len(parts)}I", *parts)


def _to_boolean(value: object) -> bytes:
    if isinstance(value, bool):
        return b"TRUE" if value else b"FALSE"
    return {"true": b"TRUE", "false": b"FALSE"}[str(value).lower()]


def _to_text(value: object) -> bytes:
    if isinstance(value, bool):
        return b"TRUE" if value else b"FALSE"
    return str(value).encode()


WRITE: Mapping[Kind, Callable[[Any], bytes]] = {
    Kind.TEXT: _to_text,
    Kind.DN: _to_text,
    Kind.INTEGER: lambda value: str(int(value)).encode(),
    Kind.BOOLEAN: _to_boolean,
    Kind.TIME: lambda value: generalized(_parsed(value)),
    Kind.UTC_TIME: lambda value: f"{_parsed(value):%y%m%d%H%M%S}Z".encode(),
    Kind.FILETIME: _to_filetime,
    Kind.GUID: lambda value: uuid.UUID(str(value)).bytes_le,
    Kind.SID: _to_sid,
    Kind.BINARY: lambda value: base64.b64decode(str(value), validate=True),
}
"""How a value of each kind is written. They raise ValueError, KeyError or struct.error."""
