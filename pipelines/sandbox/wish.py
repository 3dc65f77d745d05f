"""What is wished of the sandbox; nothing here needs its systems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from pipelines.sandbox.job import Job

SIZE, SEED = 10_000, 7
Opener = Callable[[Path, Console], Job]
"""Opens the project in a folder; progress of its runs may go to the console."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which sandbox is meant: its folder, and its world where it is not the one held there.

    `full` asks for the further systems, too.
    """

    folder: Path
    size: int | None = None
    seed: int | None = None
    full: bool = False
