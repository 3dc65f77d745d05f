"""The functions on text. Characters are Unicode code points, as in DuckDB."""

from __future__ import annotations

from collections.abc import Callable

from mappings.functions.characters import lower, strip_accents, upper
from mappings.functions.spec import LIST, Function, plain, template
from mappings.values import Kind

TEXT, INTEGER, BOOLEAN = Kind.TEXT, Kind.INTEGER, Kind.BOOLEAN

_LONGEST = 10_000  # what lpad and rpad may grow a text to


_FARTHEST = 1_000_000_000
"""Positions beyond this are brought to it in both engines: DuckDB refuses larger ones."""


def substring(text: str, start: int, length: int | None = None) -> str:
    """Cut as DuckDB does: from 1; a negative start counts from the end."""
    size = len(text)
    start = max(-_FARTHEST, min(start, _FARTHEST))
    length = None if length is None else max(-_FARTHEST, min(length, _FARTHEST))
    first = start - 1 if start > 0 else (size + start if start < 0 else -1)
    if length is None:
        return text[max(first, 0) :]
    if start == 0 and length > 0:
        return text[: length - 1]
    last = first + length
    if length < 0:
        first, last = last, first
    return text[max(first, 0) : max(last, 0)]


def left(text: str, count: int) -> str:
    """Take the first characters; a negative count leaves out that many of the last."""
    return text[:count]


def right(text: str, count: int) -> str:
    """Take the last characters; a negative count leaves out that many of the first."""
    if count < 0:
        return text[-count:]
    return text[len(text) - count :] if count < len(text) else text


