"""The jobs about dead letters: replay them, or discard them.

Rows go through mapping and checks again and, where any was stored, profiles are made anew; targets
follow with the next plan. Refused changes of a target are planned again and sent. What was no row
has no second way: its file must be mended, and read again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from idp_core.ledger.letters import Stage
from idp_core.ledger.store import DeadLetter
from pipelines import acts
from pipelines.bus import Bus
from pipelines.errors import JobError
from pipelines.jobs import unify_all
from pipelines.replay import Replayed, replay_rows
from pipelines.running import Steps, Watch, end, noting, quiet, running
from pipelines.suites import suite_of
from pipelines.targets import Retried, job_of, object_of, retry


@dataclass(frozen=True, slots=True)
class Unreplayable:
    """A letter that cannot be replayed, and what to do instead."""

    letter: DeadLetter
    advice: str


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay did: rows by source, changes by target, and what it left alone.

    `problems` are sources and targets that could not be used; their letters are as they were.
    """

    run: str
    sources: Mapping[str, Replayed] = field(default_factory=dict)
    targets: Mapping[str, Retried] = field(default_factory=dict)
    golden: Mapping[str, int] = field(default_factory=dict)
    left: Sequence[Unreplayable] = ()
    problems: Sequence[JobError] = ()

    @property
    def stored(self) -> int:
        """How many rows passed and are stored."""
        return sum(each.stored for each in self.sources.values())

    @property
    def still_open(self) -> Sequence[DeadLetter]:
        """The letters that stay open, those that cannot be replayed last."""
        rows = [letter for each in self.sources.values() for letter in each.open]
        changes = [letter for each in self.targets.values() for letter in each.open]
        return [*rows, *changes, *(each.letter for each in self.left)]


def find_letter(bus: Bus, id_: str) -> DeadLetter:
    """Return the letter with this id, or the only one whose id ends so. Raises JobError."""
    with reading(bus.engine) as conn:
        found = ledger.letters_like(conn, id_) if id_ else ()
    if len(found) == 1:
        return found[0]
    said = (
        f"{len(found)} dead letters have an id that ends" if found else "no dead letter's id ends"
    )
    raise JobError(f"{said} in {id_!r}; isthmus deadletters list names them")


def open_letters(
    bus: Bus, *, ids: Collection[str] = (), source: str | None = None, stage: Stage | None = None
) -> Sequence[DeadLetter]:
    """Return the open letters meant: those of `ids`, or all of a source and stage.

    Raises JobError for an id that is unknown, ambiguous or of a closed letter.
    """
    if not ids:
        with reading(bus.engine) as conn:
            return ledger.list_letters(conn, source=source, stage=stage)
    found = {letter.id: letter for letter in (find_letter(bus, id_) for id_ in ids)}
    for letter in found.values():
        if letter.status != "open":
            raise JobError(f"dead letter {letter.id} is {letter.status} already")
    return list(found.values())


def discard(bus: Bus, letters: Iterable[DeadLetter], *, who: str, why: str) -> int:
    """Close letters for good, and let go of their rows; return how many were open."""
    with writing(bus.engine) as conn:
        ids = [letter.id for letter in letters]
        closed = ledger.close_letters(conn, ids, "discarded", who=who, why=why)
        if closed:
            acts.note(bus, conn, "deadletters.discarded", acts.operator(who), letters=closed)
        return closed


def replay(
    bus: Bus, letters: Sequence[DeadLetter], *, trigger: str = "manual", watch: Watch = quiet
) -> ReplayReport:
    """Replay open letters, as one run. Raises BusyError when another run of the project is on."""
    with running(bus, "replay", trigger) as begun:
        steps = Steps(bus, begun.id, watch)
        problems: list[JobError] = []
        rows, changes, left = _sorted(bus, letters)
        sources: dict[str, Replayed] = {}
        for name, found in rows.items():
            with noting(problems):
                sources[name] = _replay_source(bus, steps, name, found)
        golden: Mapping[str, int] = {}
        if any(each.stored for each in sources.values()):
            _, golden = unify_all(bus, steps)
        targets: dict[str, Retried] = {}
        for name, found in changes.items():
            with noting(problems):
                targets[name] = _retry_target(bus, steps, name, found)
                problems += targets[name].problems
        report = ReplayReport(begun.id, sources, targets, golden, left, problems)
        _end(bus, report)
    return report


