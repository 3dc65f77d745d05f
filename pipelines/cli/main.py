"""``isthmus``: the command line. Each group of commands is a module of its own.

Exit codes: 0 done; those of `pipelines.errors`; 2 also for a command that is written wrongly;
130 when Ctrl-C ended it.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import typer

from pipelines.cli import (
    account,
    audit,
    client,
    connector,
    db,
    deadletters,
    doctor,
    init,
    mapping,
    plans,
    profile,
    quality,
    resolve,
    review,
    runs,
    sandbox,
    serve,
    sources,
    sync,
    unify,
    version,
    why,
)
from pipelines.cli.group import Commands
from pipelines.cli.options import Project

app = typer.Typer(
    name="isthmus",
    cls=Commands,
    help="The customer-identity integration bus.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def isthmus(project: Project = Path()) -> None:  # noqa: ARG001 (its callback keeps it)
    """Aggregate, unify and provision customer records."""
    from idp_core.logs import configure
    from idp_core.settings import load

    settings = load()
    level = settings.level_on(terminal=sys.stderr.isatty())
    configure(level, settings.log_format, sys.stderr)


app.command()(init.init)
app.command()(sync.sync)
app.command()(unify.unify)
app.add_typer(plans.app, name="plan")
app.command()(plans.apply)
app.command()(plans.refuse)
app.command()(why.why)
app.add_typer(runs.app, name="runs")
app.add_typer(deadletters.app, name="deadletters")
app.command()(doctor.doctor)
app.command()(version.version)
app.add_typer(sources.app, name="sources")
app.add_typer(mapping.app, name="mapping")
app.add_typer(profile.app, name="profile")
app.add_typer(resolve.app, name="resolve")
app.add_typer(review.app, name="review")
app.add_typer(quality.app, name="quality")
app.add_typer(connector.app, name="connector")
app.add_typer(db.app, name="db")
app.command()(serve.serve)
app.add_typer(serve.keys, name="keys")
app.add_typer(account.app, name="account")
app.add_typer(client.app, name="client")
app.add_typer(audit.app, name="audit")
app.add_typer(sandbox.app, name="sandbox")


_BUG = """{traceback}

This is a bug of Isthmus or of a connector; please report it with these lines. They hold no
customer's value: the exception's message, which may, is shown with ISTHMUS_SHOW_MESSAGES=true."""


def run() -> None:
    """Run the command line; what a terminal's encoding lacks is printed by its code.

    Of a bug it prints where it happened, not the exception's message: that may hold values.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except Exception as error:
        from idp_core.logs import without_messages
        from idp_core.settings import load

        if load().show_messages:
            raise
        sys.stderr.write(_BUG.format(traceback=without_messages(error)) + "\n")
        sys.exit(1)