def _pad(text: str, size: int, fill: str) -> tuple[str, str] | None:
    if size <= len(text):
        return text[: max(size, 0)], ""
    if not fill or size > _LONGEST:
        return None
    missing = size - len(text)
    return text, (fill * (missing // len(fill) + 1))[:missing]


def lpad(text: str, size: int, fill: str) -> str | None:
    """Fill up on the left, or cut to the size."""
    padded = _pad(text, size, fill)
    return padded and padded[1] + padded[0]


def rpad(text: str, size: int, fill: str) -> str | None:
    """Fill up on the right, or cut to the size."""
    padded = _pad(text, size, fill)
    return padded and padded[0] + padded[1]


def split_part(text: str, separator: str, number: int) -> str:
    """Take one piece, counted from 1, or from the end when negative; '' when there is none."""
    pieces = split(text, separator)
    if number == 0 or abs(number) > len(pieces):
        return ""
    return pieces[number - 1 if number > 0 else number]


def split(text: str, separator: str) -> list[str]:
    """Cut at every separator; an empty separator cuts between all characters."""
    return text.split(separator) if separator else list(text) or [""]


def replace(text: str, old: str, new: str) -> str:
    """Replace every occurrence; an empty `old` replaces nothing."""
    return text.replace(old, new) if old else text


def _concat(*texts: str | None) -> str:
    return "".join([text for text in texts if text is not None])


def _concat_ws(separator: str | None, *texts: str | None) -> str | None:
    if separator is None:
        return None
    return separator.join([text for text in texts if text is not None])


def _padding(name: str) -> str:
    return (
        f"CASE WHEN {{1}} <= length({{0}}) OR (length({{2}}) > 0 AND {{1}} <= {_LONGEST})"
        f" THEN {name}({{0}}, CAST(greatest({{1}}, 0) AS INTEGER),"
        " CASE WHEN {2} = '' THEN ' ' ELSE {2} END) END"
    )


def _clamped(number: str) -> str:
    """Keep a position within what DuckDB can take."""
    return (
        f"CASE WHEN {number} BETWEEN {-_FARTHEST} AND {_FARTHEST} THEN {number}"
        f" WHEN {number} > 0 THEN {_FARTHEST} WHEN {number} < 0 THEN {-_FARTHEST} END"
    )


def _cut(name: str) -> Callable[..., str]:
    return lambda text, *numbers: f"{name}({', '.join((text, *map(_clamped, numbers)))})"


_T, _TT, _TI = (TEXT,), (TEXT, TEXT), (TEXT, INTEGER)

FUNCTIONS = (
    Function("lower", _T, TEXT, plain("lower"), lower, "Small letters."),
    Function("upper", _T, TEXT, plain("upper"), upper, "Capital letters."),
    Function(
        "trim",
        _TT,
        TEXT,
        lambda text, what="' '": f"trim({text}, {what})",
        lambda text, what=" ": text.strip(what) if what else text,
        "Take spaces, or the given characters, from both ends.",
        optional=1,
    ),
    Function(
        "ltrim",
        _TT,
        TEXT,
        lambda text, what="' '": f"ltrim({text}, {what})",
        lambda text, what=" ": text.lstrip(what) if what else text,
        "Take spaces, or the given characters, from the left.",
        optional=1,
    ),
    Function(
        "rtrim",
        _TT,
        TEXT,
        lambda text, what="' '": f"rtrim({text}, {what})",
        lambda text, what=" ": text.rstrip(what) if what else text,
        "Take spaces, or the given characters, from the right.",
        optional=1,
    ),
    Function("length", _T, INTEGER, plain("length"), len, "How many characters a text has."),
    Function(
        "substr",
        (TEXT, INTEGER, INTEGER),
        TEXT,
        _cut("substr"),
        substring,
        "A piece of a text: from which character (from 1) and how many.",
        optional=1,
    ),
    Function(
        "substring",
        (TEXT, INTEGER, INTEGER),
        TEXT,
        _cut("substr"),
        substring,
        "The same as substr.",
        optional=1,
    ),
    Function("replace", (TEXT, TEXT, TEXT), TEXT, plain("replace"), replace, "Replace all."),
    Function(
        "concat",
        (TEXT,),
        TEXT,
        plain("concat"),
        _concat,
        "Join; NULL is left out.",
        rest=TEXT,
        strict=False,
    ),
    Function(
        "concat_ws",
        (TEXT, TEXT),
        TEXT,
        plain("concat_ws"),
        _concat_ws,
        "Join with a separator, which comes first; NULL is left out.",
        rest=TEXT,
        strict=False,
    ),
    Function("left", _TI, TEXT, _cut("left"), left, "The first characters."),
    Function("right", _TI, TEXT, _cut("right"), right, "The last characters."),
    Function(
        "lpad",
        (TEXT, INTEGER, TEXT),
        TEXT,
        template(_padding("lpad")),
        lpad,
        f"Fill up on the left to a size (at most {_LONGEST}), or cut to it.",
    ),
    Function(
        "rpad",
        (TEXT, INTEGER, TEXT),
        TEXT,
        template(_padding("rpad")),
        rpad,
        f"Fill up on the right to a size (at most {_LONGEST}), or cut to it.",
    ),
    Function(
        "split_part",
        (TEXT, TEXT, INTEGER),
        TEXT,
        template(
            "CASE WHEN {2} = 0 AND {0} IS NOT NULL AND {1} IS NOT NULL THEN '' "
            "WHEN {0} IS NOT NULL AND {1} IS NOT NULL AND {2} IS NOT NULL "
            "THEN coalesce(string_split({0}, {1})[{2}], '') END"
        ),
        split_part,
        "One piece of a text, counted from 1; negative counts from the end.",
    ),
    Function(
        "starts_with",
        _TT,
        BOOLEAN,
        plain("starts_with"),
        str.startswith,
        "Whether a text begins with another.",
    ),
    Function(
        "ends_with",
        _TT,
        BOOLEAN,
        plain("ends_with"),
        str.endswith,
        "Whether a text ends with another.",
    ),
    Function(
        "contains",
        _TT,
        BOOLEAN,
        plain("contains"),
        str.__contains__,
        "Whether a text has another in it.",
    ),
    Function(
        "strip_accents",
        _T,
        TEXT,
        template("strip_accents(replace({0}, chr(0), ''))"),
        strip_accents,
        "Letters without their accents: é becomes e.",
    ),
    Function(
        "string_split",
        _TT,
        LIST,
        template("CASE WHEN {1} IS NOT NULL THEN string_split({0}, {1}) END"),
        split,
        "Cut into a list of texts.",
    ),
)
