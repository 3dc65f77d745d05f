"""A few stored records with everybody they belong to, by one statement: for one record at a time.

What a record says stays text until it is asked for: of the people around a record most need not be
looked at.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa

from idp_core.db.jsontext import Typed
from idp_core.db.types import UtcTime
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.records import stored_ref
from idp_core.profiles.vetoes import Constraints


@dataclass(frozen=True, slots=True)
class Stored:
    """A record that its source still has, and whom it belongs to: None before it was resolved."""

    ref: SourceRef
    gid: str | None
    mapping: str
    text: str = field(repr=False)

    def profile(self, typed: Typed) -> SourceProfile:
        """Return the record, without its digest; `typed` reads attributes as JSON has them."""
        return SourceProfile(self.ref, typed(json.loads(self.text)), self.mapping, "")


class Nearby(NamedTuple):
    """Records around one, and whether a steward's word stands about anybody (`words_among`)."""

    records: Sequence[Stored]
    judged: bool


_REFS = {
    "sqlite": "(SELECT value ->> 0 AS source, value ->> 1 AS key FROM json_each(:refs)) asked",
    "postgresql": (
        "(SELECT value ->> 0 AS source, value ->> 1 AS key"
        " FROM jsonb_array_elements(CAST(:refs AS jsonb))) asked"
    ),
}
_AROUND = """
WITH near AS (
    SELECT p.id, l.gid FROM {refs}
    JOIN source_profile p ON p.source = asked.source AND p.key = asked.key AND NOT p.deleted
    LEFT JOIN link l ON l.record = p.id
)
SELECT p.source, p.key, whole.gid, p.mapping, CAST(p.attributes AS TEXT),
    EXISTS (SELECT 1 FROM link_constraint)
FROM (
    SELECT id, gid FROM near WHERE gid IS NULL
    UNION SELECT l.record, l.gid FROM link l WHERE l.gid IN (SELECT gid FROM near)
) whole JOIN source_profile p ON p.id = whole.id WHERE NOT p.deleted
"""
_WORDS = """
SELECT c.kind, c.left_source, c.left_key, c.right_source, c.right_key FROM {refs}
JOIN link_constraint c ON c.left_source = asked.source AND c.left_key = asked.key
WHERE c.expires_at IS NULL OR c.expires_at > :now
"""
_STATEMENTS = {
    name: (
        sa.text(_AROUND.format(refs=refs)),
        sa.text(_WORDS.format(refs=refs)).bindparams(sa.bindparam("now", type_=UtcTime)),
    )
    for name, refs in _REFS.items()
}


def read_around(conn: sa.Connection, refs: Collection[SourceRef]) -> Nearby:
    """Return the records under these refs, and all others of the people they belong to."""
    asked = {stored_ref(ref): ref for ref in refs}
    statement, _ = _STATEMENTS[conn.dialect.name]
    rows = conn.execute(statement, {"refs": _listed(asked)}).all()
    found = []
    for source, key, gid, mapping, text, _ in rows:
        ref = SourceRef(source, key)
        found.append(Stored(asked.get(ref, ref), gid, mapping, text))
    return Nearby(found, bool(rows and rows[0][-1]))


def words_among(conn: sa.Connection, refs: Collection[SourceRef]) -> Constraints:
    """Return what stewards said, and still holds, about pairs of these records."""
    _, statement = _STATEMENTS[conn.dialect.name]
    asked = {stored_ref(ref): ref for ref in refs}
    given = {"refs": _listed(asked), "now": datetime.now(UTC)}
    said: dict[str, list[tuple[SourceRef, SourceRef]]] = {"must": [], "cannot": []}
    for kind, source, key, *other in conn.execute(statement, given):
        left, right = SourceRef(source, key), SourceRef(*other)
        if right in asked:
            said[kind].append((asked[left], asked[right]))
    return Constraints.of(said["must"], said["cannot"])


def _listed(refs: Collection[SourceRef]) -> str:
    return json.dumps([list(ref) for ref in refs])
