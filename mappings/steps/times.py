"""Steps for dates and times, in declared formats only: a date is never guessed.

Formats are made of ``%Y %m %d %H %M %S %f %z``, ``%y`` (69 to 99 are 19xx), ``%b`` and ``%B``
(English month names), ``%p`` with ``%I``, and plain characters. `timestamp` also knows ``iso``,
``epoch``, ``epoch_ms`` and ``odata`` (``/Date(1580000000000)/``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from mappings.steps.spec import Accepts, Argument, Arguments, StepSpec, stripped
from mappings.values import (
    Kind,
    convert_sql,
    quote,
    strip,
    to_timestamp,
    within_years,
)

_MONTHS = (
    "January February March April May June July August September October November December".split()
)
_MONTH_NUMBERS = {name.lower(): i for i, name in enumerate(_MONTHS, 1)} | {
    name[:3].lower(): i for i, name in enumerate(_MONTHS, 1)
}


def _any_case(words: list[str]) -> str:
    return "|".join("".join(f"[{c.upper()}{c.lower()}]" for c in word) for word in words)


_CODES = {
    "Y": "000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3}",
    "y": "[0-9]{2}",
    "m": "1[0-2]|0?[1-9]",
    "d": "3[01]|[12][0-9]|0?[1-9]",
    "H": "2[0-3]|[01]?[0-9]",
    "I": "1[0-2]|0?[1-9]",
    "M": "[0-5]?[0-9]",
    "S": "[0-5]?[0-9]",
    "f": "[0-9]{1,6}",
    "p": "[AaPp][Mm]",
    "b": _any_case([month[:3] for month in _MONTHS]),
    "B": _any_case(_MONTHS),
    "z": "[+-](?:0[0-9]|1[0-4]):?[0-5][0-9]",
}
_SPECIAL = ("iso", "epoch", "epoch_ms", "odata")
_LAST_SECOND = 253402300799  # 9999-12-31T23:59:59Z
_EPOCH = "-?[0-9]{1,15}"
_ODATA = r"^/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/$"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Format:
    """One declared format: its codes in order and the pattern of the texts it reads."""

    text: str
    codes: tuple[str, ...]
    pattern: str

    @property
    def dated(self) -> bool:
        """Whether it tells year, month and day."""
        held = set(self.codes)
        return bool(held & {"Y", "y"}) and bool(held & {"m", "b", "B"}) and "d" in held


@lru_cache(maxsize=1_000)
def read_format(text: str) -> Format:
    """Read a declared format. Raises ValueError with the mend."""
    codes: list[str] = []
    pattern = ""
    pieces = iter(re.split(r"(%.?)", text, flags=re.S))
    for piece in pieces:
        if not piece.startswith("%"):
            pattern += re.sub(r"([^A-Za-z0-9 ])", r"\\\1", piece) if piece.isascii() else piece
        elif piece == "%%":
            pattern += "%"
        elif piece[1:] in _CODES and piece[1:] not in codes:
            codes.append(piece[1:])
            pattern += f"({_CODES[piece[1:]]})"
        else:
            raise ValueError(f"{piece} is not a code of date formats, or stands there twice")
    found = Format(text, tuple(codes), pattern)
    if not found.dated:
        raise ValueError(f"the format {text!r} does not tell year, month and day")
    if ("I" in codes) != ("p" in codes) or ({"I", "H"} <= set(codes)):
        raise ValueError(f"the format {text!r}: %I and %p go together, without %H")
    return found


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


def _parser(text: str) -> Callable[[str], datetime | None]:
    """Return a function that reads one format into a datetime, naive without ``%z``."""
    form = read_format(text)
    matches = re.compile(form.pattern, re.ASCII).fullmatch
    if set(form.codes) == {"Y", "m", "d"}:
        return _day_parser(form, matches)

    def parse(value: str) -> datetime | None:
        match = matches(value)
        return _moment(dict(zip(form.codes, match.groups(), strict=True))) if match else None

    return parse


def _day_parser(
    form: Format, matches: Callable[[str], re.Match[str] | None]
) -> Callable[[str], datetime | None]:
    year, month, day = (form.codes.index(code) + 1 for code in "Ymd")

    def parse(value: str) -> datetime | None:
        match = matches(value)
        if match is None:
            return None
        try:
            return datetime(int(match[year]), int(match[month]), int(match[day]))  # noqa: DTZ001
        except ValueError:
            return None

    return parse


def _moment(held: dict[str, str]) -> datetime | None:
    year = int(held["Y"]) if "Y" in held else int(held["y"])
    if "Y" not in held:
        year += 1900 if year >= 69 else 2000
    name = held.get("B") or held.get("b")
    month = _MONTH_NUMBERS[name.lower()] if name else int(held["m"])
    hour = int(held.get("H") or 0)
    if "I" in held:
        hour = int(held["I"]) % 12 + (12 if held["p"].lower() == "pm" else 0)
    minute, second = int(held.get("M") or 0), int(held.get("S") or 0)
    micro = int((held.get("f") or "0").ljust(6, "0"))
    try:
        moment = datetime(year, month, int(held["d"]), hour, minute, second, micro)  # noqa: DTZ001
        if "z" not in held:
            return moment
        return moment.replace(tzinfo=_offset(held["z"])).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _offset(text: str) -> timezone:
    digits = text[1:].replace(":", "")
    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-delta if text[0] == "-" else delta)


def _date(arguments: Arguments) -> Callable[[str], date | None]:
    parsers = [_parser(text) for text in arguments["formats"]]

    def parse(text: str) -> date | None:
        text = strip(text)
        for parser in parsers:
            moment = parser(text)
            if moment is not None:
                return moment.date()
        return None

    return parse


def _strptime(text: str, value: str) -> str:
    form = read_format(text)
    read = f"try_strptime({value}, {quote(text)})"
    if text == "%Y-%m-%d":
        read = f"TRY_CAST({value} AS DATE)"
    return f"CASE WHEN regexp_full_match({value}, {quote(form.pattern)}) THEN {read} END"


def _date_sql(_: str, arguments: Arguments) -> str:
    text = arguments["stripped"]
    tries = [f"CAST({_strptime(form, text)} AS DATE)" for form in arguments["formats"]]
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
    parser = _parser(form)
    return lambda text: _placed(parser(text), zone)


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
    parsed = _strptime(form, text)
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
