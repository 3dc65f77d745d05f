"""``isthmus profile``: what is known of a person, and why. `find`, `show`, `why` show values."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import Folder, Json, Picture, Who, who_says
from pipelines.cli.output import complain, give
from pipelines.errors import RemoteError

if TYPE_CHECKING:
    from pipelines.overriding import Kept
    from pipelines.stewarding import Decided
    from pipelines.word import Word

app = typer.Typer(
    help="Look people up, and say who is one person. `find`, `show`, `why` show customers' values.",
    no_args_is_help=True,
)

Why = Annotated[str, typer.Option(help="The reason; it is kept.")]
Until = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="The day from which the word holds no more (UTC)."),
]
Gid = Annotated[str, typer.Argument(help="A global id; one that was merged away leads on.")]


@app.command()
def find(
    query: Annotated[
        list[str],
        typer.Argument(
            help="A global id, e-mail address, phone number, loyalty number, username, "
            "source:key, or words of a name."
        ),
    ],
    project: Folder = Path(),
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many people at most.")] = 20,
    as_json: Json = False,
) -> None:
    """Find the people a word points at; exit code 1 when there is nobody."""
    from pipelines.bus import open_bus
    from pipelines.cli import profiletext
    from pipelines.people import find_people
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        found = find_people(bus, " ".join(query), limit=limit)
    give(profiletext.found_document(found), *profiletext.found_table(found), as_json=as_json)
    if not found:
        raise typer.Exit(1)


@app.command()
def match(
    file: Annotated[
        typer.FileText, typer.Argument(help="A JSON object of canonical attributes; - is stdin.")
    ],
    project: Folder = Path(),
    source: Annotated[str, typer.Option(help="The source that would say so.")] = "record",
    as_json: Json = False,
) -> None:
    """Say which person a record would join, and why; exit code 1 when it is a new one.

    Nothing is stored, and no values are shown.
    """
    from pipelines.bus import open_bus
    from pipelines.cli import matchtext
    from pipelines.matching import match_record, read_record
    from pipelines.project import load_project

    text = file.read()
    with open_bus(load_project(project)) as bus:
        found = match_record(bus, read_record(bus, text, source))
    give(matchtext.document(found), *matchtext.lines(found), as_json=as_json)
    if found.gid is None:
        raise typer.Exit(1)


@app.command()
def show(gid: Gid, project: Folder = Path(), as_json: Json = False) -> None:
    """Show a profile, and the records it is made of."""
    from pipelines.bus import open_bus
    from pipelines.cli import profiletext
    from pipelines.people import read_person
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        person = read_person(bus, gid)
    give(profiletext.person_document(person), *profiletext.person_tables(person), as_json=as_json)


@app.command()
def why(
    gid: Gid,
    attribute: Annotated[
        str | None, typer.Argument(help="One attribute; all when it is left out.")
    ] = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Tell why each value is what it is, who says otherwise, and why the records are one person."""
    from pipelines.bus import open_bus
    from pipelines.cli import profiletext
    from pipelines.people import read_person, why_one, why_values
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        person = read_person(bus, gid)
        values = why_values(bus, person, attribute)
        pairs = why_one(bus, person) if attribute is None else {}
    document = profiletext.why_document(person, values, pairs)
    give(document, *profiletext.why_tables(person, values, pairs), as_json=as_json)


@app.command()
def history(gid: Gid, project: Folder = Path(), as_json: Json = False) -> None:
    """Tell what happened to a person: made, changed, merged, split. Shows no values."""
    from pipelines.bus import open_bus
    from pipelines.cli import profiletext
    from pipelines.people import history as read_history
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        found = list(read_history(bus, gid))
    give(profiletext.history_document(found), profiletext.history_table(found), as_json=as_json)


@app.command()
def timeline(gid: Gid, project: Folder = Path(), as_json: Json = False) -> None:
    """Tell all that happened to a person, in order of time. Shows no values.

    Records that joined and went, merges and splits, changes with the source of what still holds,
    what stewards said, consents, operations at targets, the erasure with its proofs.
    """
    from pipelines.bus import open_bus
    from pipelines.cli.timelinetext import timeline_document, timeline_parts
    from pipelines.project import load_project
    from pipelines.timeline import timeline as read_timeline

    with open_bus(load_project(project)) as bus:
        found = read_timeline(bus, gid)
    give(timeline_document(found), *timeline_parts(found), as_json=as_json)


@app.command()
def graph(
    gid: Gid, picture: Picture = None, project: Folder = Path(), as_json: Json = False
) -> None:
    """Show how a person's records hold together, pair by pair with reasons, and what is in doubt.

    The tree follows the strongest pairs. Shows no values.
    """
    from pipelines.bus import open_bus
    from pipelines.cli import graphtext
    from pipelines.persongraph import person_graph
    from pipelines.project import load_project

    if picture is not None:
        from pipelines import pictures

        pictures.check_form(picture)
    with open_bus(load_project(project)) as bus:
        found = person_graph(bus, gid)
    if picture is not None:
        pictures.draw(pictures.person(found), picture)
    give(graphtext.graph_document(found), *graphtext.graph_parts(found), as_json=as_json)


