"""The kinds of values that expressions and steps handle, and how one kind becomes another.

Every conversion exists twice, as SQL text for DuckDB and as a Python function, and both say the
same. A conversion never fails: what cannot be converted becomes NULL (None). Numbers are BIGINT or
DECIMAL(18, 4); times are in UTC, so a DuckDB connection must have ``TimeZone = 'UTC'``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from mappings.schema import Type


class Kind(StrEnum):
    """What an expression gives. The first six are the types of `mappings.schema.Type`."""

    TEXT = "text"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIMESTAMP = "timestamp"
    NULL = "null"  # a bare NULL, or a column that the input does not have
    ANY = "any"  # known only when the row is there (one record at a time)
    JSON = "json"  # a DuckDB JSON value
    LIST = "list"
    STRUCT = "struct"


DUCKDB_TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INTEGER: "BIGINT",
    Kind.DECIMAL: "DECIMAL(18, 4)",
    Kind.DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMPTZ",
}

TRUE_WORDS = ("true", "t", "yes", "y", "1", "on")
FALSE_WORDS = ("false", "f", "no", "n", "0", "off")

SPACES = " \t\n\r\f\v\x1c\x1d\x1e\x1f\x85\xa0\u1680\u180e\u2028\u2029\u202f\u205f\u3000\ufeff" + (
    "".join(map(chr, range(0x2000, 0x200C)))
)
"""All that counts as white space here, zero-width space and byte order mark included."""

_INTEGER = r"[+-]?[0-9]{1,30}"
_DECIMAL = r"[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})"
_YEAR = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
_DATE = rf"{_YEAR}-[0-9]{{2}}-[0-9]{{2}}"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
_ZONE = r"(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)?"
_TIMESTAMP = rf"{_DATE}([T ]{_TIME}{_ZONE})?"

_is_integer = re.compile(_INTEGER).fullmatch
_is_decimal = re.compile(_DECIMAL).fullmatch
_is_timestamp = re.compile(_TIMESTAMP).fullmatch

_QUANTUM = Decimal("0.0001")
_DECIMAL_LIMIT = 10**14
_WORDS = dict.fromkeys(TRUE_WORDS, True) | dict.fromkeys(FALSE_WORDS, False)


def quote(text: str) -> str:
    """Return the text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """Return the name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def strip(text: str) -> str:
    """Take white space (`SPACES`) from both ends."""
    return text.strip(SPACES)


SPACE_CLASS = r"\s\v\x1c-\x1f" + "".join(c for c in SPACES if ord(c) > 0x7F)
"""`SPACES` as part of a class of a regular expression in DuckDB."""

_EDGE = f"regexp_matches({{0}}, '^[{SPACE_CLASS}]|[{SPACE_CLASS}]$')"
STRIP_SQL = (
    "(CASE WHEN ord({0}) BETWEEN 33 AND 126 AND ord({0}[-1]) BETWEEN 33 AND 126 THEN {0}"
    f" WHEN NOT {_EDGE} THEN {{0}} WHEN NOT {_EDGE.format('trim({0})')} THEN trim({{0}})"
    f" ELSE regexp_replace({{0}}, '^[{SPACE_CLASS}]+|[{SPACE_CLASS}]+$', '', 'g') END)"
)
"""The SQL form of `strip`, to be formatted with the argument. Most texts begin and end with an
ASCII letter, which is seen at half the cost of a regular expression; that costs a tenth of what
DuckDB's trim with a list of characters does."""

FILLED_SQL = (
    "(CASE WHEN ord({0}) BETWEEN 33 AND 126 THEN true"
    f" ELSE regexp_matches({{0}}, '[^{SPACE_CLASS}]') END)"
)
"""SQL for a text not being blank, to be formatted with the argument; most begin with a letter."""


def to_text(value: Any) -> str | None:  # noqa: PLR0911 (one for each type)
    """Write a value as text: numbers without trailing zeros, times as ISO 8601 in UTC."""
    if value is None or type(value) is str:
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = format(value, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, dict)):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=to_text)
    return str(value)


