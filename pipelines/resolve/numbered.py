"""Records by their numbers in the stored graph: who they are, and what they say of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

import duckdb
import pyarrow as pa

from idp_core.profiles.evidence import Evidence, reader
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import IdentifierPolicy
from pipelines.resolve.touched import ids, numbers


class Records(Protocol):
    """Where records and their ids are read from: one moment of the database."""

    def profiles(self, refs: Collection[SourceRef]) -> Iterable[SourceProfile]:
        """Return the records that their sources still have."""

    def links(self, refs: Collection[SourceRef]) -> Mapping[SourceRef, str]:
        """Return the global ids that records had."""

    def members(self, gids: Collection[str]) -> Collection[SourceRef]:
        """Return the living records of global ids."""

    def asked(self, refs: Collection[SourceRef]) -> Collection[frozenset[SourceRef]]:
        """Return the pairs about any of these records that wait for a person."""


class Numbered:
    """Records as a run of changes reads them; what was read once is kept."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, records: Records, policy: IdentifierPolicy
    ) -> None:
        self._con, self._records = con, records
        self._read = reader(policy)
        self._held: dict[int, Evidence] = {}
        self._changed: dict[int, SourceProfile] = {}

    def keep(self, changed: Mapping[int, SourceProfile]) -> Mapping[int, Evidence]:
        """Keep changed records; return what they say about who they are."""
        self._changed = dict(changed)
        fresh = {number: self._read(profile) for number, profile in changed.items()}
        self._held |= fresh
        return fresh

    def known(self, wanted: Collection[int]) -> Mapping[int, Evidence]:
        """Return what records say about who they are."""
        missing = set(wanted) - self._held.keys()
        for number, profile in self._stored(missing).items():
            self._held[number] = self._read(profile)
        return {record: self._held[record] for record in wanted}

    def profiles(self, table: str) -> Mapping[int, SourceProfile]:
        """Return the records of a table whole."""
        wanted = set(ids(self._con, f"SELECT record FROM {table}"))
        kept = {number: self._changed[number] for number in wanted & self._changed.keys()}
        return kept | self._stored(wanted - kept.keys())

    def numbers(self, refs: Iterable[SourceRef]) -> dict[SourceRef, int]:
        """Return the numbers of records, of those that have one."""
        listed = list(refs)
        columns = {
            "source": pa.array([ref.source for ref in listed], pa.string()),
            "key": pa.array([ref.key for ref in listed], pa.string()),
        }
        self._con.register("asked_refs", pa.table(columns))
        rows = self._con.execute(
            "SELECT source, key, id FROM record SEMI JOIN asked_refs USING (source, key)"
        ).fetchall()
        return {SourceRef(source, key): id_ for source, key, id_ in rows}

    def refs(self, table: str) -> list[SourceRef]:
        """Return the sources and keys of the records of a table."""
        rows = self._con.execute(
            f"SELECT source, key FROM record SEMI JOIN {table} ON record = id"
        ).fetchall()
        return [SourceRef(*row) for row in rows]

    def _stored(self, wanted: Collection[int]) -> dict[int, SourceProfile]:
        if not wanted:
            return {}
        numbers(self._con, "wanted", wanted)
        rows = self._con.execute(
            "SELECT id, source, key FROM record JOIN wanted ON record = id"
        ).fetchall()
        number = {SourceRef(source, key): id_ for id_, source, key in rows}
        return {number[each.ref]: each for each in self._records.profiles(number)}
