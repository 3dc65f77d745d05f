"""People as tables and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from idp_core.profiles.model import SourceRef
from idp_core.profiles.store import HistoryEntry
from pipelines.cli.output import table
from pipelines.people import Found, Person, Reasoned
from pipelines.resolve.explain import Explanation

Pairs = Mapping[tuple[SourceRef, SourceRef], Explanation]


def found_table(found: Sequence[Found]) -> Iterator[RenderableType]:
    """Yield one line a person: id, name, contact, records."""
    if not found:
        yield Text("nobody")
        return
    columns = ("profile", "name", "e-mail", "phone", "born", "records")
    yield table(
        columns,
        (
            (
                each.gid,
                _name(each.attributes),
                _first(each.attributes, "emails"),
                _first(each.attributes, "phones"),
                each.attributes.get("birth_date"),
                ", ".join(ref.name for ref in each.records),
            )
            for each in found
        ),
        folds=("records",),
    )


def found_document(found: Sequence[Found]) -> list[dict[str, Any]]:
    """Return the people as JSON."""
    return [
        {
            "gid": each.gid,
            "attributes": dict(each.attributes),
            "records": [ref.name for ref in each.records],
        }
        for each in found
    ]


def person_tables(person: Person) -> Iterator[RenderableType]:
    """Yield the profile's attributes, then its records."""
    yield from _redirected(person)
    values = [
        (name, scalar(one))
        for name, value in person.profile.attributes.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    yield table(("attribute", "value"), values, folds=("value",), title=person.profile.gid)
    yield table(
        ("record", "changed", "mapping", "says"),
        (
            (each.ref.name, _time(each.changed_at), each.mapping.partition("@")[0],
             "deleted" if each.deleted else ", ".join(sorted(each.attributes)))
            for each in person.records
        ),
        folds=("says",),
        title="made of",
    )  # fmt: skip


def person_document(person: Person) -> dict[str, Any]:
    """Return the profile and its records as JSON."""
    return {
        "gid": person.profile.gid,
        "attributes": dict(person.profile.attributes),
        "records": [
            {
                "record": each.ref.name,
                "changed_at": each.changed_at,
                "mapping": each.mapping,
                "deleted": each.deleted,
                "attributes": dict(each.attributes),
            }
            for each in person.records
        ],
    }


def why_tables(
    person: Person, values: Sequence[Reasoned], pairs: Pairs
) -> Iterator[RenderableType]:
    """Yield each value with its reason and who says otherwise, then why it is one person."""
    yield from _redirected(person)
    rows: list[tuple[object, ...]] = []
    for each in values:
        told = (_time(each.changed_at), each.lineage.reason, each.line)
        rows.append((each.attribute, scalar(each.value), each.lineage.ref.name, *told))
        for other in each.others:
            said = Text(scalar(other.value), style="dim")
            when = _time(other.changed_at)
            rows.append(("", said, other.ref.name, when, Text(other.fate, style="dim"), ""))
    columns = ("attribute", "value", "from", "changed", "because", "line")
    yield table(columns, rows, folds=("value", "because", "line"), title=person.profile.gid)
    if pairs:
        yield table(
            ("record", "and", "bits", "because"),
            (
                (left.name, right.name, f"{found.weight:+.0f}", because(found))
                for (left, right), found in pairs.items()
            ),
            folds=("because",),
            title="why these records are one person (bits above what is needed to join two)",
        )


def why_document(person: Person, values: Sequence[Reasoned], pairs: Pairs) -> dict[str, Any]:
    """Return the reasons as JSON."""
    return {
        "gid": person.profile.gid,
        "values": [
            {
                "attribute": each.attribute,
                "element": each.element,
                "value": each.value,
                "from": each.lineage.ref.name,
                "changed_at": each.changed_at,
                "mapping": each.lineage.mapping,
                "line": each.line or None,
                "rule": each.lineage.rule,
                "because": each.lineage.reason,
                "others": [
                    {
                        "from": other.ref.name,
                        "value": other.value,
                        "changed_at": other.changed_at,
                        "fate": other.fate,
                    }
                    for other in each.others
                ],
            }
            for each in values
        ],
        "pairs": [
            {
                "left": left.name,
                "right": right.name,
                "weight": round(found.weight, 2),
                "joins": found.joins,
                "veto": found.veto,
                "steward": found.steward,
                "reasons": [{"text": r.text, "bits": round(r.bits, 2)} for r in found.reasons],
            }
            for (left, right), found in pairs.items()
        ],
    }


def history_table(found: Sequence[HistoryEntry]) -> RenderableType:
    """Return one line an event."""
    rows = ((_time(each.time), each.kind.value, each.gid, _data(each.data)) for each in found)
    return table(("when", "what", "profile", "more"), rows, folds=("more",))


def history_document(found: Sequence[HistoryEntry]) -> list[dict[str, Any]]:
    """Return the events as JSON."""
    return [
        {"time": each.time, "kind": each.kind.value, "gid": each.gid, "data": dict(each.data)}
        for each in found
    ]


def scalar(value: object) -> str:
    """Return a canonical value as one line: elements of lists by their parts."""
    if isinstance(value, Mapping):
        flags = [name for name in ("primary", "verified") if value.get(name) is True]
        parts = [scalar(v) for k, v in value.items() if k not in ("primary", "verified")]
        mark = f" ({', '.join(flags)})" if flags else ""
        return ", ".join(part for part in parts if part) + mark
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _redirected(person: Person) -> Iterator[RenderableType]:
    if person.asked != person.profile.gid:
        yield Text(f"{person.asked} was merged into {person.profile.gid}")


def because(found: Explanation) -> str:
    """Return what two records say about being one person, in a line."""
    said = [f"{reason.text} {reason.bits:+.0f}" for reason in found.reasons]
    if found.steward:
        said.insert(0, "a steward said so")
    if found.veto:
        said.insert(0, f"apart: {found.veto}")
    return "; ".join(said) or "nothing in common"


def _name(attributes: Mapping[str, Any]) -> str:
    parts = (attributes.get("given_name"), attributes.get("family_name"))
    return " ".join(str(part) for part in parts if part) or str(attributes.get("display_name", ""))


def _first(attributes: Mapping[str, Any], name: str) -> str:
    elements = attributes.get(name) or [{}]
    return str(elements[0].get("value") or "")


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""


def _data(data: Mapping[str, Any]) -> str:
    def text(value: object) -> str:
        return f"{len(value)}" if isinstance(value, list) else str(value)

    return ", ".join(f"{name} {text(value)}" for name, value in data.items())
