"""Looks at each object of ours that a run makes: neither a repr nor an error may show a value."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, is_dataclass
from functools import wraps
from typing import Any

from pydantic import BaseModel

from connectors.errors import ConnectorError
from idp_core.errors import CoreError
from mappings.errors import MappingError
from pipelines.errors import JobError

OURS = ("mappings", "connectors", "idp_core", "pipelines")
_ELSEWHERE = (
    "pipelines.orchestration",
    "pipelines.sandbox",
    "connectors.simulators",
    "connectors.kit",
    "idp_core.db.migrations",
)
"""Skins, what plays the remote systems, and what alembic alone can import."""
_ERRORS = (JobError, CoreError, ConnectorError, MappingError)
_LOOKED_AT = 100


def classes() -> list[type]:
    """Every dataclass, model and named tuple of the four packages."""
    found: dict[type, None] = {}
    for name in OURS:
        package = importlib.import_module(name)
        for info in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not info.name.startswith(_ELSEWHERE) and not info.name.endswith("__main__"):
                module = importlib.import_module(info.name)
                found |= dict.fromkeys(
                    each
                    for each in vars(module).values()
                    if isinstance(each, type)
                    and each.__module__ == info.name
                    and (is_dataclass(each) or issubclass(each, BaseModel) or _is_tuple(each))
                )
    return list(found)


def _is_tuple(each: type) -> bool:
    return issubclass(each, tuple) and hasattr(each, "_fields")


@dataclass
class Seen:
    """What was made: how many of each class, and which of them showed what `shows` finds."""

    shows: Callable[[str], object]
    made: Counter[str] = field(default_factory=Counter)
    looked: Counter[str] = field(default_factory=Counter)
    leaking: set[str] = field(default_factory=set)

    def look(self, thing: object, text: Callable[[Any], str]) -> None:
        name = type(thing).__qualname__
        self.made[name] += 1
        whole = f"{type(thing).__module__}.{name}"
        self.looked[whole] += 1
        if self.looked[whole] <= _LOOKED_AT and self.shows(text(thing)):
            self.leaking.add(whole)


@contextmanager
def watched(seen: Seen) -> Iterator[None]:
    """Look at each object and each error of ours when it has been made."""
    before = [(each, each.__init__) for each in [*classes(), *_ERRORS]]
    try:
        for each, init in before:
            text = str if issubclass(each, Exception) else repr
            each.__init__ = _looking(init, seen, text)
        yield
    finally:
        for each, init in before:
            each.__init__ = init


def _looking(init: Any, seen: Seen, text: Callable[[Any], str]) -> Any:
    @wraps(init)
    def made(self: object, *args: object, **more: object) -> None:
        if not _is_tuple(type(self)):  # a tuple is made before
            init(self, *args, **more)
        seen.look(self, text)

    return made
