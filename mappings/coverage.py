"""What a mapping takes of its source and gives to the canonical record, and how it has drifted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mappings.tree import Document, Each
from mappings.uses import uses


@dataclass(frozen=True, slots=True)
class Coverage:
    """The columns of a source as a mapping sees them, and the attributes it sets; all names.

    `used`, `ignored` and `unmapped` part the source's columns in its own order; `missing` are
    columns the mapping reads and the source has not; `superfluous` are entries of ``ignore:`` that
    name nothing. `attributes` are set by the mapping, `empty` are the others of the schema.
    """

    used: tuple[str, ...]
    ignored: tuple[str, ...]
    unmapped: tuple[str, ...]
    missing: tuple[str, ...]
    superfluous: tuple[str, ...]
    attributes: tuple[str, ...]
    empty: tuple[str, ...]

    @property
    def drifted(self) -> bool:
        """Whether the source has columns nobody spoke of, or lacks some that are read."""
        return bool(self.unmapped or self.missing)


def coverage(document: Document, columns: Iterable[str]) -> Coverage:
    """Compare a mapping with the names of the columns its source has now."""
    there = tuple(dict.fromkeys(columns))
    read = tuple(dict.fromkeys(use.column for use in uses(document)))
    used = tuple(name for name in there if name in set(read))
    left = tuple(name for name in there if name not in set(read))
    ignored = tuple(name for name in left if _ignored(name, document.ignore))
    made = {
        line.attribute if isinstance(line, Each) else line.slot.attribute
        for line in document.fields
    }
    return Coverage(
        used=used,
        ignored=ignored,
        unmapped=tuple(name for name in left if name not in set(ignored)),
        missing=tuple(name for name in read if name not in set(there)),
        superfluous=tuple(
            sorted(p for p in document.ignore if not any(_ignored(name, {p}) for name in there))
        ),
        attributes=tuple(name for name in document.schema.attributes if name in made),
        empty=tuple(name for name in document.schema.attributes if name not in made),
    )


def _ignored(name: str, patterns: Iterable[str]) -> bool:
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)
