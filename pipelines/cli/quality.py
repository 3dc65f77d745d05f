"""``isthmus quality``: what suites say of sources."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Folder, Json
from pipelines.cli.output import give, tell

app = typer.Typer(help="Look at the suites of sources and at their results.", no_args_is_help=True)


@app.command("list")
def list_results(
    project: Folder = Path(),
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many results at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List what suites said of sources, the latest run first."""
    from idp_core.db.engine import reading
    from idp_core.ledger import store as ledger
    from pipelines.bus import open_bus
    from pipelines.cli import qualitytext
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        if source is not None:
            bus.source_settings(source)
        with reading(bus.engine) as conn:
            found = ledger.list_quality(conn, source=source, limit=limit)
    give(qualitytext.results_document(found), qualitytext.results_table(found), as_json=as_json)


@app.command()
def show(
    source: Annotated[str, typer.Argument(help="The source whose suite is shown.")],
    project: Folder = Path(),
    suite: Annotated[
        bool,
        typer.Option(
            "--suite", help="Print the suite as a file in Great Expectations' format, no results."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show each expectation of a source's suite, and what its last run said of it."""
    from datetime import UTC, datetime

    from idp_core.db.engine import reading
    from idp_core.ledger import store as ledger
    from pipelines.bus import open_bus
    from pipelines.cli import qualitytext
    from pipelines.project import load_project
    from pipelines.suites import suite_json, suite_of

    with open_bus(load_project(project)) as bus:
        today = datetime.now(UTC).date()
        judged = suite_of(bus, source, bus.mapping(source), today=today)
        if suite:
            typer.echo(suite_json(judged), nl=False)
            return
        with reading(bus.engine) as conn:
            last = ledger.list_quality(conn, source=source, limit=1)
    shown = qualitytext.verdicts(judged, last[0] if last else None)
    give(qualitytext.verdicts_document(shown), *qualitytext.verdicts_table(shown), as_json=as_json)


@app.command()
def docs(
    project: Folder = Path(),
    runs: Annotated[int, typer.Option(min=1, help="The results of how many runs.")] = 10,
    show_page: Annotated[
        bool, typer.Option("--open", help="Open the pages in the browser.")
    ] = False,
) -> None:
    """Write the results of the last runs as Great Expectations' Data Docs; takes some seconds."""
    from idp_core.db.engine import reading
    from idp_core.ledger import store as ledger
    from pipelines.bus import open_bus
    from pipelines.project import load_project
    from pipelines.suites import write_docs

    with open_bus(load_project(project)) as bus:
        with reading(bus.engine) as conn:
            found = dict.fromkeys(each.run for each in ledger.list_quality(conn))
        index = write_docs(bus, list(found)[:runs])
    tell(f"{index}: the pages; {index.with_name('runs.html')}: the same as one plain list")
    if show_page:
        typer.launch(str(index))