def to_boolean(value: Any) -> bool | None:
    """Read true/false, yes/no, t/f, y/n, on/off, 1/0 in any case."""
    if value is None or isinstance(value, bool):
        return value
    text = to_text(value)
    return (
        _WORDS.get(strip(text).lower())
        if text is not None and text.isascii()
        else (_WORDS.get(strip(text)) if text is not None else None)
    )


def to_integer(value: Any) -> int | None:
    """Read a whole number that fits 64 bits."""
    if value is None or isinstance(value, (date, list, dict)):
        return None
    if isinstance(value, int):
        return within_64_bits(int(value))
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else None
    text = strip(to_text(value) or "")
    return within_64_bits(int(text)) if _is_integer(text) else None


def to_decimal(value: Any) -> Decimal | None:
    """Read a number into DECIMAL(18, 4), rounding half away from zero."""
    if value is None or isinstance(value, (date, list, dict)):
        return None
    if isinstance(value, (int, Decimal)):
        return fixed(Decimal(value))
    text = strip(to_text(value) or "")
    return fixed(Decimal(text)) if _is_decimal(text) else None


def to_date(value: Any) -> date | None:
    """Read an ISO date, or the date that an ISO timestamp begins with."""
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    text = strip(to_text(value) or "")
    if not _is_timestamp(text):
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def to_timestamp(value: Any) -> datetime | None:
    """Read an ISO date or timestamp; without an offset it is in UTC."""
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    text = to_text(value) or ""
    if not _is_timestamp(text):
        text = strip(text)
        if not _is_timestamp(text):
            return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def fixed(value: Decimal) -> Decimal | None:
    """Round into DECIMAL(18, 4); None when it does not fit."""
    if not value.is_finite() or abs(value) >= _DECIMAL_LIMIT * 10:
        return None
    rounded = value.quantize(_QUANTUM, ROUND_HALF_UP)
    return rounded if abs(rounded) < _DECIMAL_LIMIT else None


def within_64_bits(value: int) -> int | None:
    """Return the number when BIGINT can hold it."""
    return value if -(2**63) <= value < 2**63 else None


def from_double(value: float) -> Decimal | None:
    """Round a binary floating point number into DECIMAL(18, 4), as DuckDB's cast does."""
    scaled = value * 10_000.0
    if scaled != scaled or abs(scaled) >= 1e18:  # noqa: PLR0124 (a number that is not one)
        return None
    return fixed(Decimal(scaled).quantize(Decimal(1), ROUND_HALF_UP).scaleb(-4))


def read(value: Any) -> Any:  # noqa: PLR0911 (one for each type)
    """Bring a value of a row to one of our kinds: floats to Decimal, times to UTC."""
    if value is None or type(value) is str or value is True or value is False:
        return value
    if isinstance(value, int):
        return within_64_bits(value)
    if isinstance(value, float):
        return from_double(value)
    if isinstance(value, Decimal):
        return fixed(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, (date, list, dict)):
        return value
    if isinstance(value, bytes):
        return None
    return str(value)


CONVERT: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: to_text,
    Kind.BOOLEAN: to_boolean,
    Kind.INTEGER: to_integer,
    Kind.DECIMAL: to_decimal,
    Kind.DATE: to_date,
    Kind.TIMESTAMP: to_timestamp,
}


def within_years(moment: str) -> str:
    """Return SQL for a TIMESTAMPTZ that is NULL outside the years 1 to 9999, which Python has."""
    first, last = "0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00"
    return (
        f"CASE WHEN {moment} BETWEEN TIMESTAMPTZ '{first}' AND TIMESTAMPTZ '{last}'"
        f" THEN {moment} END"
    )


