"""Steps that tidy text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mappings.functions.characters import lower, nfc, strip_accents, upper
from mappings.functions.text import split, split_part
from mappings.steps.spec import Accepts, Argument, Arguments, StepSpec, simple
from mappings.values import FILLED_SQL, SPACE_CLASS, SPACES, STRIP_SQL, Kind, quote, strip

_SPACE_RUN = re.compile(f"[{re.escape(SPACES)}]+")
_is_loose = re.compile(f"[{re.escape(SPACES[1:])}]|  |^ | $").search
_NO_DIGIT = re.compile("[^0-9]")


def squeeze(text: str) -> str:
    """Make one space of each run of white space, none at the ends."""
    return _SPACE_RUN.sub(" ", text).strip(" ") if _is_loose(text) else text


# No letter below the first combining mark is written in two ways (Unicode Annex 15): left alone.
_NFC = (
    r"CASE WHEN regexp_full_match({0}, '(?s)[\x00-\x{{2ff}}]*') THEN {0}"
    " ELSE nfc_normalize({0}) END"
)

_ODD_CLASS = SPACE_CLASS.replace(r"\s", r"\t\n\f\r")
_LOOSE = f"'[{_ODD_CLASS}]|  |^ | $'"


def _squeeze_sql(value: str, _: Arguments) -> str:
    squeezed = f"trim(regexp_replace({value}, '[{SPACE_CLASS}]+', ' ', 'g'), ' ')"
    plain = f"trim(regexp_replace({value}, '  +', ' ', 'g'), ' ')"
    tidied = f"CASE WHEN regexp_matches({value}, '[{_ODD_CLASS}]') THEN {squeezed} ELSE {plain} END"
    return f"CASE WHEN regexp_matches({value}, {_LOOSE}) THEN {tidied} ELSE {value} END"


def _blank_sql(value: str, arguments: Arguments) -> str:
    if not arguments["words"]:
        return f"CASE WHEN {FILLED_SQL.format(value)} THEN {value} END"
    words = ", ".join(quote(word) for word in _words(arguments))
    return f"CASE WHEN lower({STRIP_SQL.format(value)}) NOT IN ({words}) THEN {value} END"


def _words(arguments: Arguments) -> list[str]:
    return ["", *(lower(strip(word)) for word in arguments["words"])]


def _blank(arguments: Arguments) -> Callable[[str], str | None]:
    words = frozenset(_words(arguments))
    return lambda text: None if lower(strip(text)) in words else text


def _part(arguments: Arguments) -> Callable[[str], str | None]:
    separator, number = arguments["separator"], arguments["number"]
    return lambda text: split_part(text, separator, number) or None


def _part_sql(value: str, arguments: Arguments) -> str:
    number = int(arguments["number"])
    if number == 0:
        return "CAST(NULL AS VARCHAR)"
    return f"nullif(string_split({value}, {quote(arguments['separator'])})[{number}], '')"


def _join(arguments: Arguments) -> Callable[[list[Any]], str]:
    return lambda items: arguments["separator"].join([i for i in items if i is not None])


def _join_sql(value: str, arguments: Arguments) -> str:
    joined = f"array_to_string({value}, {quote(arguments['separator'])})"
    return f"CASE WHEN {value} IS NOT NULL THEN coalesce({joined}, '') END"


_SEPARATOR = Argument(Accepts.TEXT, "What stands between the pieces.", required=True)

STEPS = (
    StepSpec("trim", "Take white space from both ends.", **simple(STRIP_SQL, strip)),
    StepSpec("lower", "Small letters.", **simple("lower({0})", lower)),
    StepSpec("upper", "Capital letters.", **simple("upper({0})", upper)),
    StepSpec(
        "nfc",
        "One way to write each accented letter (Unicode NFC).",
        **simple(_NFC, nfc),
    ),
    StepSpec(
        "squeeze",
        "One space for each run of white space, none at the ends.",
        _squeeze_sql,
        lambda _: squeeze,
        trims=True,
    ),
    StepSpec(
        "blank_to_null",
        "Nothing instead of blank text, or of one of the words (in any case).",
        _blank_sql,
        _blank,
        arguments={"words": Argument(Accepts.TEXTS, "Junk such as n/a.", default=())},
    ),
    StepSpec(
        "strip_accents",
        "Letters without their accents.",
        **simple("strip_accents(replace({0}, chr(0), ''))", strip_accents),
    ),
    StepSpec(
        "digits",
        "Only the digits 0 to 9; nothing when there are none.",
        **simple(
            "nullif(regexp_replace({0}, '[^0-9]', '', 'g'), '')",
            lambda text: _NO_DIGIT.sub("", text) or None,
        ),
    ),
    StepSpec(
        "part",
        "One piece of the text, counted from 1, or from the end when negative.",
        _part_sql,
        _part,
        arguments={
            "separator": _SEPARATOR,
            "number": Argument(Accepts.INTEGER, "Which piece.", required=True),
        },
    ),
    StepSpec(
        "split",
        "A list of the pieces.",
        lambda value, arguments: f"string_split({value}, {quote(arguments['separator'])})",
        lambda arguments: lambda text: split(text, arguments["separator"]),
        gives=Kind.LIST,
        arguments={"separator": _SEPARATOR},
    ),
    StepSpec(
        "join",
        "The texts of a list in one text.",
        _join_sql,
        _join,
        takes=Kind.LIST,
        arguments={"separator": _SEPARATOR},
    ),
)
