"""Whom a record would join, and why, as text and as JSON. Shows no values."""

from __future__ import annotations

from typing import Any

from pipelines.cli.output import table
from pipelines.matching import Candidate, Match


def lines(found: Match) -> list[Any]:
    """Return the person, and a table for each person that the record is near."""
    parts: list[Any] = [f"it would join {found.gid}" if found.gid else "it would be a new person"]
    for person in found.people:
        rows = [
            (f"{near.ref.source}:{near.ref.key}", reason.text, f"{reason.bits:+.1f}")
            for near in person.near
            for reason in near.reasons
        ]
        parts += [
            f"{person.gid}: {person.weight:+.1f} bits above what joins, over all their records",
            table(("record", "what agrees or differs", "bits"), rows),
        ]
        if person.forbidden:
            parts.append(f"apart, whatever they share: {person.forbidden}")
    return parts


def document(found: Match) -> dict[str, Any]:
    """Return the same as JSON."""
    return {"gid": found.gid, "people": [_person(each) for each in found.people]}


def _person(person: Candidate) -> dict[str, Any]:
    return {
        "gid": person.gid,
        "weight": person.weight,
        "forbidden": person.forbidden,
        "joins": person.joins,
        "records": [
            {
                "source": near.ref.source,
                "key": near.ref.key,
                "weight": near.weight,
                "reasons": [{"text": each.text, "bits": each.bits} for each in near.reasons],
            }
            for near in person.near
        ],
    }
