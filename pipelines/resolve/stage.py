"""The probabilistic stage as resolution uses it: edges of pairs that no identifier joins.

A `Stage` trains itself when there is no frozen model yet (or the model file changed, or there are
many times the records it was trained on), and scores by the frozen one otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from idp_core.profiles.cluster import Edge
from idp_core.profiles.evidence import Evidence
from idp_core.profiles.model import SourceProfile
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import Population, compare, hold
from pipelines.resolve import trained as models
from pipelines.resolve.modelfile import Model, default

if TYPE_CHECKING:
    from pipelines.resolve.splinking import Pairs
    from pipelines.resolve.trained import Trained

SOURCE = "likeness"
"""Who scored the edges of this stage."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The model file, and the folder of trained models; without one nothing is kept."""

    model: Model = field(default_factory=default)
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The edges of the stage, the version of the model they come from, and what to tell."""

    edges: tuple[Edge, ...] = ()
    version: str = ""
    notes: tuple[str, ...] = ()


def likenesses(
    stage: Stage,
    profiles: Sequence[SourceProfile],
    records: Sequence[Evidence],
    policy: IdentifierPolicy,
    others: Population,
) -> Found:
    """Score pairs of records by likeness; `records` are what `profiles` say, usable, in order.

    Too few records to learn from give nothing: identifiers alone decide, as the docs say.
    """
    model = stage.model
    if len(records) < model.min_records:
        return Found()
    from pipelines.resolve.columns import table
    from pipelines.resolve.splinking import comparable, score

    columns = table(profiles, records, model, others)
    if not comparable(columns, model):
        told = "no two records can be compared by likeness: identifiers alone decided"
        return Found(notes=(told,))
    trained, notes = ready(stage, columns)
    edges = tuple(_edges(score(columns, model, trained), stage, records, policy, others))
    return Found(edges, trained.version, notes)


def ready(stage: Stage, columns: pa.Table) -> tuple[Trained, tuple[str, ...]]:
    """Return the frozen model, training one where there is none that fits; and what to tell."""
    from pipelines.resolve.splinking import train

    known = models.load(stage.folder) if stage.folder else None
    if known is not None and _fits(known, stage.model, columns.num_rows):
        return known, ()
    made = train(columns, stage.model)
    if stage.folder is not None:
        models.save(made, stage.folder)
    return made, (f"trained model {made.version} on {made.records:,} records", *made.warnings)


def _fits(known: Trained, model: Model, records: int) -> bool:
    same = known.digest == models.digest(model)
    return same and records < known.records * model.retrain_at


def _edges(
    pairs: Pairs,
    stage: Stage,
    records: Sequence[Evidence],
    policy: IdentifierPolicy,
    others: Population,
) -> Iterator[Edge]:
    """Yield the edges: bits above what is needed to join, held back where they must not join."""
    join_at = stage.model.join_at
    for a, b, bits, held in zip(pairs.left, pairs.right, pairs.bits, pairs.held, strict=True):
        weight = bits - join_at
        if weight > 0 and (held or _unproven(records[a], records[b], policy, others)):
            weight = -1.0
        yield Edge(a, b, weight, SOURCE)


def _unproven(
    left: Evidence, right: Evidence, policy: IdentifierPolicy, others: Population
) -> bool:
    """Whether an account that can log in must not be joined by what the two hold in common."""
    if not (left.logs_in or right.logs_in):
        return False
    return hold(compare(left, right, policy, others), policy) is not None
