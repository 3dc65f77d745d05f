"""The graph of a person as a tree and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from idp_core.profiles.model import SourceRef
from pipelines.cli.output import table
from pipelines.cli.profiletext import because
from pipelines.cli.reviewtext import case_document, cases_table
from pipelines.persongraph import PersonGraph


def graph_parts(found: PersonGraph) -> Iterator[RenderableType]:
    """Yield the tree of the strongest pairs, then all others, then what is in doubt."""
    yield _tree(found)
    others = {pair: told for pair, told in found.pairs.items() if pair not in set(found.tree)}
    if others:
        rows = [
            (left.name, right.name, f"{told.weight:+.0f}", because(told))
            for (left, right), told in others.items()
        ]
        title = "the other pairs (bits above what joins two)"
        yield table(("record", "and", "bits", "because"), rows, folds=("because",), title=title)
    if found.doubts:
        yield Text("in doubt (isthmus review):")
        yield cases_table(found.doubts)


def graph_document(found: PersonGraph) -> dict[str, Any]:
    """Return records, pairs and doubts as JSON; `tree` marks the pairs that connect the records."""
    tree = set(found.tree)
    return {
        "gid": found.gid,
        "records": [ref.name for ref in found.records],
        "pairs": [
            {
                "left": left.name,
                "right": right.name,
                "tree": (left, right) in tree,
                "weight": round(told.weight, 2),
                "joins": told.joins,
                "veto": told.veto,
                "steward": told.steward,
                "reasons": [{"text": r.text, "bits": round(r.bits, 2)} for r in told.reasons],
            }
            for (left, right), told in found.pairs.items()
        ],
        "doubts": [case_document(case) for case in found.doubts],
    }


def _tree(found: PersonGraph) -> Tree:
    told = f"{found.asked} was merged into " if found.asked != found.gid else ""
    made = Tree(Text(f"{told}{found.gid}"))
    left = list(found.records)
    while left:
        first = left[0]
        _grow(made.add(Text(first.name)), first, found, left)
    return made


def _grow(branch: Tree, at: SourceRef, found: PersonGraph, left: list[SourceRef]) -> None:
    """Hang the records that are joined to one below it, and theirs below them."""
    left.remove(at)
    for pair in found.tree:
        if at not in pair:
            continue
        other = pair[0] if pair[1] == at else pair[1]
        if other in left:
            told = found.pairs[pair]
            line = Text(f"{other.name}  {told.weight:+.0f}  {because(told)}")
            _grow(branch.add(line), other, found, left)
