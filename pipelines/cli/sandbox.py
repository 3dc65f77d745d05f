"""``isthmus sandbox``: the sandbox's commands over the real pipeline."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from pipelines.sandbox.commands import make_app
from pipelines.sandbox.job import Job


def _open(folder: Path, console: Console) -> Job:
    from pipelines.cli.demojob import DemoJob

    return DemoJob(folder, console)


def _dagster(folder: Path) -> Sequence[str]:
    """Return the command that opens a project in Dagster's pages, on loopback, telling nobody."""
    home = (folder / "data" / "dagster").absolute()
    home.mkdir(parents=True, exist_ok=True)
    quiet = "telemetry: {enabled: false}\nnux: {enabled: false}\n"
    (home / "dagster.yaml").write_text(quiet, encoding="utf-8")
    return [
        "env",
        f"ISTHMUS_PROJECT={folder.absolute()}",
        f"DAGSTER_HOME={home}",
        sys.executable,
        *("-m", "dagster", "dev", "--host", "127.0.0.1"),
        *("-m", "pipelines.orchestration.definitions"),
    ]


app = make_app(_open, _dagster)
