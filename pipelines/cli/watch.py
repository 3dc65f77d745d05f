"""Progress of a run on a terminal: one bar a step, gone when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bars

from pipelines.progress import Progress
from pipelines.running import Watch


@contextmanager
def watching(console: Console) -> Iterator[Watch]:
    """Show the steps of a run while the block runs; nothing where there is no terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:

        def watch(title: str) -> Progress:
            for old in bars.task_ids:
                bars.remove_task(old)
            task = bars.add_task(title, total=None)

            def told(done: int, of: int) -> None:
                bars.update(task, completed=done, total=of or None)

            return told

        yield watch
