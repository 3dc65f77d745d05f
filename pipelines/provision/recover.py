"""After a crash or lost answers: ask the target about every open line of the journal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from connectors.contract import Action, Searchable, Target
from connectors.elements import list_of
from idp_core.audit.operations import ASKED
from idp_core.db.engine import reading, writing
from idp_core.provisioning import accounts, journal, plans
from idp_core.provisioning.model import Entry, EntryState, ManagedAccount, Pending
from pipelines.provision.asking import Answer, Word, ask
from pipelines.provision.documents import read_item
from pipelines.provision.order import Ended, Order
from pipelines.provision.plan import PlanItem
from pipelines.provision.rules import Push
from pipelines.provision.writing import entry_of

_GROUP = 100
_STATES = {Word.DONE: EntryState.DONE, Word.UNDONE: EntryState.UNDONE}


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found out. `unsure` are people whose creation may or may not have happened."""

    done: int = 0
    undone: int = 0
    unsure: Collection[str] = field(default=frozenset(), repr=False)


def recover(
    engine: sa.Engine, name: str, target: Target, push: Push, order: Order | None = None
) -> Recovered:
    """Settle what was in flight at the target called `name`; safe to run at any time.

    A target that cannot be searched is not asked: updates and removals are planned again, which
    does no harm; creations stay open and their people are `unsure`.
    Raises the connector's TransientError or MisconfiguredError; what was settled stays settled.
    """
    with reading(engine) as conn:
        entries = journal.unsettled(conn, name, push.object)
        items = _items(conn, entries)
        held = accounts.read_accounts(conn, name, push.object, {e.gid for e in entries})
    done = undone = 0
    unsure: set[str] = set()
    for start in range(0, len(entries), _GROUP):
        group = entries[start : start + _GROUP]
        words = [(entry, _word(target, push, items.get(_key(entry)), entry)) for entry in group]
        settled = [(entry, answer) for entry, answer in words if answer is not None]
        with writing(engine) as conn:
            _note(conn, words, items)
            _store(conn, settled, items, held)
            if order is not None:
                _tell(conn, order, settled, items)
        done += sum(answer.word is Word.DONE for _, answer in settled)
        undone += sum(answer.word is Word.UNDONE for _, answer in settled)
        unsure |= {e.gid for e, answer in words if answer is None or answer.word is Word.SEVERAL}
    return Recovered(done, undone, frozenset(unsure))


def _items(conn: sa.Connection, entries: Iterable[Pending]) -> Mapping[tuple[str, int], PlanItem]:
    numbers: dict[str, list[int]] = {}
    for entry in entries:
        numbers.setdefault(entry.plan_id, []).append(entry.number)
    return {
        (plan_id, number): read_item(document)
        for plan_id, wanted in numbers.items()
        for number, document in plans.read_items(conn, plan_id, wanted)
    }


def _key(entry: Pending) -> tuple[str, int]:
    return entry.plan_id, entry.number


def _word(target: Target, push: Push, item: PlanItem | None, entry: Pending) -> Answer | None:
    if item is None:
        raise RuntimeError(f"plan {entry.plan_id} has lost item {entry.number} of its journal")
    if isinstance(target, Searchable):
        answer = ask(target, push, item)
        return None if answer.word is Word.SEVERAL else answer
    if item.action is Action.CREATE:
        return None
    return Answer(Word.UNDONE, item.account, {})


def _note(
    conn: sa.Connection,
    words: Sequence[tuple[Pending, Answer | None]],
    items: Mapping[tuple[str, int], PlanItem],
) -> None:
    """Take what was asked for out of what is in flight, and write it into the journal."""
    now, entries = datetime.now(UTC), list[Entry]()
    asked: dict[str, set[int]] = {}
    for pending, answer in words:
        item = items[_key(pending)]
        asked.setdefault(pending.plan_id, set()).add(pending.number)
        if answer is None:
            entries.append(entry_of(pending, item, EntryState.UNCERTAIN))
        else:
            entries.append(entry_of(pending, item, _STATES[answer.word], None, now))
    journal.write_entries(conn, entries)
    for plan_id, numbers in asked.items():
        journal.drop_intents(conn, plan_id, numbers)


def _store(
    conn: sa.Connection,
    settled: Sequence[tuple[Pending, Answer]],
    items: Mapping[tuple[str, int], PlanItem],
    held: Mapping[str, ManagedAccount],
) -> None:
    saved: dict[str, ManagedAccount] = {}
    moved: dict[tuple[str, str], set[str]] = {}
    for pending, answer in settled:
        item = items[_key(pending)]
        if answer.word is Word.DONE:
            saved[item.gid] = answer.account
            if item.moved_from is not None:
                place = item.account.target, item.account.object
                moved.setdefault(place, set()).add(item.moved_from)
        else:
            before = held.get(item.moved_from or item.gid)
            if before is not None:
                saved[before.gid] = _as_found(before, item, answer)
    for (target, object_), gids in moved.items():
        accounts.forget_accounts(conn, target, object_, gids)
    accounts.save_accounts(conn, saved.values())


def _tell(
    conn: sa.Connection,
    order: Order,
    settled: Sequence[tuple[Pending, Answer]],
    items: Mapping[tuple[str, int], PlanItem],
) -> None:
    """Write into the audit log what was found out, a batch a plan."""
    now, ended = datetime.now(UTC), dict[str, list[Ended]]()
    for entry, answer in settled:
        item, outcome = items[_key(entry)], _STATES[answer.word].value
        ended.setdefault(entry.plan_id, []).append((item, outcome, now, answer.account.remote_id))
    for plan_id, batch in ended.items():
        record = plans.read_plan(conn, plan_id)
        if record is not None:
            order.write(conn, ASKED, record, batch)


def _as_found(before: ManagedAccount, item: PlanItem, answer: Answer) -> ManagedAccount:
    """Return our record with what the target really holds, to be compared anew."""
    held = answer.held or {}
    pushed = dict(before.pushed)
    for difference in item.differences:
        value, sent = held.get(difference.path), difference.after
        if list_of(difference.path) and isinstance(value, Mapping) and isinstance(sent, Mapping):
            value = {part: value[part] for part in sent if part in value}
        if value is None:
            pushed.pop(difference.path, None)
        else:
            pushed[difference.path] = value
    return replace(before, pushed=pushed, profile_digest="")
