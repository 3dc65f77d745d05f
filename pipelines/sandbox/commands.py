"""``isthmus sandbox demo | change | dagster | clean``: what ``make demo`` and its like call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipelines.sandbox import systems
from pipelines.sandbox.demo import Opener, Wish, run_beside, run_change, run_demo

Folder = Annotated[Path, typer.Option(help="Where the sandbox lives.", show_default=True)]
Size = Annotated[
    int | None,
    typer.Option(min=1, help=f"Records in all systems together. [default: {systems.SIZE:,}]"),
]
Seed = Annotated[
    int | None, typer.Option(help=f"Which world of that size. [default: {systems.SEED}]")
]
_HOME = Path("sandbox")


def make_app(open_job: Opener, dagster: Callable[[Path], Sequence[str]]) -> typer.Typer:
    """Return the commands over a pipeline; `dagster` makes its command line from a project."""
    app = typer.Typer(
        help="An invented world of customers in real systems, to see the whole job on.",
        no_args_is_help=True,
    )

    @app.command()
    def demo(folder: Folder = _HOME, size: Size = None, seed: Seed = None) -> None:
        """Start the systems, run the whole job, tell what came of it, stop the systems."""
        run_demo(Wish(folder, size, seed), open_job, Console())

    @app.command()
    def change(folder: Folder = _HOME) -> None:
        """Edit records at the sources and run the job again: only the news flows."""
        run_change(Wish(folder), open_job, Console())

    @app.command("dagster")
    def in_dagster(folder: Folder = _HOME, size: Size = None, seed: Seed = None) -> None:
        """Keep the systems up and open the project in Dagster's pages, until Ctrl-C."""
        raise typer.Exit(run_beside(Wish(folder, size, seed), dagster, Console()))

    @app.command()
    def clean(folder: Folder = _HOME) -> None:
        """Stop what is left of the sandbox and forget its world, users and profiles."""
        systems.clean(folder)

    return app
