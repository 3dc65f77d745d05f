"""Resolution looked at: train a model, measure it, explain a pair, try a change."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from idp_core.db.engine import reading
from idp_core.profiles import store
from idp_core.profiles.evidence import Evidence, reader
from idp_core.profiles.model import Event, EventKind, SourceProfile, SourceRef
from idp_core.profiles.scoring import Population, usable
from idp_core.profiles.vetoes import Constraints
from pipelines import approving
from pipelines.among import read_among
from pipelines.bus import Bus
from pipelines.errors import JobError, ProjectError
from pipelines.resolve import trained as models
from pipelines.resolve.batch import Resolution, resolve
from pipelines.resolve.columns import sayer, table
from pipelines.resolve.explain import Explanation, explain_pairs
from pipelines.resolve.measure import Measure, measure
from pipelines.resolve.population import population
from pipelines.resolve.stage import Stage
from pipelines.unify import read_steward_words

if TYPE_CHECKING:
    from pipelines.resolve.splinking import Likeness
    from pipelines.resolve.trained import Trained


class Told(NamedTuple):
    """Everything a project knows that decides who is one person."""

    records: Sequence[SourceProfile]
    links: Mapping[SourceRef, str]
    redirects: Mapping[str, str]
    constraints: Constraints


@dataclass(frozen=True, slots=True)
class PairTold:
    """Two records: what identifiers say, and what the model does; `start` bits come before it."""

    identifiers: Explanation
    likeness: Sequence[Likeness] = ()
    start: float = 0.0
    join_at: float = 0.0

    @property
    def bits(self) -> float:
        """Return the sum of what the model says."""
        return round(self.start + sum(each.bits for each in self.likeness), 2)


@dataclass(frozen=True, slots=True)
class Difference:
    """What another policy or model would change: people before and after, and events by kind.

    `hash` names the rules; `awaits` says that the next run stops until they are approved.
    """

    hash: str
    awaits: bool
    before: int
    after: int
    events: Mapping[str, int]
    examples: Mapping[str, Sequence[Event]] = field(default_factory=dict)
    notes: Sequence[str] = ()


def train(bus: Bus) -> Trained:
    """Train the model anew on all records and put it in use: the next run resolves by it.

    Raises ProjectError when likeness is off, JobError when there are too few records.
    """
    stage = _stage(bus)
    from pipelines.resolve.splinking import train as learn

    told = read_told(bus)
    profiles, records, others = _usable(bus, told)
    if len(records) < stage.model.min_records:
        raise JobError(
            f"{len(records)} records are fewer than {stage.model.min_records} (min_records of the "
            "model file) to learn from; identifiers alone decide until there are more"
        )
    columns = table(list(map(sayer(stage.model), profiles)), records, stage.model, others)
    made = learn(columns, stage.model, stage.scorer).trained
    if stage.folder is not None:
        models.save(made, stage.folder)
    return made


def evaluate(bus: Bus, truth: Path) -> Mapping[str, Measure]:
    """Measure against a CSV file with the columns source, key and person.

    Only records that the file names count. Raises ProjectError for a file that is none.
    """
    known = read_truth(truth)
    told = read_told(bus)
    found = {"links in use": told.links}
    for name, stage in (("identifiers alone", None), ("identifiers and likeness", bus.stage)):
        if stage is not None or name == "identifiers alone":
            found[name] = _resolve(bus, told, stage).links
    result = {}
    for name, links in found.items():
        there = {ref: gid for ref, gid in links.items() if ref in known}
        if not there:
            raise JobError(f"{truth}: names no record of this project")
        result[name] = measure(there, known)
    return result


def explain_pair(bus: Bus, left: SourceRef, right: SourceRef) -> PairTold:
    """Explain why two records are, or are not, one person. Raises JobError for an unknown one."""
    among = read_among(bus, {left, right})
    for ref in (left, right):
        if ref not in {record.ref for record in among.records}:
            raise JobError(f"{ref.name}: no such record, or it was deleted")
    pairs = [(left, right)]
    (said,) = explain_pairs(
        pairs, among.known, among.others, bus.identifiers, among.constraints
    ).values()
    stage = bus.stage
    model = stage.trained() if stage else None
    if stage is None or model is None:
        return PairTold(said)
    from pipelines.resolve.splinking import waterfall

    columns = table(
        list(map(sayer(stage.model), among.records)), among.usable, stage.model, among.others
    )
    found, start = waterfall(columns, stage.model, model)
    return PairTold(said, found, start, stage.model.join_at)


def shadow(bus: Bus, *, examples: int = 5) -> Difference:
    """Say what the project's files would change about who is who; nothing is written.

    The model in use scores when the model file is the one it was trained by; another is trained
    for the occasion.
    """
    told = read_told(bus)
    stage = bus.stage
    if stage is not None and stage.trained() is None:
        stage = replace(stage, folder=None)
    found = _resolve(bus, told, stage)
    changes = [event for event in found.events if event.kind is not EventKind.CREATED]
    kinds = Counter(event.kind.value for event in changes)
    return Difference(
        hash=approving.hash_of(bus),
        awaits=approving.awaits(bus),
        before=len(set(told.links.values())),
        after=len(set(found.links.values())),
        events=dict(sorted(kinds.items())),
        examples={
            kind: [event for event in changes if event.kind.value == kind][:examples]
            for kind in sorted(kinds)
        },
        notes=found.notes,
    )


def read_told(bus: Bus) -> Told:
    """Read all living records, links, redirects and stewards' words."""
    with reading(bus.engine) as conn:
        return Told(
            sorted(
                store.read_source_profiles(conn, deleted=False, schema=bus.schema),
                key=lambda record: record.ref,
            ),
            store.read_links(conn),
            store.read_redirects(conn),
            read_steward_words(conn),
        )


def read_truth(file: Path) -> Mapping[SourceRef, str]:
    """Read who is who from a CSV file. Raises ProjectError naming the line."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            missing = {"source", "key", "person"} - set(rows.fieldnames or ())
            if missing:
                raise ProjectError(f"{file}:1:1 has no column {', '.join(sorted(missing))}")
            return {
                SourceRef(row["source"], row["key"]): row["person"] for row in rows if row["person"]
            }
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ProjectError(f"{file}: cannot be read as CSV ({type(error).__name__})") from None


def _resolve(bus: Bus, told: Told, stage: Stage | None) -> Resolution:
    return resolve(
        told.records,
        told.links,
        bus.identifiers,
        told.constraints,
        redirects=told.redirects,
        stage=stage,
    )


def _stage(bus: Bus) -> Stage:
    if bus.stage is None:
        where = bus.project.place(("policies", "likeness"))
        raise ProjectError(f"{where} policies.likeness: is off; set it to true to train a model")
    return bus.stage


def _usable(bus: Bus, told: Told) -> tuple[Sequence[SourceProfile], Sequence[Evidence], Population]:
    """Return the records with what they say about who they are, and what they say together."""
    read = reader(bus.identifiers)
    known = [read(record) for record in told.records]
    others = population(known, bus.identifiers, told.constraints)
    return told.records, [usable(record, others) for record in known], others
