"""The probabilistic stage as resolution uses it: edges of pairs that no identifier joins.

A `Stage` trains itself when there is no frozen model yet (or the model file changed, or there are
many times the records it was trained on), and scores by the frozen one otherwise.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from idp_core.profiles.edges import Edge, Edges, Scores
from idp_core.profiles.evidence import Evidence
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import Population, compare, hold
from pipelines.resolve import trained as models
from pipelines.resolve.modelfile import Model, default

if TYPE_CHECKING:
    from pipelines.resolve.columns import Said
    from pipelines.resolve.splinking import Pairs, Scored, Scorer
    from pipelines.resolve.trained import Trained

SOURCE = "likeness"
"""Who scored the edges of this stage."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The model file, and the folder of trained models; without one nothing is kept.

    `spark` is the master of a Spark cluster that scores whole tables; without one it is done here.
    """

    model: Model = field(default_factory=default)
    folder: Path | None = None
    spark: str | None = None

    def trained(self) -> Trained | None:
        """Return the frozen model in use, where this model file is what it was trained by."""
        known = models.load(self.folder) if self.folder else None
        return known if known and known.digest == models.digest(self.model) else None

    @property
    def scorer(self) -> Scorer:
        """What scores all pairs of a table."""
        if self.spark is None:
            from pipelines.resolve.splinking import score

            return score
        from pipelines.resolve import sparking

        return partial(sparking.score, master=self.spark)


class Likes(NamedTuple):
    """What the graph keeps of the stage: the columns that were compared, by place, the scored
    pairs, and what names the model and the prior they were scored by.
    """

    columns: pa.Table
    pairs: Pairs
    standing: str


@dataclass(frozen=True, slots=True)
class Found:
    """The edges of the stage, what the graph keeps of it, and what to tell."""

    edges: Edges = field(default_factory=Edges)
    likes: Likes | None = None
    notes: tuple[str, ...] = ()


def likenesses(
    stage: Stage,
    said: Sequence[Said],
    records: Sequence[Evidence],
    policy: IdentifierPolicy,
    others: Population,
) -> Found:
    """Score pairs of records, which are usable, by likeness; `said` is what each says beside.

    Too few records to learn from give nothing: identifiers alone decide, as the docs say.
    """
    model = stage.model
    if len(records) < model.min_records:
        return Found()
    from pipelines.resolve.columns import table
    from pipelines.resolve.splinking import comparable

    columns = table(said, records, model, others)
    if not comparable(columns, model):
        told = "no two records can be compared by likeness: identifiers alone decided"
        return Found(notes=(told,))
    (trained, pairs), notes = _scored(stage, columns)
    weights = array("d", weights_of(pairs, stage, records, policy, others))
    edges = Edges(Scores(pairs.left, pairs.right, weights, SOURCE))
    return Found(edges, Likes(columns, pairs, _named(trained, len(records))), notes)


def _scored(stage: Stage, columns: pa.Table) -> tuple[Scored, tuple[str, ...]]:
    """Return the frozen model, training one where there is none that fits, with the pairs that it
    scored; and what to tell.
    """
    from pipelines.resolve.splinking import costly, train

    known = stage.trained()
    if (
        known is not None
        and _fits(known, stage.model, columns.num_rows)
        and not costly(columns, stage.model, known)
    ):
        return stage.scorer(columns, stage.model, known), ()
    found = train(columns, stage.model, stage.scorer)
    made = found.trained
    if stage.folder is not None:
        models.save(made, stage.folder)
    return found, (f"trained model {made.version} on {made.records:,} records", *made.warnings)


def _fits(known: Trained, model: Model, records: int) -> bool:
    """Whether so many records can be scored by a trained model."""
    every = "" in known.blocking
    most = model.compare_all if every else ceil(known.records * model.retrain_at) - 1
    return records <= most


def standing(stage: Stage, records: int) -> str | None:
    """Return what names the scores of so many records: the model and its prior.

    "" where there are too few for it; None where a model must be trained first.
    """
    if records < stage.model.min_records:
        return ""
    known = stage.trained()
    if known is None or not _fits(known, stage.model, records):
        return None
    return _named(known, records)


def _named(trained: Trained, records: int) -> str:
    return f"{trained.version}/{trained.step(records)}"


def edges_of(
    pairs: Pairs,
    stage: Stage,
    records: Mapping[int, Evidence],
    policy: IdentifierPolicy,
    others: Population,
) -> Iterator[Edge]:
    """Yield the edges of scored pairs of `records`, which are usable."""
    weights = weights_of(pairs, stage, records, policy, others)
    return map(Edge, pairs.left, pairs.right, weights, repeat(SOURCE))


def weights_of(
    pairs: Pairs,
    stage: Stage,
    records: Mapping[int, Evidence] | Sequence[Evidence],
    policy: IdentifierPolicy,
    others: Population,
) -> Iterator[float]:
    """Yield what scored pairs of `records` weigh: bits above what is needed to join, held back
    where they must not join.
    """
    join_at = stage.model.join_at
    for a, b, bits, held in zip(pairs.left, pairs.right, pairs.bits, pairs.held, strict=True):
        weight = bits - join_at
        if weight > 0 and (held or _unproven(records[a], records[b], policy, others)):
            weight = -1.0
        yield weight


def _unproven(one: Evidence, other: Evidence, policy: IdentifierPolicy, others: Population) -> bool:
    """Whether an account that can log in must not be joined by what the two hold in common."""
    if not (one.logs_in or other.logs_in):
        return False
    left, right = sorted((one, other), key=lambda record: record.ref)
    return hold(compare(left, right, policy, others), policy) is not None
