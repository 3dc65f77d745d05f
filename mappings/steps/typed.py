"""Steps that turn text into numbers and truth values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mappings.functions.characters import lower
from mappings.steps.spec import Accepts, Argument, Arguments, StepSpec
from mappings.values import (
    FALSE_WORDS,
    STRIP_SQL,
    TRUE_WORDS,
    Kind,
    convert_sql,
    quote,
    strip,
    to_decimal,
    to_integer,
)

_DROPS = {".": " ,'\u2019\u00a0\u202f_", ",": " .'\u2019\u00a0\u202f_"}


def _words(arguments: Arguments, name: str) -> list[str]:
    return [lower(strip(word)) for word in arguments[name]]


def _boolean_sql(value: str, arguments: Arguments) -> str:
    word = f"lower({STRIP_SQL.format(value)})"
    arms = [
        f" WHEN {word} IN ({', '.join(map(quote, words))}) THEN {truth}"
        for truth in ("true", "false")
        if (words := _words(arguments, f"{truth}_words"))
    ]
    return f"CASE{''.join(arms)} END" if arms else "CAST(NULL AS BOOLEAN)"


def _boolean(arguments: Arguments) -> Callable[[str], bool | None]:
    words = dict.fromkeys(_words(arguments, "false_words"), False)
    words |= dict.fromkeys(_words(arguments, "true_words"), True)
    return lambda text: words.get(lower(strip(text)))


def _number_sql(kind: Kind) -> Callable[[str, Arguments], str]:
    def sql(value: str, arguments: Arguments) -> str:
        point = arguments["point"]
        bare = f"translate({value}, {quote(_DROPS[point])}, '')"
        return convert_sql(bare if point == "." else f"replace({bare}, ',', '.')", Kind.TEXT, kind)

    return sql


def _number(parse: Callable[[str], Any]) -> Callable[[Arguments], Callable[[str], Any]]:
    def python(arguments: Arguments) -> Callable[[str], Any]:
        point = arguments["point"]
        drop = str.maketrans(
            dict.fromkeys(_DROPS[point], "") | ({",": "."} if point == "," else {})
        )
        return lambda text: parse(text.translate(drop))

    return python


_POINT = Argument(
    Accepts.TEXT,
    "What stands before the fraction; the other one, spaces and ' only group digits.",
    default=".",
    choices=(".", ","),
)

STEPS = (
    StepSpec(
        "boolean",
        "True or false, by words in any case.",
        sql=_boolean_sql,
        python=_boolean,
        gives=Kind.BOOLEAN,
        passes=frozenset({Kind.BOOLEAN}),
        arguments={
            "true_words": Argument(Accepts.TEXTS, "Words that mean true.", default=TRUE_WORDS),
            "false_words": Argument(Accepts.TEXTS, "Words that mean false.", default=FALSE_WORDS),
        },
        reason="neither true nor false",
    ),
    StepSpec(
        "integer",
        "A whole number of at most 64 bits.",
        sql=_number_sql(Kind.INTEGER),
        python=_number(to_integer),
        gives=Kind.INTEGER,
        passes=frozenset({Kind.INTEGER, Kind.DECIMAL}),
        arguments={"point": _POINT},
        reason="not a whole number",
    ),
    StepSpec(
        "decimal",
        "A number, rounded to four digits after the point.",
        sql=_number_sql(Kind.DECIMAL),
        python=_number(to_decimal),
        gives=Kind.DECIMAL,
        passes=frozenset({Kind.INTEGER, Kind.DECIMAL}),
        arguments={"point": _POINT},
        reason="not a number",
    ),
)
