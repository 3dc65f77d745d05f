"""``isthmus account``: the accounts people log in with. `list` shows addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Folder, Json, Who, who_says
from pipelines.cli.output import give, table

app = typer.Typer(help="The accounts that people log in with.", no_args_is_help=True)

Address = Annotated[str, typer.Argument(help="The e-mail address of the account.")]


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(help="CSV with email, password_hash, language and names.", exists=True),
    ],
    project: Folder = Path(),
    who: Who = None,
    as_json: Json = False,
) -> None:
    """Take over accounts with their password hashes; people keep their passwords.

    Known are bcrypt, PBKDF2, scrypt, phpass and Argon2 in the forms of Django, PHP, WordPress,
    passlib and Werkzeug. A hash is made anew, by Argon2id, when its owner logs in.
    """
    from pipelines.accounts import take_over
    from pipelines.serving import opened

    with opened(project) as site:
        counted = take_over(site, file, f"admin:{who_says(who)}")
    told = [f"{count} {name.replace('_', ' ')}" for name, count in counted.items()]
    give(counted, ", ".join(told), as_json=as_json)


@app.command("list")
def list_(
    project: Folder = Path(),
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """List accounts, the newest first."""
    from idp_core.accounts import store
    from idp_core.db.engine import reading
    from pipelines.serving import opened

    with opened(project) as site, reading(site.engine) as conn:
        found = store.listed(conn, limit)
    rows = [(a.id, a.email, a.created_at, "blocked" if a.blocked_at else "") for a in found]
    document = [
        {"id": a.id, "email": a.email, "created_at": a.created_at, "blocked_at": a.blocked_at}
        for a in found
    ]
    give(document, table(("account", "e-mail", "made", ""), rows), as_json=as_json)


@app.command()
def block(
    address: Address,
    why: Annotated[str, typer.Option(help="Why; it is kept.")],
    project: Folder = Path(),
    who: Who = None,
    as_json: Json = False,
) -> None:
    """Let an account log in no more, and end its sessions at once."""
    from pipelines import accounts
    from pipelines.serving import opened

    with opened(project) as site:
        ended = accounts.block(site, address, why, f"admin:{who_says(who)}")
    give({"sessions_ended": ended}, f"blocked; {ended} sessions ended", as_json=as_json)


@app.command()
def unblock(
    address: Address, project: Folder = Path(), who: Who = None, as_json: Json = False
) -> None:
    """Let an account log in again."""
    from pipelines import accounts
    from pipelines.serving import opened

    with opened(project) as site:
        done = accounts.unblock(site, address, f"admin:{who_says(who)}")
    give({"unblocked": done}, "unblocked" if done else "it was not blocked", as_json=as_json)


@app.command()
def invite(
    address: Annotated[str, typer.Argument(help="The e-mail address the account is for.")],
    attributes: Annotated[
        list[str] | None, typer.Option("--set", help="What stands in the form: given_name=Ann.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="The language of the mail.")] = None,
    project: Folder = Path(),
    who: Who = None,
    as_json: Json = False,
) -> None:
    """Begin an account for somebody, who finishes it by a link in a mail.

    Works while nobody may register themselves, too. The link is also told here, once.
    """
    from pipelines import accounts
    from pipelines.serving import opened

    said = dict(each.partition("=")[::2] for each in attributes or ())
    with opened(project) as site:
        link = accounts.invite(site, address, said, language, f"admin:{who_says(who)}")
    give({"link": link}, f"mailed; the link works once, within 7 days: {link}", as_json=as_json)


@app.command()
def delete(
    address: Address,
    why: Annotated[str, typer.Option(help="Why; it is kept.")],
    project: Folder = Path(),
    who: Who = None,
    as_json: Json = False,
) -> None:
    """Delete an account, and end its sessions at once.

    The person's records in other systems stay; `isthmus profile erase` takes the person away.
    """
    from pipelines import accounts
    from pipelines.serving import opened

    with opened(project) as site:
        ended = accounts.delete(site, address, why, f"admin:{who_says(who)}")
    give({"sessions_ended": ended}, f"deleted; {ended} sessions ended", as_json=as_json)


@app.command()
def roles(
    address: Address,
    give_: Annotated[
        list[str] | None,
        typer.Option("--role", help="A role: owner, reader, auditor, inviter, clients, support."),
    ] = None,
    project: Folder = Path(),
    who: Who = None,
    as_json: Json = False,
) -> None:
    """Let an account use the API of administration: these roles, in the place of those it had.

    Without --role it has none any more.
    """
    from pipelines import accounts
    from pipelines.serving import opened

    wanted = sorted(set(give_ or ()))
    with opened(project) as site:
        accounts.give_roles(site, address, wanted, f"admin:{who_says(who)}")
    give({"roles": wanted}, ", ".join(wanted) or "no roles", as_json=as_json)
