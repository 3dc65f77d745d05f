"""The words of this package as frozen values. No I/O, no database.

row (theirs) -> source profile (one source's word in our vocabulary) -> profile (golden).

Attributes are the canonical record of `mappings.schema`: a flat dict of attribute name to value,
dotted names for consents (``consent.marketing_email``), lists of dicts for multi-valued ones
(``emails``, ``phones``, ``addresses``, ``external_ids``). Absent and None mean the same: not said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

Attributes = Mapping[str, Any]


class SourceRef(NamedTuple):
    """Names one source profile: the source's name in ``isthmus.yaml`` and the row's key there."""

    source: str
    key: str

    @property
    def name(self) -> str:
        """What it is called, as `profile find` takes it; what a person set has no record."""
        return f"{self.source}:{self.key}" if self.key else self.source


@dataclass(frozen=True, slots=True)
class SourceProfile:
    """One source's word about one person, in our vocabulary.

    `mapping` is ``name@digest`` of the mapping that made it. `digest` is the hash of `attributes`
    (and `deleted`): equal digests mean nothing changed. `changed_at` is the source's own time of
    change where it tells one, otherwise the time we first saw this content; always UTC.
    """

    ref: SourceRef
    attributes: Attributes = field(repr=False)
    mapping: str
    digest: str
    deleted: bool = False
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identifier:
    """A typed value that points at a person: kind ``email``, ``phone``, ``loyalty_id``…"""

    kind: str
    value: str = field(repr=False)
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Lineage:
    """Why a golden attribute has its value: who said it, by which mapping line, by which rule.

    For multi-valued attributes there is one entry per element, `element` being its value's place.
    `rule` is the survivorship rule's name, `reason` one sentence for a person (no values in it).
    """

    attribute: str
    ref: SourceRef
    mapping: str
    rule: str
    reason: str
    element: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """The golden record: `gid` is a UUIDv7 that never changes its person."""

    gid: str
    attributes: Attributes = field(repr=False)
    lineage: Sequence[Lineage] = ()
    members: Sequence[SourceRef] = ()


class EventKind(StrEnum):
    """What happened to a profile; the history and the outbox speak these words."""

    CREATED = "profile.created"
    CHANGED = "profile.changed"
    MERGED = "profile.merged"
    SPLIT = "profile.split"
    UNMERGED = "profile.unmerged"
    MOVED = "profile.moved"
    OVERRIDDEN = "profile.overridden"
    RELEASED = "profile.released"
    DELETED = "profile.deleted"
    ERASED = "profile.erased"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one profile. `data` holds ids, names and counts, never values."""

    kind: EventKind
    gid: str
    data: Mapping[str, Any] = field(default_factory=dict)
