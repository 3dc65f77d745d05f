"""Declared formats of dates and times: what each code reads, in SQL and in Python.

Formats are made of ``%Y %m %d %H %M %S %f %z``, ``%y`` (69 to 99 are 19xx), ``%b`` and ``%B``
(English month names), ``%p`` with ``%I``, and plain characters. A date is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from mappings.values import quote

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_MONTH_NUMBERS = {name.lower(): i for i, name in enumerate(_MONTHS, 1)} | {
    name[:3].lower(): i for i, name in enumerate(_MONTHS, 1)
}


def _any_case(words: Iterable[str]) -> str:
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
    pieces = iter(re.split(r"(%.?)", text, flags=re.DOTALL))
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


def parser(text: str) -> Callable[[str], datetime | None]:
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


def strptime_sql(text: str, value: str) -> str:
    """Return SQL that reads text in a format; NULL where it is not in it."""
    form = read_format(text)
    read = f"try_strptime({value}, {quote(text)})"
    if text == "%Y-%m-%d":
        read = f"TRY_CAST({value} AS DATE)"
    return f"CASE WHEN regexp_full_match({value}, {quote(form.pattern)}) THEN {read} END"
