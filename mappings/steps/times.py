"""Steps for dates and times, in declared formats (`mappings.steps.formats`) only.

`timestamp` also knows ``iso``, ``epoch``, ``epoch_ms`` and ``odata`` (``/Date(1580000000000)/``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from mappings.steps.formats import parser, read_format, strptime_sql
from mappings.steps.spec import Accepts, Argument, Arguments, StepSpec, stripped
from mappings.values import (
    Kind,
    convert_sql,
    quote,
    strip,
    to_timestamp,
    within_years,
)

_SPECIAL = ("iso", "epoch", "epoch_ms", "odata")
_LAST_SECOND = 253402300799  # 9999-12-31T23:59:59Z
_EPOCH = "-?[0-9]{1,15}"
_ODATA = r"^/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/$"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def _check_date(text: str) -> str | None:
    try:
        read_format(text)
    except ValueError as error:
        return str(error)
    return None


def _check_timestamp(text: str) -> str | None:
    return None if text in _SPECIAL else _check_date(text)


def _check_zone(text: str) -> str | None:
    known = text in available_timezones()
    return None if known else f"{text!r} is not an IANA time zone such as Europe/Paris"


def _date(arguments: Arguments) -> Callable[[str], date | None]:
    parsers = [parser(text) for text in arguments["formats"]]

    def parse(text: str) -> date | None:
        text = strip(text)
        for parse_one in parsers:
            moment = parse_one(text)
            if moment is not None:
                return moment.date()
        return None

    return parse


def _date_sql(_: str, arguments: Arguments) -> str:
    text = arguments["stripped"]
    tries = [f"CAST({strptime_sql(form, text)} AS DATE)" for form in arguments["formats"]]
    return f"coalesce({', '.join(tries)})"


def _timestamp(arguments: Arguments) -> Callable[[str], datetime | None]:
    zone = ZoneInfo(arguments["timezone"]) if arguments["timezone"] != "UTC" else None
    readers = [_reader(text, zone) for text in arguments["formats"]]

    def parse(text: str) -> datetime | None:
        text = strip(text)
        for reader in readers:
            moment = reader(text)
            if moment is not None:
                return moment
        return None

    return parse


def _reader(form: str, zone: ZoneInfo | None) -> Callable[[str], datetime | None]:
    match form:
        case "iso":
            return lambda text: _placed(_iso(text), zone)
        case "epoch":
            return lambda text: _since(text, 1_000_000, re.compile(_EPOCH).fullmatch)
        case "epoch_ms":
            return lambda text: _since(text, 1_000, re.compile(_EPOCH).fullmatch)
        case "odata":
            return _odata
    parse = parser(form)
    return lambda text: _placed(parse(text), zone)


_HAS_ZONE = re.compile(r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)\Z").search


def _iso(text: str) -> datetime | None:
    moment = to_timestamp(text)
    if moment is None or (len(text) > 10 and _HAS_ZONE(text[10:])):
        return moment
    return moment.replace(tzinfo=None)


def _placed(moment: datetime | None, zone: ZoneInfo | None) -> datetime | None:
    """Put a naive time into its zone; where a clock change leaves two readings, the later one."""
    if moment is None or moment.tzinfo is not None:
        return moment
    if zone is None:
        return moment.replace(tzinfo=UTC)
    try:
        return max(moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    except OverflowError:
        return None


def _since(
    text: str, micro: int, matches: Callable[[str], re.Match[str] | None]
) -> datetime | None:
    if not matches(text) or not 0 <= int(text) * micro // 1_000_000 + 62135596800 <= (
        _LAST_SECOND + 62135596800
    ):
        return None
    return _BEGINNING + timedelta(microseconds=int(text) * micro)


_odata_number = re.compile(_ODATA.replace("$", r"\Z")).search


def _odata(text: str) -> datetime | None:
    match = _odata_number(text)
    return _since(match[1], 1_000, re.compile(_EPOCH).fullmatch) if match else None


def _timestamp_sql(_: str, arguments: Arguments) -> str:
    text, zone = arguments["stripped"], arguments["timezone"]
    tries = [_try_sql(form, text, zone) for form in arguments["formats"]]
    return f"coalesce({', '.join(tries)})"


def _try_sql(form: str, text: str, zone: str) -> str:
    match form:
        case "iso":
            utc = convert_sql(text, Kind.TEXT, Kind.TIMESTAMP)
            if zone == "UTC":
                return utc
            zoned = f"regexp_matches(substr({text}, 11), '(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$')"
            return (
                f"CASE WHEN {zoned} THEN {utc} ELSE {_zoned(f'CAST({utc} AS TIMESTAMP)', zone)} END"
            )
        case "epoch" | "epoch_ms":
            return _since_sql(
                f"CASE WHEN regexp_full_match({text}, '{_EPOCH}') THEN CAST({text} AS BIGINT) END",
                1_000_000 if form == "epoch" else 1_000,
            )
        case "odata":
            number = f"TRY_CAST(regexp_extract({text}, {quote(_ODATA)}, 1) AS BIGINT)"
            return _since_sql(number, 1_000)
    parsed = strptime_sql(form, text)
    if "z" in read_format(form).codes:
        return within_years(f"CAST({parsed} AS TIMESTAMPTZ)")
    return _zoned(parsed, zone)


def _zoned(naive: str, zone: str) -> str:
    naive = f"CAST({naive} AS TIMESTAMP)"
    if zone == "UTC":
        return f"CAST({naive} AS TIMESTAMPTZ)"
    return within_years(f"timezone({quote(zone)}, {naive})")


def _since_sql(number: str, micro: int) -> str:
    per_second = 1_000_000 // micro
    first, last = -62135596800 * per_second, (_LAST_SECOND + 1) * per_second - 1
    return (
        f"CAST(CASE WHEN {number} BETWEEN {first} AND {last}"
        f" THEN make_timestamp({number} * {micro}) END AS TIMESTAMPTZ)"
    )


_TYPED = frozenset({Kind.DATE, Kind.TIMESTAMP})

STEPS = (
    StepSpec(
        "date",
        "A date in one of the formats, tried in order.",
        sql=_date_sql,
        python=_date,
        gives=Kind.DATE,
        passes=_TYPED,
        arguments={
            "formats": Argument(
                Accepts.TEXTS, "As %d.%m.%Y.", default=("%Y-%m-%d",), check=_check_date
            )
        },
        reason="not a date in a declared format",
        prepare=stripped,
    ),
    StepSpec(
        "timestamp",
        "A moment in one of the formats, tried in order.",
        sql=_timestamp_sql,
        python=_timestamp,
        gives=Kind.TIMESTAMP,
        passes=_TYPED,
        arguments={
            "formats": Argument(
                Accepts.TEXTS,
                "As %Y-%m-%d %H:%M:%S, or iso, epoch, epoch_ms, odata.",
                default=("iso",),
                check=_check_timestamp,
            ),
            "timezone": Argument(
                Accepts.TEXT,
                "The zone of times that tell none.",
                default="UTC",
                check=_check_zone,
            ),
        },
        reason="not a time in a declared format",
        prepare=stripped,
    ),
)
