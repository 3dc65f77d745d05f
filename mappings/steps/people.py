"""Steps for the names of people."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from mappings.functions.characters import lower, upper
from mappings.steps.spec import Accepts, Argument, Arguments, StepSpec, Udf
from mappings.steps.text import squeeze

PARTICLES = frozenset(
    {
        "von", "van", "vom", "zu", "zum", "zur", "de", "del", "della", "delle", "dello", "dei",
        "degli", "der", "den", "des", "di", "da", "das", "do", "dos", "du", "la", "le", "les",
        "lo", "las", "los", "el", "al", "bin", "ibn", "ben", "af", "av", "ten", "ter", "te", "op",
        "'t", "'s", "y", "e", "und",
    }
)  # fmt: skip
"""Words of a family name that stay small."""

_TITLES = frozenset(
    {
        "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "dame", "herr", "frau", "mme",
        "mlle", "m", "monsieur", "madame",
    }
)  # fmt: skip
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "md", "esq"})
_ROMAN = frozenset({"II", "III", "IV", "VI", "VII", "VIII", "IX", "XI", "XII"})
_WORD = re.compile("[^\\s\\-'\u2019.]+|[\\s\\-'\u2019.]+")


def name_case(text: str) -> str:
    """Give a name written all in capitals, or all small, its usual letters; leave others alone."""
    if text not in {upper(text), lower(text)}:
        return text
    return _recased(text)


@lru_cache(maxsize=50_000)
def _recased(text: str) -> str:
    words = text.split(" ")
    last = len(words) - 1
    return " ".join(
        lower(word) if lower(word) in PARTICLES and last and index < last else _word(word)
        for index, word in enumerate(words)
    )


def _word(word: str) -> str:
    if upper(word) in _ROMAN:
        return upper(word)
    pieces = _WORD.findall(lower(word))
    return "".join(_piece(pieces, index) for index in range(len(pieces)))


def _piece(pieces: list[str], index: int) -> str:
    piece = pieces[index]
    following = pieces[index + 1] if index + 1 < len(pieces) else ""
    if piece in PARTICLES and following == "-" and index:
        return piece
    if index and pieces[index - 1] in {"'", "\u2019"} and piece == "s" and not following:
        return piece
    if piece.startswith("mc") and len(piece) > 3:
        return "Mc" + upper(piece[2]) + piece[3:]
    return upper(piece[0]) + piece[1:]


@lru_cache(maxsize=50_000)
def split_name(text: str) -> tuple[str | None, str | None, str | None]:
    """Take a full name apart: (given, middle, family); "Family, Given Middle" is understood.

    Titles in front and suffixes such as Jr are left out; particles belong to the family name.
    """
    family, comma, given = squeeze(text).partition(",")
    if comma and _bare(given.split()):
        first, *middle = _bare(given.split())
        return first, " ".join(middle) or None, " ".join(_bare(family.split())) or None
    words = _bare(family.split())
    if len(words) < 2:
        return (words[0] if words else None), None, None
    start = next(
        (i for i in range(1, len(words) - 1) if lower(words[i]) in PARTICLES - {"y", "e", "und"}),
        len(words) - 1,
    )
    return words[0], " ".join(words[1:start]) or None, " ".join(words[start:])


def _bare(words: list[str]) -> list[str]:
    while len(words) > 1 and lower(words[0]).rstrip(".") in _TITLES:
        words = words[1:]
    while len(words) > 1 and lower(words[-1]).rstrip(".") in _SUFFIXES:
        words = words[:-1]
    return words


PARTS = ("given", "middle", "family")


def _name_part(arguments: Arguments) -> Callable[[str], str | None]:
    index = PARTS.index(arguments["part"])
    return lambda text: split_name(text)[index]


def _udf(part: str) -> Udf:
    index = PARTS.index(part)
    return Udf(
        f"isthmus_name_{part}", lambda text: None if text is None else split_name(text)[index], 1
    )


_CASE = Udf("isthmus_name_case", lambda text: None if text is None else name_case(text), 1)

STEPS = (
    StepSpec(
        "name_case",
        "A name all in capitals or all small gets its usual letters: VON DER LEYEN, o'neil, MCKAY.",
        sql=lambda value, _: (
            f"CASE WHEN {value} = upper({value}) OR {value} = lower({value})"
            f" THEN {_CASE.name}({value}) ELSE {value} END"
        ),
        python=lambda _: name_case,
        udfs=(_CASE,),
    ),
    StepSpec(
        "name_part",
        "The given, middle or family name of a full name, particles with the family name.",
        sql=lambda value, arguments: f"isthmus_name_{arguments['part']}({value})",
        python=_name_part,
        arguments={
            "part": Argument(Accepts.TEXT, "Which part.", required=True, choices=PARTS),
        },
        udfs=tuple(_udf(part) for part in PARTS),
    ),
)
