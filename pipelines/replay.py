"""Replay: rows that were refused go again through mapping and checks as they are now.

What passes is stored like any landed row, and its letter is closed in the same transaction; what
does not keeps its letter, with today's reasons. So a killed replay has either done a batch or left
it as it was, and doing it again changes nothing.

A row may be older than what its source said since. Where row and source profile both tell when
the source changed them (``updated_at``), the later one counts; otherwise the one that a later run
saw. (The mapping's cursor would say as much, but is not kept with a source profile.) Where both
came in one run nobody can tell, and the letter stays open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby

import sqlalchemy as sa

from idp_core.db.engine import writing
from idp_core.ledger import store as ledger
from idp_core.ledger.store import DeadLetter
from idp_core.profiles import asked as requests
from idp_core.profiles import store
from idp_core.profiles.model import SourceProfile
from mappings.tree import Document
from pipelines.bus import Bus
from pipelines.progress import Progress, silent
from pipelines.project import Mode
from pipelines.quality.gate import Reason
from pipelines.quality.model import Suite
from pipelines.reading import mode_of
from pipelines.transform import Again, Kept, transform_again
from pipelines.workbench import workbench

_BATCH = 10_000


class Fate(StrEnum):
    """What becomes of a letter whose row is replayed."""

    STORED = "stored"
    DELETED = "deleted"
    OUTDATED = "outdated"
    LEFT_OUT = "left_out"
    OPEN = "open"


_CLOSED: Mapping[Fate, str] = {
    Fate.OUTDATED: "the source has said something newer of it",
    Fate.LEFT_OUT: "the mapping's where leaves it out",
}
_UNCLEAR = "another row of this key came in the same run: which is newer cannot be told"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of the letters of one source, by fate; `open` are those that did not pass."""

    counts: Mapping[Fate, int] = field(default_factory=dict)
    open: Sequence[DeadLetter] = ()

    @property
    def stored(self) -> int:
        """How many rows are in the profiles' sources now that were not before."""
        return self.counts.get(Fate.STORED, 0) + self.counts.get(Fate.DELETED, 0)


@dataclass(frozen=True, slots=True)
class _Ruling:
    """A letter, what becomes of it, and the record of its row where it passes.

    `erased` says of one that is deleted that its person shall be erased.
    """

    letter: DeadLetter
    fate: Fate
    profile: SourceProfile | None = None
    erased: bool = False


def replay_rows(
    bus: Bus,
    run: str,
    source: str,
    document: Document,
    suite: Suite,
    letters: Sequence[DeadLetter],
    *,
    progress: Progress = silent,
) -> Replayed:
    """Replay map and check letters of one source, a batch a transaction.

    Give all open letters of a key together: two rows of one key are judged as such. Raises what
    `pipelines.transform.transform` does.
    """
    counts: Counter[Fate] = Counter()
    left: list[DeadLetter] = []
    done = 0
    latest = mode_of(bus.source_settings(source), document) is not Mode.FULL
    with workbench(bus.landing / source) as con:
        for batch in _batches(letters):
            kept = Kept([each.row or {} for each in batch], batch[0].types or {})
            today = datetime.now(UTC).date()
            again = transform_again(con, source, document, suite, kept, today=today, latest=latest)
            with writing(bus.engine) as conn:
                rulings = _rule(bus, conn, source, batch, again)
                _carry_out(conn, run, source, rulings)
            counts.update(ruling.fate for ruling in rulings)
            left += [ruling.letter for ruling in rulings if ruling.fate is Fate.OPEN]
            done += len(batch)
            progress(done, len(letters))
    return Replayed(dict(counts), left)


def _batches(letters: Iterable[DeadLetter]) -> Iterator[list[DeadLetter]]:
    """Yield letters of the same types, oldest word first, those of a key never apart."""

    def types(each: DeadLetter) -> str:
        return repr(sorted((each.types or {}).items()))

    for _, alike in groupby(sorted(letters, key=types), key=types):
        batch: list[DeadLetter] = []
        by_key = sorted(alike, key=lambda each: (each.key or "", each.run, each.id))
        for _, twins in groupby(by_key, key=lambda each: each.key or each.id):
            if len(batch) >= _BATCH:
                yield batch
                batch = []
            batch += list(twins)
        yield batch