_ByName = Mapping[str, Sequence[DeadLetter]]


def _sorted(
    bus: Bus, letters: Sequence[DeadLetter]
) -> tuple[_ByName, _ByName, Sequence[Unreplayable]]:
    """Return what is still open of the letters: rows by source, changes by target, and the rest."""
    with reading(bus.engine) as conn:
        known = ledger.read_letters(conn, [letter.id for letter in letters])
    rows: dict[str, list[DeadLetter]] = defaultdict(list)
    changes: dict[str, list[DeadLetter]] = defaultdict(list)
    left: list[Unreplayable] = []
    for letter in known:
        if letter.status != "open":
            continue
        if letter.stage in ("map", "check") and letter.source in bus.project.sources:
            rows[letter.source].append(letter)
        elif letter.stage == "apply" and letter.source in bus.project.targets:
            changes[letter.source].append(letter)
        else:
            left.append(Unreplayable(letter, advice(bus, letter)))
    return rows, changes, left


def advice(bus: Bus, letter: DeadLetter) -> str:
    """Return what can be done about a letter, in a sentence."""
    project, id_ = bus.project, letter.id[-12:]
    known = project.targets if letter.stage == "apply" else project.sources
    if letter.status != "open":
        return "it is closed: nothing is to be done"
    if letter.source not in known:
        kind = "target" if letter.stage == "apply" else "source"
        return f"isthmus.yaml has no {kind} {letter.source!r} any more: name it again, or discard"
    match letter.stage:
        case "read":
            again = f"isthmus sync --source {letter.source}"
            return f"it is no row: mend {letter.place} and run {again}, or discard it"
        case "resolve":
            return "isthmus sync resolves all records anew"
        case "apply":
            return f"every plan has it again; isthmus deadletters replay {id_} sends it alone"
        case _:
            return (
                "mend the mapping, the suite or the row at its source; then "
                f"isthmus deadletters replay {id_}, or isthmus sync where the source has the row"
            )


def _replay_source(bus: Bus, steps: Steps, source: str, letters: Sequence[DeadLetter]) -> Replayed:
    with steps.step("replay", source) as (progress, counts):
        document = bus.mapping(source)
        suite = suite_of(bus, source, document, today=datetime.now(UTC).date())
        whole = _with_twins(bus, source, letters)
        done = replay_rows(bus, steps.run, source, document, suite, whole, progress=progress)
        counts.update({fate.value: count for fate, count in done.counts.items()})
    return done


def _with_twins(bus: Bus, source: str, letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
    """Return the letters with all others of their keys: two rows of one key are judged together."""
    meant = {letter.id for letter in letters}
    keys = {letter.key for letter in letters if letter.key is not None}
    with reading(bus.engine) as conn:
        every = ledger.list_letters(conn, source=source)
    rows = (each for each in every if each.stage in ("map", "check"))
    return [each for each in rows if each.id in meant or each.key in keys]


def _retry_target(bus: Bus, steps: Steps, target: str, letters: Sequence[DeadLetter]) -> Retried:
    own = bus.push(target).object
    theirs: dict[str, list[DeadLetter]] = defaultdict(list)
    for letter in letters:
        theirs[object_of(letter) or own].append(letter)
    whole = Retried(0)
    with steps.step("retry", target) as (progress, counts):
        for object_, found in theirs.items():
            job = job_of(bus, target, object_, steps.run, progress=progress)
            done = retry(job, found)
            whole = Retried(
                whole.closed + done.closed,
                (*whole.open, *done.open),
                (*whole.problems, *done.problems),
            )
        counts.update({"closed": whole.closed, "open": len(whole.open)})
    return whole


def _end(bus: Bus, report: ReplayReport) -> None:
    counts = {
        "stored": report.stored,
        "retried": sum(each.closed for each in report.targets.values()),
        "open": len(report.still_open),
    }
    end(bus, report.run, counts, report.problems)
