"""Pictures of who is one person: the graph of a person's records, the waterfall of a pair.

They show ids, reasons and bits, no values. An SVG or PNG is drawn here; an HTML page holds all it
needs and asks no other host.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from idp_core.profiles.model import SourceRef
from pipelines.errors import JobError
from pipelines.persongraph import PersonGraph
from pipelines.resolve.explain import Explanation
from pipelines.resolving import PairTold

Chart = dict[str, Any]
"""A picture as Vega-Lite 5 describes it."""

FORMS = (".svg", ".html", ".png")
_VERSION = "5.21"
_CHART: Chart = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "config": {"view": {"stroke": None}},
    "background": "white",
    "padding": 16,
}
_FOR, _AGAINST, _SUM = "speaks for", "speaks against", "together"
# Colours that people who see red and green alike can tell apart (Okabe and Ito, 2008).
_BLUE, _ORANGE, _GREY, _BLACK = "#0072B2", "#D55E00", "#8A8A8A", "#222222"
_JOINS, _APART, _DOUBT = "would join alone", "would not join alone", "in doubt"


def check_form(file: Path) -> None:
    """Raise JobError for a file that is no picture, and when pictures cannot be drawn here."""
    if file.suffix.lower() not in FORMS:
        raise JobError(f"{file}: a picture ends in {', '.join(FORMS)}")
    try:
        import vl_convert  # noqa: F401 (is it there?)
    except ImportError:
        raise JobError("pictures need a package more: pip install 'isthmus[pictures]'") from None


def draw(chart: Chart, file: Path) -> None:
    """Write a chart to a file, in the form its name ends in. Raises JobError."""
    check_form(file)
    import vl_convert

    try:
        match file.suffix.lower():
            case ".html":
                page = vl_convert.vegalite_to_html(chart, _VERSION, bundle=True)
                file.write_text(page, "utf-8")
            case ".svg":
                file.write_text(vl_convert.vegalite_to_svg(chart, _VERSION), "utf-8")
            case _:
                file.write_bytes(vl_convert.vegalite_to_png(chart, _VERSION, scale=2))
    except OSError as error:
        raise JobError(f"{file}: cannot be written: {error.strerror}") from None


def waterfall(told: PairTold, title: str) -> Chart:
    """Return the picture of what two records say about being one person, bit by bit.

    0 is where they join; the bars begin at what is needed.
    """
    said = told.identifiers
    start = said.weight - sum(reason.bits for reason in said.reasons)
    steps = [("needed to join", start), *((r.text, r.bits) for r in said.reasons)]
    parts = [_steps(steps, _verdict(said))]
    if told.likeness:
        levels = [(f"{each.comparison}: {each.level}", each.bits) for each in told.likeness]
        steps = [("to begin with", told.start - told.join_at), *levels]
        parts.append(_steps(steps, f"likeness: {told.bits - told.join_at:+.1f} bits"))
    return {**_CHART, "title": title, "vconcat": parts}


def _verdict(said: Explanation) -> str:
    because = "; a steward said so" if said.steward else ""
    because += f"; apart whatever they share: {said.veto}" if said.veto else ""
    return f"identifiers: {said.weight:+.1f} bits{because}"


def _steps(steps: Sequence[tuple[str, float]], title: str) -> Chart:
    y = {
        "field": "name",
        "type": "nominal",
        "title": None,
        "sort": {"field": "row"},
        "axis": {"labelLimit": 400, "ticks": False, "domain": False},
    }
    text = {"field": "bits", "type": "quantitative", "format": "+.1f"}
    colour = {
        "field": "what",
        "title": None,
        "scale": {"domain": [_FOR, _AGAINST, _SUM], "range": [_BLUE, _ORANGE, _GREY]},
    }
    bar = {"field": "from", "type": "quantitative", "title": "bits above what joins"}
    return {
        "title": title,
        "width": 480,
        "data": {"values": list(_bars(steps))},
        "encoding": {"y": y},
        "layer": [
            {"mark": "bar", "encoding": {"x": bar, "x2": {"field": "to"}, "color": colour}},
            {"mark": {"type": "rule", "strokeDash": [4, 3]}, "encoding": {"x": {"datum": 0}}},
            {
                "mark": {"type": "text", "align": "left", "dx": 4, "color": _BLACK},
                "encoding": {"x": {"field": "most", "type": "quantitative"}, "text": text},
            },
        ],
    }


def _bars(steps: Sequence[tuple[str, float]]) -> Iterator[dict[str, Any]]:
    """Yield each step as a bar from where the ones before it ended, then their sum from 0."""
    ends = list(accumulate(bits for _, bits in steps))
    for place, ((name, bits), end) in enumerate(zip(steps, ends, strict=True)):
        yield _bar(place, name, end - bits, end, _FOR if bits >= 0 else _AGAINST)
    yield _bar(len(steps), _SUM, 0.0, ends[-1], _SUM)


def _bar(place: int, name: str, start: float, end: float, what: str) -> dict[str, Any]:
    return {
        "row": place,
        "name": name,
        "from": round(start, 2),
        "to": round(end, 2),
        "bits": round(end - start, 2),
        "most": round(max(start, end), 2),
        "what": what,
    }


def person(found: PersonGraph) -> Chart:
    """Return the picture of a person: records in a ring, their pairs, what is in doubt outside."""
    places = _places(found)
    lines = [*_pair_lines(found, places), *_doubt_lines(found, places)]
    dots = [
        {"name": ref.name, "x": x, "y": y, "side": "left" if x < 0 else "right"}
        for ref, (x, y) in places.items()
    ]
    told = f"{len(found.records)} records; thick lines hold them together"
    return {
        **_CHART,
        "title": {"text": found.gid, "subtitle": told},
        "width": 520,
        "height": 520,
        "encoding": {"x": _axis("x"), "y": _axis("y")},
        "layer": [
            {"data": {"values": lines}, **_EDGES},
            {"data": {"values": dots}, "mark": _DOT},
            *(_names(dots, side) for side in ("left", "right")),
        ],
    }


def _axis(field: str) -> Chart:
    scale = {"domain": [-1.9, 1.9]}
    return {"field": field, "type": "quantitative", "axis": None, "scale": scale}


def _names(dots: Sequence[Mapping[str, Any]], side: str) -> Chart:
    """Return the names of the dots of one side, written away from the ring."""
    align, dx = ("right", -12) if side == "left" else ("left", 12)
    return {
        "data": {"values": [dot for dot in dots if dot["side"] == side]},
        "mark": {"type": "text", "align": align, "dx": dx, "color": _BLACK},
        "encoding": {"text": {"field": "name"}},
    }


_TOLD = {"content": "data"}
_DOT: Chart = {"type": "circle", "size": 180, "opacity": 1, "color": _BLACK, "tooltip": _TOLD}
_KINDS = [_JOINS, _APART, _DOUBT]
_EDGES: Chart = {
    "mark": {"type": "rule", "tooltip": _TOLD},
    "encoding": {
        "x2": {"field": "x2"},
        "y2": {"field": "y2"},
        "color": {
            "field": "what",
            "title": None,
            "scale": {"domain": _KINDS, "range": [_BLUE, _GREY, _ORANGE]},
        },
        "strokeDash": {
            "field": "what",
            "title": None,
            "scale": {"domain": _KINDS, "range": [[1, 0], [1, 0], [5, 4]]},
        },
        "strokeWidth": {"field": "width", "type": "quantitative", "scale": None},
    },
}


def _places(found: PersonGraph) -> Mapping[SourceRef, tuple[float, float]]:
    """Return where each record stands: the person's in a ring, others in doubt outside it."""
    turn = 2 * math.pi / max(len(found.records), 1)
    angles = {ref: place * turn for place, ref in enumerate(found.records)}
    outside: dict[SourceRef, float] = {}
    for case in found.doubts:
        left, right = case.doubt.left, case.doubt.right
        own, other = (left, right) if left in angles else (right, left)
        if other not in angles and other not in outside:
            outside[other] = angles[own] + turn / 4 + len(outside) * 0.02
    within = {ref: _at(angle, 1.0) for ref, angle in angles.items()}
    return {**within, **{ref: _at(angle, 1.6) for ref, angle in outside.items()}}


