"""Learn from people's decisions in the review queue how far each likeness is worth what it is said
to be. The weights that were trained stay as they are; what was learnt stands beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import log2

from idp_core.db.engine import reading
from idp_core.profiles import store
from idp_core.profiles.model import SourceRef
from idp_core.profiles.store import Case, Filter
from pipelines.among import Among, read_among
from pipelines.bus import Bus
from pipelines.errors import JobError
from pipelines.resolve import trained as models
from pipelines.resolve.closures import Row, Scorer
from pipelines.resolve.columns import lookers
from pipelines.resolve.modelfile import Model
from pipelines.resolve.trained import Trained
from pipelines.resolve.tuning import FEWEST, FEWEST_OF_EACH, Example, Tuned, tune
from pipelines.resolving import stage_of


@dataclass(frozen=True, slots=True)
class Tuning:
    """What decisions said of a model, from so many; `made` is in use now, None when it is not."""

    trained: Trained
    tuned: Tuned
    decisions: int
    made: Trained | None


def tune_model(bus: Bus) -> Tuning:
    """Learn from what people decided about pairs, and use it where it foretells decisions better.

    What is put in use holds from the next run on, and stays when a model is trained anew by the
    same model file. Raises ProjectError when likeness is off, JobError without a trained model, or
    with too few decisions to learn from.
    """
    stage = stage_of(bus)
    trained = stage.trained()
    if trained is None or stage.folder is None:
        raise JobError("no model was trained by this model file yet: isthmus sync first")
    examples = list(_examples(bus, stage.model, trained))
    try:
        tuned = tune(examples)
    except ValueError:
        raise JobError(
            f"{sum(each.same for each in examples)} pairs were decided to be one person and"
            f" {sum(not each.same for each in examples)} to be two: that is too few to learn from;"
            f" it takes {FEWEST}, and {FEWEST_OF_EACH} of each: isthmus review list"
        ) from None
    made = None
    if tuned.better:
        made = replace(trained, scales=dict(zip(trained.weights, tuned.scales, strict=True)))
        models.save(made, stage.folder)
    return Tuning(trained, tuned, len(examples), made)


def _examples(bus: Bus, model: Model, trained: Trained) -> Iterator[Example]:
    """Yield the decided pairs whose records are both there, in the order of their names."""
    decided = _decided(bus)
    among = read_among(bus, {ref for pair in decided for ref in pair})
    scorer = Scorer(model, replace(trained, scales={}), among.others.records)
    worth = [[log2(m / u) for m, u in trained.weights[name]] for name in scorer.names]
    rows = dict(_rows(model, among))
    for (left, right), same in sorted(decided.items()):
        if left in rows and right in rows:
            scored = scorer.score(rows[left], rows[right])
            assert scored is not None  # noqa: S101 (it asks for no least bits)
            found = zip(worth, scored.levels, strict=True)
            parts = [bits[level] if level >= 0 else 0.0 for bits, level in found]
            yield Example(parts, scored.bits, same)


def _decided(bus: Bus) -> dict[tuple[SourceRef, SourceRef], bool]:
    """Return the pairs that people decided, and whether they are one person."""
    now = datetime.now(UTC)
    with reading(bus.engine) as conn:
        same, different = (
            store.read_cases(conn, Filter(status=status), now) for status in ("same", "different")
        )
    return dict(_pairs(same, same=True)) | dict(_pairs(different, same=False))


def _pairs(
    cases: Iterable[Case], *, same: bool
) -> Iterator[tuple[tuple[SourceRef, SourceRef], bool]]:
    for case in cases:
        left, right = sorted((case.doubt.left, case.doubt.right))
        yield (left, right), same


def _rows(model: Model, among: Among) -> Iterator[tuple[SourceRef, Row]]:
    """Yield what records say in the columns of the model."""
    looks = list(lookers(model).values())
    kinds = [column.read for column in model.columns.values()]
    for record, said in zip(among.records, among.usable, strict=True):
        texts = [look(record, said) for look in looks]
        shared = frozenset(
            at
            for at, (kind, text) in enumerate(zip(kinds, texts, strict=True))
            if (kind, text) in among.others.contested
        )
        yield record.ref, Row(texts, shared)
