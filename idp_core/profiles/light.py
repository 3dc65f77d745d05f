"""Golden profiles by id and digest; their values are fetched when they are looked at.

Who reads a million profiles to find the few that changed pays for those few.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from idp_core.db import bulk
from idp_core.db.engine import reading
from idp_core.db.jsontext import typer
from idp_core.db.later import LaterMapping, LaterSequence
from idp_core.profiles.goldens import lineage_of
from idp_core.profiles.model import Lineage
from idp_core.profiles.tables import lineage, profile
from mappings.schema import CUSTOMER, Schema

Light = tuple[str, str, Mapping[str, Any], Sequence[Lineage]]
"""Global id, digest, attributes and lineage."""
_BATCH = 1_000
_FEW = 5
"""So many of a batch are fetched one by one; then the rest of it is fetched at once."""


def read_lightly(
    engine: sa.Engine, gids: Collection[str] | None = None, schema: Schema = CUSTOMER
) -> Iterator[Light]:
    """Yield the golden profiles that are there, in any order; `gids` restricts them.

    Nothing may change them meanwhile: the digest is read before the values.
    """
    query = digests()
    with reading(engine) as conn:
        if gids is not None:
            query = query.where(bulk.among(conn, profile.c.gid, gids))
        with conn.execute(query, execution_options={"yield_per": _BATCH}) as rows:
            for heads in rows.partitions():
                batch = _Batch(engine, [gid for gid, _ in heads], schema)
                for gid, digest in heads:
                    attributes = LaterMapping(partial(batch.attributes, gid))
                    yield gid, digest, attributes, LaterSequence(partial(batch.lineage, gid))


def digests() -> sa.Select[str, str]:
    """Select the global id and the digest of each profile that is there."""
    return sa.select(profile.c.gid, profile.c.digest).where(profile.c.deleted_at.is_(None))


class _Batch:
    """The values of some profiles, as text until they are looked at."""

    def __init__(self, engine: sa.Engine, gids: Sequence[str], schema: Schema) -> None:
        self._engine, self._gids, self._typed = engine, gids, typer(schema)
        self._texts: dict[str, tuple[str, str | None]] = {}
        self._asked = 0

    def attributes(self, gid: str) -> Mapping[str, Any]:
        return self._typed(json.loads(self._text(gid)[0]))

    def lineage(self, gid: str) -> Sequence[Lineage]:
        entries = self._text(gid)[1]
        return lineage_of(json.loads(entries)) if entries else ()

    def _text(self, gid: str) -> tuple[str, str | None]:
        if gid not in self._texts:
            self._asked += 1
            self._fetch([gid] if self._asked <= _FEW else self._gids)
        return self._texts[gid]

    def _fetch(self, gids: Collection[str]) -> None:
        texts = (sa.cast(profile.c.attributes, sa.Text), sa.cast(lineage.c.entries, sa.Text))
        query = sa.select(profile.c.gid, *texts)
        query = query.outerjoin(lineage, lineage.c.gid == profile.c.gid)
        with reading(self._engine) as conn:
            rows = conn.execute(query.where(bulk.among(conn, profile.c.gid, gids)))
            self._texts |= {gid: (text, entries) for gid, text, entries in rows}
