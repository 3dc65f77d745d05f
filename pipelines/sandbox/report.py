"""The ending of the demo, printed for a person in 100 columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.sandbox.story import (
    FlawStory,
    NightStory,
    PlanStory,
    ProfileStory,
    SourceStory,
    Story,
    TargetStory,
)

WIDTH = 100
_STAGES = {
    "read": "were no rows that can be read",
    "map": "were refused by a step of the mapping",
    "check": "by an expectation of the suite",
}
_EVENTS = {
    "profile.created": "found",
    "profile.changed": "changed",
    "profile.merged": "merged into another",
    "profile.split": "split",
    "profile.moved": "moved",
    "profile.deleted": "gone",
    "profile.erased": "erased",
}


def show(story: Story, console: Console) -> None:
    """Print the story."""
    for part in _parts(story):
        console.print(part, width=min(WIDTH, console.width))
    console.print(Text("\nLook at next", style="bold"))
    for command, what in story.next:
        console.print(Text(f"  {what}", style="dim"))
        console.print(Text(f"    {command}", style="bold cyan"), soft_wrap=True)  # to be copied
    console.print(Text(f"\n{_times(story.steps)}", style="dim"), width=min(WIDTH, console.width))


def _parts(story: Story) -> Iterator[RenderableType]:
    yield Panel(Text(story.title, style="bold", justify="center"), box=box.DOUBLE, style="cyan")
    if story.night:
        yield _night(story.night)
    yield _sources(story.sources)
    if any(source.reasons for source in story.sources):
        yield _refused(story.sources, story.flaws)
    yield _people(story)
    yield _plan(story.plan)
    for plan in story.further:
        yield _plan(plan)
    yield _target(story.target)
    for said in story.held:
        yield Text(f"  Asked of the server itself: {said}.", style="dim")
    for name, why in story.left_out.items():
        yield Text(f"  Left out: {name}. {why}", style="yellow")
    if story.profile is not None:
        yield _profile(story.profile)
    if story.quiet:
        yield Panel("[bold green]Nothing changed[/]: no row was new, no profile moved, no write "
                    "was planned.\nTry [bold]make demo-change[/] and see only the news flow.",
                    box=box.ROUNDED, border_style="green")  # fmt: skip


def _table(title: str, *columns: str, numbers: Sequence[str] = ()) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, expand=True
    )
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left")
    return table


def _row(table: Table, *cells: str | Text) -> None:
    """Add a row whose text is shown as it is: brackets in it are no markup."""
    table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))


def _sources(sources: Sequence[SourceStory]) -> Table:
    numbers = ("read", "new or changed", "quarantined")
    table = _table("What was read", "source", "system", *numbers, numbers=numbers)
    for source in sources:
        counts = (source.read, source.changed, source.quarantined)
        _row(table, source.name, source.system, *(f"{count:,}" for count in counts))
    return table


def _refused(sources: Sequence[SourceStory], flaws: FlawStory) -> Table:
    table = _table("Quarantined, and why", "source", "reason", "rows", numbers=("rows",))
    for source in sources:
        for reason, count in sorted(source.reasons.items(), key=lambda item: (-item[1], item[0])):
            _row(table, source.name, reason, f"{count:,}")
    table.caption_justify = "left"
    table.caption = _flaws(flaws)
    return table


def _flaws(flaws: FlawStory) -> str:
    """Tell what became of the rows that are wrong on purpose, in one sentence or two."""
    caught = ", ".join(
        f"{flaws.caught[stage]:,} {words}"
        for stage, words in _STAGES.items()
        if flaws.caught.get(stage)
    )
    missed = ", ".join(f"{count:,} {flaw}" for flaw, count in flaws.missed.items())
    return (
        f"{flaws.planted:,} rows are wrong on purpose: {caught or 'none caught'}; "
        f"{f'missed: {missed}' if missed else 'none was missed'}. "
        f"{flaws.wrongly_refused:,} good rows were refused with them."
    )


def _people(story: Story) -> Group:
    score = story.score
    table = _table("People found", "", "found", "truth", numbers=("found", "truth"))
    _row(table, "records joined into profiles", f"{score.records:,}", "")
    _row(table, "people", f"{score.profiles:,}", f"{score.people:,}")
    _row(table, "most records of one person", f"{score.largest:,}", f"{score.largest_true:,}")
    _row(table, "precision (pairs joined that are right)", f"{score.precision:.4f}", "1")
    _row(table, "recall (pairs of one person that were joined)", f"{score.recall:.4f}", "1")
    _row(table, "F1", f"{score.f1:.4f}", "1")
    words = ", ".join(
        f"{count:,} {_EVENTS.get(kind, kind)}" for kind, count in story.events.items()
    )
    return Group(table, Text(f"  This run: {words or 'no profile changed'}.", style="dim"))


def _plan(plan: PlanStory) -> Group:
    numbers = ("changes",)
    table = _table(f"The plan for {plan.target}", "action", "changes", numbers=numbers)
    for action, count in plan.actions.items():
        if count:
            _row(table, action, f"{count:,}")
    if plan.empty:
        _row(table, "nothing to do", "0")
    last = f"  {plan.applied:,} applied, {plan.failed:,} failed."
    if plan.waiting:
        return Group(table, Text(f"  Waiting for a person: {plan.waiting}", style="bold yellow"))
    return Group(table, Text(last, style="dim"))


def _target(target: TargetStory) -> Panel:
    head = Text.assemble(
        ("Asked of the server itself: ", "dim"), (f"{target.users:,} users", "bold"),
        f", {target.active:,} active.",
    )  # fmt: skip
    parts: list[RenderableType] = [head]
    if target.user:
        parts.append(Text(json.dumps(target.user, indent=1, ensure_ascii=False), style="cyan"))
    return Panel(
        Group(*parts), title=f"What {target.server} holds now", title_align="left", box=box.ROUNDED
    )


def _profile(profile: ProfileStory) -> Table:
    table = _table("One customer, and why each value", "attribute", "value", "from", "because")
    table.columns[0].no_wrap = True
    table.columns[2].no_wrap = True
    for value in profile.values:
        _row(table, value.attribute, Text(value.value, style="bold"), value.origin, value.why)
    table.caption_justify = "left"
    table.caption = f"{profile.gid} is made of {', '.join(profile.members)}"
    return table


def _night(night: Sequence[NightStory]) -> Table:
    table = _table("What happened overnight", "edits", "what", "for example", "and so",
                   numbers=("edits",))  # fmt: skip
    for one in night:
        what = Text.assemble((one.what, "bold"), f"\n{one.meaning}")
        _row(table, f"{one.count:,}", what, one.example, one.consequence)
    return table


def _times(steps: Sequence[tuple[str, float]]) -> str:
    total = sum(seconds for _, seconds in steps)
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in steps)
    return f"{total:.1f} s in all: {parts}. Everything that was started is stopped."


def scalar(value: object) -> str:
    """Return a canonical value as one line for a table: elements of lists by their parts."""
    if isinstance(value, Mapping):
        parts = (scalar(part) for key, part in value.items() if key not in ("primary", "verified"))
        return ", ".join(part for part in parts if part)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
