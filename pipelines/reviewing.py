"""The review queue worked: list, look at, assign and decide pairs that wait for a person.

`settle` and `gather` say what is to be done, `carry_out` does it; the command line is one face of
them, a page may be another. What is decided is a word on source records, as `stewarding` keeps it:
it takes effect with the next run, and holds in all later ones until it expires or is taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.profiles import store
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.store import Action, Case, Filter
from pipelines import acts
from pipelines.bus import Bus
from pipelines.errors import JobError
from pipelines.resolving import PairTold, explain_pair
from pipelines.stewarding import pairs_of
from pipelines.word import Word

Verdict = Literal["same", "different", "skip", "open"]
Pair = tuple[SourceRef, SourceRef]

_KINDS: Mapping[Verdict, Literal["must", "cannot"]] = {"same": "must", "different": "cannot"}


@dataclass(frozen=True, slots=True)
class Look:
    """A case with all that a person needs: both records, who they are now, why, what was done.

    A record that its source has no more is None.
    """

    case: Case
    left: SourceProfile | None
    right: SourceProfile | None
    gids: tuple[str | None, str | None]
    told: PairTold | None
    actions: Sequence[Action]


@dataclass(frozen=True, slots=True)
class Known:
    """What stands about a case: the records of the two people, and the words of before on it."""

    ours: Sequence[SourceRef]
    theirs: Sequence[SourceRef]
    words: Mapping[str, Pair]

    @property
    def one_already(self) -> bool:
        """Whether the two records are of one person."""
        return bool(set(self.ours) & set(self.theirs))


@dataclass(frozen=True, slots=True)
class Settled:
    """What a verdict does to a case: pairs to say it of, and ids of words that hold no more."""

    case: Case
    action: Action
    pairs: Sequence[Pair] = ()
    gone: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a verdict: the cases it settled, and a line for each that it could not."""

    cases: Sequence[int]
    pairs: int
    problems: Sequence[str] = ()


def cases(bus: Bus, wanted: Filter, limit: int | None = None) -> Sequence[Case]:
    """Return the cases that a filter means, the strongest first."""
    with reading(bus.engine) as conn:
        return store.read_cases(conn, wanted, datetime.now(UTC), limit)


def look(bus: Bus, number: int) -> Look:
    """Return a case with both records. Raises JobError when there is none of this number."""
    with reading(bus.engine) as conn:
        (case,) = _cases(conn, [number])
        sides = (case.doubt.left, case.doubt.right)
        held = [
            store.held_source_profiles(conn, ref.source, [ref.key], schema=bus.schema).get(ref.key)
            for ref in sides
        ]
        left, right = (None if each is None or each.profile.deleted else each.profile
                       for each in held)  # fmt: skip
        gids = (store.gid_of(conn, sides[0]), store.gid_of(conn, sides[1]))
        actions = store.read_actions(conn, number)
    told = explain_pair(bus, *sides) if left and right else None
    return Look(case, left, right, gids, told, actions)


def assign(bus: Bus, numbers: Collection[int], assignee: str | None, who: str) -> Sequence[Case]:
    """Give cases to a person, or to nobody. Raises JobError when there is none of a number."""
    now = datetime.now(UTC)
    with writing(bus.engine) as conn:
        given = [replace(case, assignee=assignee) for case in _cases(conn, numbers)]
        done = [Action(case.id, "assigned", who, "", now, None, {"to": assignee}) for case in given]
        store.save_cases(conn, given, done)
        data = {"cases": [case.id for case in given], "to": assignee}
        acts.note(bus, conn, "review.assigned", acts.operator(who), **data)
    return given


def decide(bus: Bus, numbers: Collection[int], verdict: Verdict, word: Word) -> Decided:
    """Say whether the two of each case are the same person; it takes effect with the next run.

    ``skip`` puts a case off until the word expires, ``open`` takes back what was decided. A case
    that cannot be decided this way is left as it was and told in `problems`. Raises JobError when
    there is none of a number.
    """
    now = datetime.now(UTC)
    done: list[Settled] = []
    problems: list[str] = []
    with writing(bus.engine) as conn:
        for case in _cases(conn, numbers):
            try:
                settled = settle(case, verdict, word, gather(conn, case), now)
            except JobError as error:
                problems.append(f"case {case.id}: {error}")
                continue
            carry_out(conn, settled, verdict, word)
            done.append(settled)
        if done:
            data = {"cases": [each.case.id for each in done], "verdict": verdict}
            acts.note(bus, conn, "review.decided", acts.operator(word.who), **data)
    pairs = sum(len(each.pairs) for each in done)
    return Decided([each.case.id for each in done], pairs, problems)


def gather(conn: sa.Connection, case: Case) -> Known:
    """Read what a verdict on a case needs to know."""
    ids = [
        id_ for action in store.read_actions(conn, case.id) for id_ in action.data.get("words", ())
    ]
    words = {
        said.id: (said.left, said.right)
        for said in store.read_constraints(conn)
        if said.id in set(ids)
    }
    ours, theirs = (_people(conn, ref) for ref in (case.doubt.left, case.doubt.right))
    return Known(ours, theirs, words)


def settle(case: Case, verdict: Verdict, word: Word, known: Known, now: datetime) -> Settled:
    """Decide what a verdict on a case does; nothing is read or written.

    It is said of every pair of the two people's records, or of those that the case's earlier
    verdict was about. Raises JobError for a verdict that makes no sense, or about too many pairs.
    """
    until = None if verdict == "open" else word.expires_at
    action = Action(case.id, verdict, word.who, word.why, now, until)
    after = replace(case, status=verdict, until=until)
    if verdict not in _KINDS:
        return Settled(after, action, (), list(known.words))
    if not (known.ours and known.theirs):
        raise JobError("a source has no more of its record; the next run settles it")
    if known.words:
        return Settled(after, action, list(known.words.values()), list(known.words))
    if known.one_already:
        raise JobError("the two are one person by now; see isthmus profile unmerge")
    return Settled(after, action, pairs_of(known.ours, known.theirs))


def carry_out(conn: sa.Connection, settled: Settled, verdict: Verdict, word: Word) -> None:
    """Write what was decided: words on records, the case, and the action with the words' ids."""
    for id_ in settled.gone:
        store.remove_constraint(conn, id_)
    said = [
        store.put_constraint(
            conn, _KINDS[verdict], *pair, who=word.who, why=word.why, expires_at=word.expires_at
        ).id
        for pair in settled.pairs
    ]
    action = replace(settled.action, data={"words": said} if said else {})
    store.save_cases(conn, [settled.case], [action])


def _cases(conn: sa.Connection, numbers: Collection[int]) -> Sequence[Case]:
    found = store.cases_of(conn, numbers)
    for number in numbers:
        if number not in found:
            raise JobError(f"no case has the number {number}: isthmus review list")
    return [found[number] for number in dict.fromkeys(numbers)]


def _people(conn: sa.Connection, ref: SourceRef) -> Sequence[SourceRef]:
    """Return the records of the person that a record is of; none when its source has it no more."""
    gid = store.gid_of(conn, ref)
    return [] if gid is None else store.members(conn, gid)
