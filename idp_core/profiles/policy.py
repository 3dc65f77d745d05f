"""The identifier policy: what is worth how much, what is shared, what is junk, what forbids.

A policy is a YAML file (`read`), or the built-in one (`default`), whose text is
``idp_core/profiles/identifiers.yaml``: the reference by example. Weights are bits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PositiveInt, field_validator, model_validator

from idp_core.profiles import policyfile
from idp_core.profiles.policyfile import Strict

Against = float | Literal["veto"]
"""What a difference says: bits (negative), or that these two are never one person."""

NAMES = ("given_name", "family_name", "initial", "birth_date")
"""What a comparison key may hold beside the identifier kinds; ``initial`` is of the given name."""


class Read(StrEnum):
    """How a value is written before it is compared."""

    EXACT = "exact"  # as it stands
    TEXT = "text"  # lower case, trimmed
    WORDS = "words"  # letters and digits without accents and marks
    COMPACT = "compact"  # the same without spaces, in lower case
    DIGITS = "digits"  # digits only
    LOCAL_PART = "local_part"  # what stands before the @, without a +tag


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class GivenName(Strict):
    """Bits for each likeness of two given names; `same` runs from the most common to the rarest."""

    same: tuple[float, float]
    nickname: float
    part: float
    typo: float
    initial: float
    different: Against


class FamilyName(Strict):
    """Bits for each likeness of two family names."""

    same: tuple[float, float]
    part: float
    typo: float
    initial: float
    different: Against


class FullName(Strict):
    """Both names together: `contested` is the most that they say when two people have them."""

    contested: float | None = None


class BirthDate(Strict):
    """Bits for each likeness of two dates of birth; `blocked` ones are taken as not said."""

    same: float
    swapped: float
    typo: float
    different: Against
    blocked: frozenset[date] = frozenset()


class Suffix(Strict):
    """What a different generation mark (Sr, Jr, III) says."""

    different: Against


class Kind(Strict):
    """One kind of identifier: where its values come from and what they are worth.

    `reach` household means that it supports but never joins on its own, as does a personal value
    once it is contested: seen on two records that cannot be one person. A value on more records
    than `max_records` (or `max_per_source` times the number of sources, if that is more) joins
    nobody. Junk (`blocked`, `patterns`) and what more than `max_people` have is nobody's: a golden
    profile does not show it. What is `impersonal` is shown, but joins nobody.
    """

    from_: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(alias="from")
    read: Read = Read.EXACT
    reach: Literal["personal", "household"] = "personal"
    agree: float
    contested: float | None = None
    different: Against = 0
    part_of: str | None = None
    own_key: bool = False
    login: bool = False
    max_records: PositiveInt
    max_per_source: PositiveInt = 10
    max_per_person: PositiveInt | None = None
    max_people: PositiveInt | None = None
    blocked: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    impersonal: tuple[str, ...] = ()

    @field_validator("patterns", "impersonal")
    @classmethod
    def _compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for number, pattern in enumerate(patterns, 1):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"pattern {number} is no regular expression: {error}") from None
        return patterns

    def is_junk(self, value: str) -> bool:
        """Whether a value (already written by `read`) is a placeholder and says nothing."""
        return value in self.blocked or any(search(value) for search in self._junk)

    def identifies(self, value: str) -> bool:
        """Whether a value (already written by `read`) may point at one person."""
        return not self.is_junk(value) and not any(search(value) for search in self._offices)

    @cached_property
    def _junk(self) -> tuple[Callable[[str], object], ...]:
        return tuple(re.compile(pattern).search for pattern in self.patterns)

    @cached_property
    def _offices(self) -> tuple[Callable[[str], object], ...]:
        return tuple(re.compile(pattern).search for pattern in self.impersonal)


class Login(Strict):
    """Which records are accounts that a person can log in to."""

    sources: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()


class IdentifierPolicy(Strict):
    """All that decides whether two records are one person, before a steward does."""

    join_at: float = Field(gt=0)
    ask_within: float = Field(default=3, ge=0)
    unscored: float = Field(lt=0)
    given_name: GivenName
    family_name: FamilyName
    full_name: FullName = FullName()
    birth_date: BirthDate
    suffix: Suffix
    identifiers: Mapping[str, Kind]
    compare: tuple[str, ...] = Field(min_length=1)
    max_compared: PositiveInt = 60
    login: Login = Login()

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        words = (*self.identifiers, *NAMES)
        for key in self.keys:
            for word in key:
                if word not in words:
                    raise ValueError(f"compare: unknown word {word!r}; use {', '.join(words)}")
        for name, kind in self.identifiers.items():
            if kind.part_of is not None and kind.part_of not in self.identifiers:
                raise ValueError(f"identifiers.{name}.part_of: no identifier {kind.part_of!r}")
        return self

    @cached_property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """The comparison keys, each as its words."""
        return tuple(tuple(word.strip() for word in key.split("+")) for key in self.compare)

    @cached_property
    def bits(self) -> Mapping[str, int]:
        """The bit of each identifier kind in a pattern, in the order of the file."""
        return {name: 1 << place for place, name in enumerate(self.identifiers)}

    @cached_property
    def singular(self) -> tuple[str, ...]:
        """The identifier kinds of which a different value forbids a join."""
        return tuple(n for n, kind in self.identifiers.items() if kind.different == "veto")


def read(path: Path) -> IdentifierPolicy:
    """Read an identifier policy. Raises PolicyError naming file, line, key and mend."""
    return policyfile.read(IdentifierPolicy, path)


@cache
def default() -> IdentifierPolicy:
    """Return the built-in policy."""
    text = files("idp_core.profiles").joinpath("identifiers.yaml").read_text("utf-8")
    return policyfile.parse(IdentifierPolicy, text, "identifiers.yaml")
