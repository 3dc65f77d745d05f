"""``isthmus sandbox demo | change | dagster | clean``: what ``make demo`` and its like call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer
from rich.console import Console

from pipelines.sandbox.errors import SandboxError
from pipelines.sandbox.wish import SEED, SIZE, Opener, Wish

Folder = Annotated[Path, typer.Option(help="Where the sandbox lives.", show_default=True)]
Size = Annotated[
    int | None,
    typer.Option(min=1, help=f"Records in all systems together. [default: {SIZE:,}]"),
]
Seed = Annotated[int | None, typer.Option(help=f"Which world of that size. [default: {SEED}]")]
Full = Annotated[
    bool,
    typer.Option(
        "--full",
        help="Further systems besides: OpenLDAP, Vendure, an SFTP drop box with EBCDIC records, "
        "Mailman. What cannot be had here is left out, with the reason.",
    ),
]
_HOME = Path("sandbox")


def make_app(open_job: Opener, dagster: Callable[[Path], Sequence[str]]) -> typer.Typer:
    """Return the commands over a pipeline; `dagster` makes its command line from a project."""
    app = typer.Typer(
        help="An invented world of customers in real systems, to see the whole job on.",
        no_args_is_help=True,
    )

    @app.command()
    def demo(
        folder: Folder = _HOME, size: Size = None, seed: Seed = None, *, full: Full = False
    ) -> None:
        """Start the systems, run the whole job, tell what came of it, stop the systems."""
        _demo().run_demo(Wish(folder, size, seed, full), open_job, Console())

    @app.command()
    def change(folder: Folder = _HOME) -> None:
        """Edit records at the sources and run the job again: only the news flows."""
        _demo().run_change(Wish(folder), open_job, Console())

    @app.command("dagster")
    def in_dagster(folder: Folder = _HOME, size: Size = None, seed: Seed = None) -> None:
        """Keep the systems up and open the project in Dagster's pages, until Ctrl-C."""
        raise typer.Exit(_demo().run_beside(Wish(folder, size, seed), dagster, Console()))

    @app.command()
    def clean(folder: Folder = _HOME) -> None:
        """Stop what is left of the sandbox and forget its world, users and profiles."""
        _demo().systems.clean(folder)

    return app


def _demo() -> ModuleType:
    """Return the demo's module: the systems it starts come with an extra, so it comes late."""
    try:
        from pipelines.sandbox import demo
    except ModuleNotFoundError as error:
        raise SandboxError(
            f"the sandbox needs the package {error.name}, which is not installed: "
            "pip install 'isthmus[sandbox]'"
        ) from None
    return demo
