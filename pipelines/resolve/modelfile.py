"""The model file: what the probabilistic stage compares, and which records it compares at all.

`default` is ``pipelines/resolve/model.yaml``, the reference by example.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from idp_core.profiles import policyfile
from idp_core.profiles.policy import IdentifierPolicy, Read
from idp_core.profiles.policyfile import Strict
from pipelines.resolve.likeness import CROSSED, WORDS

NAMES = ("given_name", "family_name", "birth_date")
"""What a column may read beside the kinds of identifiers."""

DATE_PARTS: Mapping[str, int] = {"year": 4, "month": 7, "day": 10}
"""How many characters of a date each part takes with what stands before it."""

Says = Literal["name", "other_name", "birth", "personal", "household"]


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


def _as_lists(value: object) -> object:
    return {k: _as_list(v) for k, v in value.items()} if isinstance(value, Mapping) else value


Columns = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Words = Annotated[Mapping[str, tuple[str, ...]], BeforeValidator(_as_lists)]


class Column(Strict):
    """One thing that is compared: what identifiers read (`read`), or an attribute (`from`)."""

    read: str | None = None
    from_: str | None = Field(default=None, alias="from")
    write: Read = Read.TEXT

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.read is None) == (self.from_ is None):
            raise ValueError("write either 'read' or 'from'")
        return self


class Level(Strict):
    """One likeness: `when` holds, by any of its entries; `agrees` says that a join may rest on it.

    `frequency` names the column whose rare values are worth more than its common ones.
    """

    name: str
    when: Annotated[tuple[Words, ...], BeforeValidator(_as_list)] = Field(min_length=1)
    frequency: str | None = None
    agrees: bool = True

    @field_validator("when")
    @classmethod
    def _known_words(cls, when: tuple[Words, ...]) -> tuple[Words, ...]:
        for word, columns in ((w, c) for entry in when for w, c in entry.items()):
            _known("when", "word", word, [*WORDS, CROSSED])
            if word == CROSSED and len(columns) != 2:
                raise ValueError(f"{CROSSED!r} is said of two columns")
        return when


class Comparison(Strict):
    """One field compared: its likenesses, best first, and what kind of evidence it is."""

    says: Says
    columns: tuple[str, ...] = ()
    unknown: Words = Field(default_factory=dict)
    levels: tuple[Level, ...] = Field(min_length=1)

    def needs(self, name: str) -> tuple[str, ...]:
        """Return the columns of which one must be there on both sides to compare at all."""
        return self.columns or (name,)

    def uses(self, name: str) -> frozenset[str]:
        """Return every column that is looked at."""
        said = [entry for level in self.levels for entry in level.when] + [self.unknown]
        return frozenset(self.needs(name)) | {
            c for words in said for cs in words.values() for c in cs
        }


class Key(NamedTuple):
    """One part of a blocking key: a column, or so many characters from a place in it."""

    column: str
    start: int = 1
    length: int | None = None


class Model(Strict):
    """The whole of a model file."""

    model: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    join_at: float = -2
    thin_at: float = 5
    keep_at: float = -12
    min_records: PositiveInt = 500
    compare_all: PositiveInt = 2000
    retrain_at: float = Field(default=4, gt=1)
    max_compared: PositiveInt = 100
    max_pairs: NonNegativeFloat = 60
    columns: Mapping[str, Column] = Field(min_length=1)
    comparisons: Mapping[str, Comparison] = Field(min_length=2)
    blocking: tuple[str, ...] = Field(min_length=1)
    training: tuple[str, ...] = Field(min_length=1)
    certain: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _columns_are_known(self) -> Self:
        for name, comparison in self.comparisons.items():
            frequencies = [level.frequency for level in comparison.levels if level.frequency]
            for column in [*sorted(comparison.uses(name)), *frequencies]:
                _known(f"comparisons.{name}", "column", column, self.columns)
        for part in ("blocking", "training", "certain"):
            for text in getattr(self, part):
                for key in keys(text):
                    _known(part, "column", key.column, self.columns)
        return self

    def check(self, policy: IdentifierPolicy) -> None:
        """Raise ValueError when a column reads a kind that the policy does not have."""
        for name, column in self.columns.items():
            if column.read is not None:
                _known(f"columns.{name}.read", "kind", column.read, [*NAMES, *policy.identifiers])


def keys(text: str) -> tuple[Key, ...]:
    """Return the parts of a blocking key such as ``family_name:3 + birth_date:year``.

    Raises ValueError for a part that is none.
    """
    found = []
    for part in text.split("+"):
        column, colon, what = part.strip().partition(":")
        if not colon:
            found.append(Key(column))
        elif what in DATE_PARTS:
            start = 6 if what == "day" else 1
            found.append(Key(column, start, DATE_PARTS[what] - start + 1))
        elif what.isdigit() and int(what) > 0:
            found.append(Key(column, 1, int(what)))
        else:
            raise ValueError(f"{part.strip()!r}: after ':' stands a number, year, month or day")
    return tuple(found)


def read(path: Path) -> Model:
    """Read a model file. Raises PolicyError naming file, line, column, key and mend."""
    return policyfile.read(Model, path)


@cache
def default() -> Model:
    """Return the built-in model."""
    text = files("pipelines.resolve").joinpath("model.yaml").read_text("utf-8")
    return policyfile.parse(Model, text, "model.yaml")


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a model file."""
    made = Model.model_json_schema()
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return made


def _known(where: str, what: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        near = get_close_matches(name, names, n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"use {', '.join(names)}"
        raise ValueError(f"{where}: unknown {what} {name!r}; {mend}")


def said_words(model: Model) -> Iterator[str]:
    """Yield every word that the levels of a model use."""
    for comparison in model.comparisons.values():
        for level in comparison.levels:
            for entry in level.when:
                yield from entry
