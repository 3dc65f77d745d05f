"""``isthmus doctor``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from pipelines.cli.options import Folder, Json
from pipelines.cli.output import give, tell

if TYPE_CHECKING:
    from pipelines.doctor.findings import Finding

_STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}


def doctor(
    project: Folder = Path(),
    probe: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TARGET",
            help="Try this target with invented accounts instead, which are taken away again, and "
            "pin what it does otherwise than its standard says; may be given again.",
        ),
    ] = None,
    pin: Annotated[
        bool, typer.Option("--pin", help="With --probe: keep to what the target does now.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Look at everything a project needs, and say how each thing is mended; it changes nothing.

    Exit code 1 when something fails; a warning is no failure.
    """
    from pipelines.doctor.examine import examine
    from pipelines.doctor.quirks import probe as probed

    found = []
    for each in probed(project, probe, pin=pin) if probe else examine(project):
        found.append(each)
        if not as_json:
            give(None, _line(each), as_json=False)
    failed = any(each.grade == "fail" for each in found)
    if as_json:
        give({"ok": not failed, "findings": [asdict(e) for e in found]}, as_json=True)
    tell(_summary(found))
    if failed:
        raise typer.Exit(1)


def _line(each: Finding) -> Text:
    line = Text.assemble((f"{each.grade:<5}", _STYLES[each.grade]), f"{each.about}: {each.said}")
    return line.append(f"\n      → {each.mend}") if each.mend else line


def _summary(found: Sequence[Finding]) -> str:
    counts = Counter(each.grade.value for each in found)
    return ", ".join(f"{counts[grade]} {grade}" for grade in ("ok", "warn", "fail"))