@app.command()
def erase(
    gid: Gid,
    why: Annotated[str, typer.Option(help="At whose wish and on what ground; it is kept.")],
    who: Who = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Erase a person: what is held of them, and their account in every target; give the receipt.

    There is no way back. What sources say of them again is not taken in. May be repeated to ask the
    targets again; exit code 4 when one of them could not be asked or did not delete.
    """
    from rich.console import Console

    from pipelines.bus import open_bus
    from pipelines.cli.erasuretext import receipt_document, receipt_parts
    from pipelines.cli.watch import watching
    from pipelines.erasing import erase_person
    from pipelines.project import load_project
    from pipelines.word import Word

    if not why.strip():
        raise typer.BadParameter("say why: it is kept", param_hint="--why")
    word = Word(who_says(who), why.strip())
    with open_bus(load_project(project)) as bus, watching(Console(stderr=True)) as watch:
        erased = erase_person(bus, gid, word, watch=watch)
    give(receipt_document(erased), *receipt_parts(erased), as_json=as_json)
    for line in erased.problems:
        complain(line)
    if erased.problems:
        raise typer.Exit(erased.problems[0].exit_code)
    if not erased.complete:
        raise typer.Exit(RemoteError.exit_code)


@app.command()
def merge(
    left: Gid,
    right: Gid,
    why: Why,
    project: Folder = Path(),
    who: Who = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Say that two people are one, and unify by it; the other id leads on. `unmerge` takes back."""
    from pipelines.bus import open_bus
    from pipelines.project import load_project
    from pipelines.stewarding import merge as run_merge

    with open_bus(load_project(project)) as bus:
        found = run_merge(bus, left, right, _word(who, why, until))
    _tell_decided(found, f"one person now: {', '.join(found.gids)}", as_json=as_json)


@app.command()
def unmerge(
    gid: Gid,
    why: Why,
    record: Annotated[
        list[str] | None,
        typer.Argument(
            help="Records (source:key) of somebody else; left out, those that a merged id had."
        ),
    ] = None,
    project: Folder = Path(),
    who: Who = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Say that records of a person are somebody else, and unify by it; a merged id comes back."""
    from pipelines.bus import open_bus
    from pipelines.cli.resolve import record_named
    from pipelines.project import load_project
    from pipelines.stewarding import unmerge as run_unmerge

    refs = [record_named(each) for each in record or ()]
    with open_bus(load_project(project)) as bus:
        found = run_unmerge(bus, gid, refs, _word(who, why, until))
    _tell_decided(found, f"{len(found.gids)} people now: {', '.join(found.gids)}", as_json=as_json)


@app.command(name="set")
def set_(
    gid: Gid,
    attribute: Annotated[str, typer.Argument(help="A canonical attribute; a list as a whole.")],
    why: Why,
    value: Annotated[
        str | None,
        typer.Argument(
            help="Its value; a JSON list of elements where it is a list; - reads standard input.",
            show_default="nothing is to be said of it",
        ),
    ] = None,
    who: Who = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Set an attribute by hand: it holds whatever the records say. `release` takes it back.

    Accounts at targets follow with the next run.
    """
    from pipelines.bus import open_bus
    from pipelines.overriding import keep
    from pipelines.project import load_project

    given = sys.stdin.read().strip() if value == "-" else value
    with open_bus(load_project(project)) as bus:
        kept = keep(bus, gid, attribute, given, _word(who, why, None))
    _tell_kept(kept, "is set by hand", as_json=as_json)


@app.command()
def release(
    gid: Gid,
    attribute: Annotated[str, typer.Argument(help="An attribute that was set by hand.")],
    who: Who = None,
    project: Folder = Path(),
    as_json: Json = False,
) -> None:
    """Let the records speak again for an attribute that was set by hand."""
    from pipelines.bus import open_bus
    from pipelines.overriding import release as let_go
    from pipelines.project import load_project

    with open_bus(load_project(project)) as bus:
        kept = let_go(bus, gid, attribute, who_says(who))
    _tell_kept(kept, "is what the records say again", as_json=as_json)


def _tell_kept(kept: Kept, what: str, *, as_json: bool) -> None:
    document = {"gid": kept.gid, "attribute": kept.attribute, "golden": kept.golden}
    give(document, f"{kept.gid}: {kept.attribute} {what}", as_json=as_json)


def _word(who: str | None, why: str, until: datetime | None) -> Word:
    from pipelines.word import Word

    if not why.strip():
        raise typer.BadParameter("say why", param_hint="--why")
    return Word(who_says(who), why.strip(), until.replace(tzinfo=UTC) if until else None)


def _tell_decided(found: Decided, line: str, *, as_json: bool) -> None:
    give({"gids": list(found.gids), "pairs": found.pairs}, line, as_json=as_json)
