"""``isthmus why``: from an attribute at a target back to the source record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from pipelines.cli.options import Folder, Json, Values
from pipelines.cli.output import give, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pipelines.why import Story


def why(
    target: Annotated[str, typer.Argument(help="The target.")],
    gid: Annotated[str, typer.Argument(help="The global id of the profile.")],
    attribute: Annotated[
        str,
        typer.Argument(
            help="The target's attribute, as the push mapping writes its path; groups for the "
            "groups that the account is a member of."
        ),
    ],
    project: Folder = Path(),
    values: Values = False,
    as_json: Json = False,
) -> None:
    """Tell why an attribute of an account is what it is, back to the source record.

    Nothing is asked of the target.
    """
    from pipelines.bus import open_bus
    from pipelines.project import load_project
    from pipelines.why import story_document
    from pipelines.why import why as story_of

    with open_bus(load_project(project)) as bus:
        story = story_of(bus, target, gid, attribute)
    give(story_document(story, values=values), *_parts(story, values=values), as_json=as_json)


def _parts(story: Story, *, values: bool) -> Iterator[RenderableType]:
    from pipelines.cli.plantext import groups_table
    from pipelines.provision.render import shown_value

    yield Text(f"{story.target}: {story.path} of profile {story.gid}", style="bold")
    yield Text(f"line      {story.place}")
    for number, said in enumerate(story.said):
        yield Text(f"{'' if number else 'stands':<10}{said}")
    for name in ("wanted", "pushed", "rewritten"):
        value = getattr(story, name)
        if value is not None:
            yield Text(f"{name:<10}{shown_value(value, values=values)}")
    if story.groups:
        yield groups_table(story.groups)
    if story.lineage:
        rows = [
            (each.attribute, f"{each.ref.source}:{each.ref.key}", each.mapping, each.reason)
            for each in story.lineage
        ]
        yield table(("reads", "from", "mapping", "because"), rows, folds=["because"])
    last = story.last
    if last is not None:
        done = last.operation
        plan = f" by plan {last.plan.hash[:12]}" if last.plan else ""
        what = f"{done.action}, {done.outcome}, {done.time:%Y-%m-%d %H:%M} UTC"
        yield Text(f"last write {what}{plan}")
        if last.approval is not None:
            yield Text(f"           approved by {last.approval.who}: {last.approval.why}")