def convert_sql(sql: str, source: Kind, target: Kind) -> str:
    """Return SQL that converts an expression of kind `source`; NULL where it cannot."""
    if source is target:
        return sql
    if source is Kind.NULL:
        return f"CAST(NULL AS {DUCKDB_TYPES[target]})"
    if target is Kind.TEXT:
        return _text_sql(sql, source)
    if source in {Kind.JSON, Kind.LIST, Kind.STRUCT}:
        return convert_sql(_text_sql(sql, source), Kind.TEXT, target)
    if source is Kind.TEXT:
        return _parse_sql(sql, target)
    return _typed_sql(sql, source, target)


def _text_sql(sql: str, source: Kind) -> str:
    match source:
        case Kind.DECIMAL:
            return f"rtrim(rtrim(CAST({sql} AS VARCHAR), '0'), '.')"
        case Kind.TIMESTAMP:
            return f"strftime(CAST({sql} AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%fZ')"
        case Kind.JSON:
            return f"({sql} ->> '$')"
        case Kind.LIST | Kind.STRUCT:
            return f"CAST(to_json({sql}) AS VARCHAR)"
        case _:
            return f"CAST({sql} AS VARCHAR)"


def _parse_sql(sql: str, target: Kind) -> str:
    text = STRIP_SQL.format(sql)
    match target:
        case Kind.BOOLEAN:
            yes, no = (", ".join(map(quote, words)) for words in (TRUE_WORDS, FALSE_WORDS))
            return (
                f"CASE WHEN lower({text}) IN ({yes}) THEN true"
                f" WHEN lower({text}) IN ({no}) THEN false END"
            )
        case Kind.INTEGER:
            pattern, cast = _INTEGER, f"TRY_CAST({text} AS BIGINT)"
        case Kind.DECIMAL:
            pattern, cast = _DECIMAL, f"TRY_CAST({text} AS DECIMAL(18, 4))"
        case Kind.DATE:
            pattern, cast = _TIMESTAMP, f"TRY_CAST(left({text}, 10) AS DATE)"
        case _:
            return _moment_sql(sql, text)
    return f"CASE WHEN regexp_full_match({text}, {quote(pattern)}) THEN {cast} END"


def _moment_sql(sql: str, text: str) -> str:
    """Read a time; a plain one of the last thousand years needs no other look."""
    usual = quote(_TIMESTAMP.replace(_YEAR, "(1|2)[0-9]{3}"))
    return (
        f"CASE WHEN regexp_full_match({sql}, {usual}) THEN TRY_CAST({sql} AS TIMESTAMPTZ)"
        f" WHEN regexp_full_match({text}, {quote(_TIMESTAMP)})"
        f" THEN {within_years(f'TRY_CAST({text} AS TIMESTAMPTZ)')} END"
    )


def _typed_sql(sql: str, source: Kind, target: Kind) -> str:
    match source, target:
        case (Kind.INTEGER | Kind.DECIMAL, Kind.BOOLEAN):
            return f"CASE {sql} WHEN 1 THEN true WHEN 0 THEN false END"
        case (Kind.DECIMAL, Kind.INTEGER):
            return f"CASE WHEN {sql} = floor({sql}) THEN TRY_CAST({sql} AS BIGINT) END"
        case (Kind.INTEGER, Kind.DECIMAL):
            return f"TRY_CAST({sql} AS DECIMAL(18, 4))"
        case (
            (Kind.BOOLEAN, Kind.INTEGER)
            | (Kind.DATE, Kind.TIMESTAMP)
            | (
                Kind.TIMESTAMP,
                Kind.DATE,
            )
        ):
            return f"CAST({sql} AS {DUCKDB_TYPES[target]})"
        case (Kind.BOOLEAN, Kind.DECIMAL):
            return f"CAST(CAST({sql} AS BIGINT) AS DECIMAL(18, 4))"
        case _:
            return f"CAST(NULL AS {DUCKDB_TYPES[target]})"


def kind_of(type_: Type) -> Kind:
    """Return the kind of a schema type."""
    return Kind(type_.value)
