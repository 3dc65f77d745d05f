"""``isthmus connector``: descriptions of systems, and whether a system keeps to its own."""

from __future__ import annotations

import typer

from pipelines.cli.output import give

app = typer.Typer(help="Systems to connect to, and their descriptions.", no_args_is_help=True)


@app.command()
def schema() -> None:
    """Print the JSON Schema of files that describe a system, for completion in editors."""
    from connectors.rest.jsonschema import json_schema

    give(json_schema(), as_json=True)
