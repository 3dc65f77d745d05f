"""A check that is broken on purpose, and the test that has to notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Broken:
    """In `file` of idp_core `old`, which stands there once, becomes `new`; each test must fail."""

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
