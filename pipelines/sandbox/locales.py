"""The facts of ``data/locales.yaml``: how people are called, where they live, how to reach them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Any, NamedTuple

import yaml


class Town(NamedTuple):
    """A town, a postcode in it, the area code of its landlines, and its language if special."""

    name: str
    postcode: str
    area: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Locale:
    """One country. `mobile` holds patterns of national numbers in which # is any digit."""

    country: str
    alpha3: str
    name: str
    language: str
    weight: int
    code: str
    trunk: str
    number_first: bool
    mobile: tuple[str, ...]
    landline: int
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]
    streets: tuple[str, ...]
    domains: tuple[str, ...]
    towns: tuple[Town, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """All locales, their running weights for drawing one, and nicknames by given name."""

    locales: tuple[Locale, ...]
    weights: tuple[int, ...]
    nicknames: Mapping[str, tuple[str, ...]]


@cache
def facts() -> Facts:
    """Read the facts, once."""
    text = (files("pipelines.sandbox") / "data" / "locales.yaml").read_text(encoding="utf-8")
    document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    locales = tuple(_locale(entry) for entry in document["locales"])
    return Facts(
        locales,
        tuple(accumulate(locale.weight for locale in locales)),
        {name: tuple(nicknames) for name, nicknames in document["nicknames"].items()},
    )


def _locale(entry: Mapping[str, Any]) -> Locale:
    towns = tuple(Town(*town) for town in entry["towns"])
    lists = {key: tuple(value) for key, value in entry.items() if isinstance(value, list)}
    return Locale(**{**entry, **lists, "towns": towns})