def _at(angle: float, radius: float) -> tuple[float, float]:
    return round(radius * math.sin(angle), 3), round(radius * math.cos(angle), 3)


def _pair_lines(
    found: PersonGraph, places: Mapping[SourceRef, tuple[float, float]]
) -> Iterator[dict[str, Any]]:
    tree = set(found.tree)
    for (left, right), told in found.pairs.items():
        if not told.joins and (left, right) not in tree:
            continue
        because = "; ".join(f"{r.text} {r.bits:+.0f}" for r in told.reasons)
        width = 1 + min(max(told.weight, 0.0), 40.0) / 10
        yield {
            **_line(left, right, places),
            "what": _JOINS if told.joins else _APART,
            "width": width if (left, right) in tree else 1,
            "because": f"{told.weight:+.0f} bits: {because}",
        }


def _doubt_lines(
    found: PersonGraph, places: Mapping[SourceRef, tuple[float, float]]
) -> Iterator[dict[str, Any]]:
    for case in found.doubts:
        yield {
            **_line(case.doubt.left, case.doubt.right, places),
            "what": _DOUBT,
            "width": 1.5,
            "because": f"case {case.id}, {case.doubt.kind}: isthmus review show {case.id}",
        }


def _line(
    left: SourceRef, right: SourceRef, places: Mapping[SourceRef, tuple[float, float]]
) -> dict[str, Any]:
    (x, y), (x2, y2) = places[left], places[right]
    return {"left": left.name, "right": right.name, "x": x, "y": y, "x2": x2, "y2": y2}
