"""``isthmus serve`` and ``isthmus keys``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Folder, Json
from pipelines.cli.output import give, table, tell

keys = typer.Typer(help="The keys that tokens are signed with.", no_args_is_help=True)


def serve(
    project: Folder = Path(),
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Processes; otherwise what serve.yaml says."),
    ] = None,
) -> None:
    """Serve the login. The first start makes all it needs: configuration, secret, database."""
    from pipelines import serving

    served = serving.prepare(project)
    if served.made:
        tell(f"wrote {served.config}")
    tell(f"{served.issuer} (listening at {served.listen}; Ctrl-C ends it)")
    serving.serve(project, workers)


@keys.command("list")
def list_keys(project: Folder = Path(), as_json: Json = False) -> None:
    """List the keys that are published, and from when each signs."""
    from pipelines.serving import opened

    with opened(project) as site:
        found, now = site.keys.ring().keys, site.clock()
    rows = [(k.kid, k.algorithm, k.signs_from, _part(k.signs_from <= now)) for k in found]
    document = [
        {
            "kid": k.kid,
            "algorithm": k.algorithm,
            "created_at": k.created_at,
            "signs_from": k.signs_from,
        }
        for k in found
    ]
    give(document, table(("key", "algorithm", "signs from", ""), rows), as_json=as_json)


@keys.command()
def rotate(project: Folder = Path(), as_json: Json = False) -> None:
    """Make the next keys now; they are published for a day before they sign.

    `serve` does this by itself, every `keys.rotate_days`.
    """
    from idp_core.db.engine import writing
    from idp_core.keys import rotation
    from pipelines.serving import opened

    with opened(project) as site, writing(site.engine) as conn:
        every = site.keys.every
        steps = rotation.rotate(conn, site.sealer, site.clock(), every, force=True)
    lines = [
        f"{each.algorithm}: another key signs from {each.make:%Y-%m-%d %H:%M} UTC"
        for each in steps
        if each.make is not None
    ]
    text = "\n".join(lines) or "the next keys wait for their turn already"
    give([{"algorithm": s.algorithm, "signs_from": s.make} for s in steps], text, as_json=as_json)


def _part(signs: bool) -> str:
    return "" if signs else "published, does not sign yet"
