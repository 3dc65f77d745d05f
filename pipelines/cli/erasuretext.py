"""The receipt of an erasure, for a person and for machines; it holds no value of the person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from pipelines.cli.output import table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pipelines.erasing import Erased


def receipt_document(erased: Erased) -> dict[str, Any]:
    """Return the receipt as JSON."""
    done = erased.erasure
    return {
        "gid": done.gid,
        "erased_at": done.at,
        "who": done.who,
        "why": done.why,
        "records": done.records,
        "complete": erased.complete,
        "systems": [
            {
                "system": each.target,
                "object": each.object,
                "account": each.account,
                "deleted_at": each.deleted_at,
                "proof": each.proof,
                "proved_at": each.proved_at,
            }
            for each in erased.receipts
        ],
        "problems": [str(each) for each in erased.problems],
    }


def receipt_parts(erased: Erased) -> Iterator[RenderableType]:
    """Yield the receipt part by part."""
    done = erased.erasure
    yield Text(f"profile {done.gid} was erased {_at(done.at)} by {done.who}: {done.why}")
    yield Text(f"source records: {done.records}; their values are removed, their keys kept out")
    rows = [
        (each.target, each.account, _at(each.deleted_at), each.proof, _at(each.proved_at))
        for each in erased.receipts
    ]
    if rows:
        yield table(("system", "account", "deleted", "proof", "asked"), rows, folds=["proof"])
    else:
        yield Text("no system has or had an account of theirs that we know of")


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "-"
