"""``isthmus audit``: what happened at the login, and whether anybody touched the log of it."""

from __future__ import annotations

from pathlib import Path

import typer

from pipelines.cli.options import Folder, Json
from pipelines.cli.output import give

app = typer.Typer(help="The log of every login and change.", no_args_is_help=True)


@app.command()
def verify(project: Folder = Path(), as_json: Json = False) -> None:
    """Check that no entry was changed, removed or put in between; exit code 1 when one was.

    Keep the end of the chain elsewhere: with it you notice a log that was replaced as a whole.
    """
    from idp_core.audit import log
    from idp_core.db.engine import reading
    from pipelines.serving import opened

    with opened(project) as site, reading(site.engine) as conn:
        found = log.verify(conn, site.secrets.audit)
    whole = found.broken_at is None
    told = f"{found.entries} entries hold; the chain ends in {found.last}"
    if not whole:
        told = f"the chain breaks at entry {found.broken_at}, after {found.entries} that hold"
    document = {"ok": whole, "entries": found.entries, "broken_at": found.broken_at}
    give({**document, "last": found.last}, told, as_json=as_json)
    if not whole:
        raise typer.Exit(1)
