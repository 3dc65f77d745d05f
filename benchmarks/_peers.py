"""Other ways to say who is one person, for `resolution`: each gives a person to every record."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from idp_core.profiles.evidence import reader
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import IdentifierPolicy
from idp_core.profiles.scoring import usable
from idp_core.profiles.vetoes import Constraints
from pipelines.resolve.columns import sayer, table
from pipelines.resolve.modelfile import Model, default
from pipelines.resolve.population import population
from pipelines.resolve.splinking import train

ECM_MOST = 20_000  # records: recordlinkage compares in pandas
_BLOCKS = ("family_name", "birth_date", "email", "phone", "government_id", "postal_code")


def splink_components(
    profiles: Sequence[SourceProfile], policy: IdentifierPolicy
) -> Mapping[SourceRef, str]:
    """Cluster Splink's pairs of at least even odds, by our model file, as connected components."""
    refs, columns, model = _columns(profiles, policy)
    _, pairs = train(columns, model)
    even = (
        (a, b) for a, b, bits in zip(pairs.left, pairs.right, pairs.bits, strict=True) if bits >= 0
    )
    return _components(refs, even)


def recordlinkage_ecm(
    profiles: Sequence[SourceProfile], policy: IdentifierPolicy
) -> Mapping[SourceRef, str]:
    """Cluster what recordlinkage's unsupervised classifier (ECM) takes for one person."""
    import recordlinkage as rl

    refs, columns, model = _columns(profiles, policy)
    frame = columns.select(list(model.columns)).to_pandas()
    there = [name for name in frame.columns if frame[name].notna().any()]
    indexer = rl.Index()
    for name in there:
        if name in _BLOCKS:
            indexer.block(name)
    compare = rl.Compare()
    for name in there:
        if name in ("given_name", "family_name", "street", "locality", "email"):
            compare.string(name, name, method="levenshtein", threshold=0.75, label=name)
        else:
            compare.exact(name, name, label=name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs = indexer.index(frame)
        vectors = compare.compute(pairs, frame).fillna(0).astype(int)
        found = rl.ECMClassifier(binarize=None).fit_predict(vectors)
    return _components(refs, found)


def _columns(
    profiles: Sequence[SourceProfile], policy: IdentifierPolicy
) -> tuple[Sequence[SourceRef], pa.Table, Model]:
    ordered = sorted(profiles, key=lambda profile: profile.ref)
    read, model = reader(policy), default()
    known = [read(profile) for profile in ordered]
    others = population(known, policy, Constraints())
    said = list(map(sayer(model), ordered))
    columns = table(said, [usable(each, others) for each in known], model, others)
    return [profile.ref for profile in ordered], columns, model


def _components(
    refs: Sequence[SourceRef], pairs: Iterable[tuple[int, int]]
) -> Mapping[SourceRef, str]:
    parent = list(range(len(refs)))

    def find(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in pairs:
        parent[find(b)] = find(a)
    return {ref: str(find(place)) for place, ref in enumerate(refs)}
