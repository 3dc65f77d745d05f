"""``isthmus client``: applications that people log in to, and services that call others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from mappings.suggest import did_you_mean
from pipelines.cli.options import Folder, Json, Who, who_says
from pipelines.cli.output import give, table
from pipelines.errors import JobError, ProjectError

app = typer.Typer(help="Applications that people log in to.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="The client's id.")]


@app.command()
def put(
    file: Annotated[
        Path,
        typer.Argument(help="JSON with id, name, redirect_uris and the like.", exists=True),
    ],
    project: Folder = Path(),
    who: Who = None,
    as_json: Json = False,
) -> None:
    """Register a client, or change one. A new one with a secret is told it, this one time."""
    from idp_core.clients import store
    from idp_core.db.engine import writing
    from pipelines.serving import opened

    client = _read(file)
    with opened(project) as site, writing(site.engine) as conn:
        _check_name(file, "policy", client.policy, site.config.login.policies, "login.policies")
        _check_name(file, "theme", client.theme, site.config.themes, "themes")
        secret = store.put(conn, client, site.clock())
        site.note(conn, "client.put", "done", None, f"admin:{who_says(who)}", client=client.id)
    _tell(client.id, secret, as_json)


@app.command()
def secret(id_: Id, project: Folder = Path(), who: Who = None, as_json: Json = False) -> None:
    """Give a client another secret; the old one is worth nothing at once."""
    from idp_core.clients import store
    from idp_core.db.engine import writing
    from pipelines.serving import opened

    with opened(project) as site, writing(site.engine) as conn:
        found = store.get(conn, id_)
        if found is None or not found.client.auth.startswith("client_secret"):
            raise JobError(f"there is no client {id_!r} that has a secret")
        made = store.new_secret(conn, id_)
        site.note(conn, "client.secret", "done", None, f"admin:{who_says(who)}", client=id_)
    _tell(id_, made, as_json)


@app.command()
def disable(id_: Id, project: Folder = Path(), who: Who = None, as_json: Json = False) -> None:
    """Let a client do nothing more."""
    from idp_core.clients import store
    from idp_core.db.engine import writing
    from pipelines.serving import opened

    with opened(project) as site, writing(site.engine) as conn:
        if not store.disable(conn, id_, site.clock()):
            raise JobError(f"there is no client {id_!r} in use")
        site.note(conn, "client.disabled", "done", None, f"admin:{who_says(who)}", client=id_)
    give({"client": id_, "disabled": True}, f"{id_}: disabled", as_json=as_json)


@app.command("list")
def list_(project: Folder = Path(), as_json: Json = False) -> None:
    """List the clients in use."""
    from idp_core.clients import store
    from idp_core.db.engine import reading
    from pipelines.serving import opened

    with opened(project) as site, reading(site.engine) as conn:
        found = store.listed(conn)
    rows = [(c.id, c.name, c.auth, ", ".join(c.redirect_uris)) for c in found]
    document: list[dict[str, Any]] = [c.model_dump(mode="json", exclude={"jwks"}) for c in found]
    give(
        document,
        table(("client", "name", "proves itself by", "redirects to"), rows),
        as_json=as_json,
    )


def _check_name(file: Path, what: str, name: str | None, known: Iterable[str], key: str) -> None:
    if name is not None and name not in known:
        mend = did_you_mean(name, known) or f"; name it in {key} of serve.yaml first"
        raise ProjectError(f"{file} {what}: there is no {what} {name!r}{mend}")


def _read(file: Path) -> Any:
    from pydantic import ValidationError

    from idp_core.clients.model import Client

    try:
        return Client.model_validate(json.loads(file.read_text("utf-8")))
    except ValidationError as error:
        lines = [
            f"{file} {'.'.join(map(str, each['loc'])) or 'client'}: "
            + each["msg"].removeprefix("Value error, ")
            for each in error.errors(include_input=False, include_url=False)
        ]
        raise ProjectError("\n".join(lines)) from None
    except ValueError as error:
        place = f":{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise ProjectError(f"{file}{place}: not JSON") from None


def _tell(id_: str, made: str | None, as_json: bool) -> None:
    told = f"{id_}: registered" if made is None else f"{id_}: its secret, told only now, is {made}"
    give({"client": id_, "secret": made}, told, as_json=as_json)