def _rule(
    bus: Bus, conn: sa.Connection, source: str, batch: Sequence[DeadLetter], again: Again
) -> list[_Ruling]:
    refused = {each.rejected.row: each.rejected for each in again.found.dead_rows()}
    passed = dict(again.found.numbered())
    deleted = dict(again.found.deletions())
    erased = set(again.found.erased_keys())
    keys = {profile.ref.key for profile in passed.values()} | set(deleted.values())
    held = store.held_source_profiles(conn, source, keys, schema=bus.schema)
    rulings = []
    for row, letter in enumerate(batch):
        if row in again.left_out:
            ruling = _Ruling(letter, Fate.LEFT_OUT)
        elif row in again.older:
            ruling = _Ruling(letter, Fate.OUTDATED)
        elif row in refused or row in again.failed:
            found = refused.get(row)
            reasons = (*(found.reasons if found else ()), *again.failed.get(row, ()))
            key = found.key if found else letter.key
            ruling = _Ruling(_still(letter, key, reasons), Fate.OPEN)
        elif row in deleted:
            key = deleted[row]
            ruling = replace(_deletion(letter, key, held.get(key)), erased=key in erased)
        else:
            ruling = _storing(letter, passed[row], held.get(passed[row].ref.key))
        rulings.append(ruling)
    return rulings


def _still(letter: DeadLetter, key: str | None, reasons: Sequence[Reason]) -> DeadLetter:
    mapped = any(reason.origin == "mapping" for reason in reasons)
    return replace(
        letter,
        stage="map" if mapped else "check",
        key=key,
        reasons=[{"field": r.field, "step": r.rule, "reason": r.reason} for r in reasons],
    )


def _storing(letter: DeadLetter, profile: SourceProfile, held: store.Held | None) -> _Ruling:
    same = held is not None and not held.profile.deleted and held.profile.digest == profile.digest
    news = True if same else _is_news(letter, profile, held)
    if news is None:
        return _Ruling(_undecided(letter, profile.ref.key), Fate.OPEN)
    return _Ruling(letter, Fate.STORED, profile) if news else _Ruling(letter, Fate.OUTDATED)


def _deletion(letter: DeadLetter, key: str, held: store.Held | None) -> _Ruling:
    news = _is_news(letter, None, held)
    if news is None:
        return _Ruling(_undecided(letter, key), Fate.OPEN)
    return _Ruling(replace(letter, key=key), Fate.DELETED if news else Fate.OUTDATED)


def _undecided(letter: DeadLetter, key: str) -> DeadLetter:
    reasons = [{"field": "", "step": "replay", "reason": _UNCLEAR}]
    return replace(letter, key=key, reasons=reasons)


def _is_news(
    letter: DeadLetter, profile: SourceProfile | None, held: store.Held | None
) -> bool | None:
    """Whether a row is later than what is held of its key; None when that cannot be told."""
    if held is None:
        return True
    if profile is not None and not held.profile.deleted:
        told = profile.attributes.get("updated_at")
        known = held.profile.attributes.get("updated_at")
        if told is not None and known is not None and told != known:
            return bool(told > known)
    if letter.run == held.seen_run:
        return None
    return letter.run > held.seen_run  # ids of runs are in the order of time


def _carry_out(conn: sa.Connection, run: str, source: str, rulings: Sequence[_Ruling]) -> None:
    """Store what passed as its own run saw it, and close or amend the letters."""
    for seen, group in groupby(sorted(rulings, key=_seen), key=_seen):
        found = list(group)
        stored = [ruling.profile for ruling in found if ruling.profile is not None]
        store.put_source_profiles(conn, stored, seen)
        gone = [each for each in found if each.fate is Fate.DELETED]
        left = [str(each.letter.key) for each in gone if not each.erased]
        store.mark_deleted(conn, source, left, seen)
        asked = [str(each.letter.key) for each in gone if each.erased]
        requests.ask(conn, source, asked, datetime.now(UTC), whole=False)
    ids: dict[Fate, list[str]] = {fate: [] for fate in Fate}
    for ruling in rulings:
        ids[ruling.fate].append(ruling.letter.id)
    passed = [*ids[Fate.STORED], *ids[Fate.DELETED]]
    ledger.close_letters(conn, passed, "replayed", why=f"replayed by run {run}")
    for fate, why in _CLOSED.items():
        ledger.close_letters(conn, ids[fate], "discarded", why=why)
    ledger.amend_letters(conn, (each.letter for each in rulings if each.fate is Fate.OPEN))


def _seen(ruling: _Ruling) -> str:
    return ruling.letter.run
