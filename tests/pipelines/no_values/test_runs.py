"""No customer's value and no secret in what runs and commands print, log, tell or keep as reports.

`tests.pipelines.no_values.world` marks every value; whatever is said is searched for the marks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.main import get_command
from typer.testing import CliRunner

from connectors.contract import Page, Query
from connectors.errors import MisconfiguredError
from connectors.files import Files
from pipelines.cli.main import app
from tests.pipelines.no_values.watching import Seen, watched
from tests.pipelines.no_values.world import (
    ENVIRONMENT,
    NAME,
    SECRETS,
    SOURCES,
    VALUES,
    rows_of,
    world,
)

SHOWING = {
    "mapping preview",
    "profile find",
    "profile show",
    "profile why",
    "profile history",
    "review show",
}
"""Commands that are there to show records."""
ELSEWHERE = {
    "sandbox",
    "serve",
    "keys",
    "account",
    "client",
    "connector new",
    "resolve evaluate",
}
"""Commands and groups about an invented world, about the login (no run touches it), about code."""
COMMANDS: dict[str, Sequence[str]] = {
    "init": ["init", "{folder}/another"],
    "version": ["version"],
    "doctor": ["doctor"],
    "sources": ["sources", "--check"],
    "sources show": ["sources", "show", "club"],
    "mapping check": ["mapping", "check", "--live"],
    "mapping test": ["mapping", "test"],
    "mapping coverage": ["mapping", "coverage"],
    "mapping diff": ["mapping", "diff", "lines"],
    "quality list": ["quality", "list"],
    "quality show": ["quality", "show", "lines"],
    "quality docs": ["quality", "docs"],
    "runs list": ["runs", "list"],
    "runs show": ["runs", "show", "{run}"],
    "runs report": ["runs", "report", "{run}"],
    "runs pause": ["runs", "pause", "{run}"],
    "runs resume": ["runs", "resume", "{run}"],
    "runs cancel": ["runs", "cancel", "{run}"],
    "deadletters list": ["deadletters", "list", "--status", "all"],
    "deadletters show": ["deadletters", "show", "{letter}"],
    "deadletters replay": ["deadletters", "replay", "--all"],
    "deadletters discard": ["deadletters", "discard", "{letter}", "--why", "enough"],
    "unify": ["unify"],
    "plan make": ["plan", "make"],
    "a person": ["plan", "make", "portal", "--profile", "{gid}"],
    "why": ["why", "portal", "{gid}", "userName"],
    "resolve explain": ["resolve", "explain", "shop:shop0", "shop:shop5"],
    "resolve shadow": ["resolve", "shadow"],
    "resolve approve": ["resolve", "approve", "none", "--why", "seen"],
    "resolve train": ["resolve", "train"],
    "review list": ["review", "list", "--status", "all"],
    "review assign": ["review", "assign", "1", "--to", "Bo"],
    "review decide": ["review", "decide", "skip", "1", "--why", "later"],
    "review bulk": ["review", "bulk", "skip", "--why", "later"],
    "profile match": ["profile", "match", "{record}"],
    "profile timeline": ["profile", "timeline", "{gid}"],
    "profile graph": ["profile", "graph", "{gid}"],
    "profile merge": ["profile", "merge", "{gid}", "{other}", "--why", "one"],
    "profile unmerge": ["profile", "unmerge", "{gid}", "shop:shop2", "--why", "two"],
    "profile set": ["profile", "set", "{gid}", "nickname", NAME, "--why", "asked"],
    "profile release": ["profile", "release", "{gid}", "nickname"],
    "plan list": ["plan", "list"],
    "plan orphans": ["plan", "orphans", "portal"],
    "plan adopt": ["plan", "adopt", "portal", "{gid}"],
    "plan decline": ["plan", "decline", "portal", "{gid}"],
    "plan reopen": ["plan", "reopen", "portal", "{gid}"],
    "plan adoptions": ["plan", "adoptions"],
    "plan show": ["plan", "show", "{plan}"],
    "refuse": ["refuse", "list", "--why", "not now"],
    "apply": ["apply", "portal"],
    "connector schema": ["connector", "schema"],
    "connector test": ["connector", "test", "api"],
    "audit verify": ["audit", "verify"],
    "audit operations": ["audit", "operations"],
    "audit as CSV": ["audit", "operations", "--csv"],
    "audit list": ["audit", "list"],
    "audit list as CSV": ["audit", "list", "--csv"],
    "db check": ["db", "check"],
    "db upgrade": ["db", "upgrade"],
    "profile erase": ["profile", "erase", "{other}", "--why", "asked for"],
}
ONCE = {
    "init",
    "doctor",
    "mapping test",
    "mapping coverage",
    "quality docs",
    "deadletters replay",
    "connector schema",
    "resolve shadow",
    "profile merge",
    "profile unmerge",
    "profile set",
    "profile release",
    "profile erase",
}
"""Commands that are slow, or whose answer has one form."""


def shows(text: str) -> list[str]:
    """The marks that a text has."""
    lower = text.lower()
    return [mark for mark in (*VALUES, *SECRETS) if mark in lower]


def run(folder: Path, *words: str) -> str:
    """Run a command with the most talkative log; return all that it says. A bug is raised."""
    found = CliRunner().invoke(app, ["--project", str(folder), *words])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.stdout + found.stderr


@dataclass
class Said:
    """What everything said, by what it was; `folder` is where the project stands at the end."""

    folder: Path
    seen: Seen = field(default_factory=lambda: Seen(shows))
    by: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, gx: object) -> Iterator[Said]:
    """Whole runs over good and bad rows, before and after an edit of them, and each command."""
    with pytest.MonkeyPatch.context() as patch, world(tmp_path_factory.mktemp("marked")) as made:
        for name, value in {**ENVIRONMENT, "NO_COLOR": "1", "ISTHMUS_LOG_LEVEL": "debug"}.items():
            patch.setenv(name, value)
        said = Said(made.folder)
        with watched(said.seen):
            said.by["the first sync"] = run(made.folder, "sync")
            patch.setenv("ISTHMUS_LOG_FORMAT", "json")
            made.replace("lines.csv", f"Last{NAME}lines0", f"Other{NAME}")
            said.by["sync"] = run(made.folder, "sync", "--source", "lines", "--json")
            made.replace("lines.csv", f"Other{NAME}", f"Third{NAME}")
            made.replace("mappings/lines.yaml", "steps: [phone_e164]", "steps: [trim, phone_e164]")
            run(made.folder, "sync", "--source", "lines", "--plan-only")
            made.replace("mappings/lines.yaml", "steps: [trim, phone_e164]", "steps: [phone_e164]")
            names = _names(made.folder)
            for name, words in COMMANDS.items():
                meant = [word.format(**names) for word in words]
                said.by[name] = run(made.folder, *meant)
                if name not in ONCE:
                    said.by[f"{name} --json"] = run(made.folder, *meant, "--json")
        yield said


def _names(folder: Path) -> dict[str, str]:
    """An open letter, the last run, a plan and somebody's id, as a user would find them."""

    def answer(*words: str) -> Any:
        return json.loads(
            CliRunner().invoke(app, ["--project", str(folder), *words, "--json"]).stdout
        )

    record = folder / "record.json"
    record.write_text(json.dumps({"given_name": NAME, "email": f"{NAME}.shop0@leak.test"}))
    return {
        "folder": str(folder),
        "record": str(record),
        "letter": answer("deadletters", "list")[-1]["id"],
        "run": answer("runs", "list")[0]["id"],
        "plan": answer("plan", "list", "--target", "portal")[0]["hash"],
        "gid": answer("profile", "find", f"{NAME}.shop0@leak.test")[0]["gid"],
        "other": answer("profile", "find", f"{NAME}.shop2@leak.test")[0]["gid"],
    }


def test_no_run_and_no_command_shows_a_value_or_a_secret(said):
    assert {name: found for name, text in said.by.items() if (found := shows(text))} == {}


def test_the_runs_had_every_kind_of_trouble(said):
    first, letters = said.by["the first sync"], said.by["deadletters list"]
    assert re.search(r"portal: \d conflict, \d\d create", first)
    assert re.search(r"list: \d\d create", first)
    assert "warning: expect_column_values_to_be_in_set(family_name)" in first
    assert re.search(r"step\.done .*doubts=\d", first)  # a veto held people apart
    mapped = {(source, "map") for source in SOURCES if source != "crm"}  # it takes no bad address
    for found in {*mapped, ("lines", "read"), ("lines", "check"), ("list", "apply")}:
        assert re.search(" +".join(found), letters)
    assert "update" in said.by["plan show"]


def test_every_command_is_looked_at_or_shows_records_by_purpose():
    def names(command: Any, *above: str) -> Iterator[str]:
        if getattr(command, "invoke_without_command", False) or not hasattr(command, "commands"):
            yield " ".join(above)
        for name, inner in getattr(command, "commands", {}).items():
            yield from names(inner, *above, name)

    known = {"", "sync", *COMMANDS, *SHOWING}
    ours = {name for name in names(get_command(app)) if not name.startswith(tuple(ELSEWHERE))}
    assert ours - known == set(), "put it into one of the lists above"


def test_data_docs_show_no_value(said):
    pages = list((said.folder / "data/quality-docs").rglob("*.html"))
    assert len(pages) > 8
    assert [page for page in pages if shows(page.read_text("utf-8"))] == []


def test_no_object_of_ours_shows_a_value_and_no_error_tells_one(said):
    assert said.seen.leaking == set()
    rows = {"Page", "RejectedRow", "DeadRow", "SourceProfile", "Profile", "DeadLetter", "Person"}
    plans = {"PlanItem", "Change", "Outcome", "Account", "ManagedAccount", "Wanted", "Difference"}
    systems = {"Answer", "Secret", "ConflictError", "RejectedError", "Identifier", "OutboxEvent"}
    assert said.seen.made.keys() >= rows | plans | systems


@dataclass(frozen=True)
class Talkative:
    """As `connectors.contract.Page` was before: it shows its rows."""

    rows: list[str]


def _log(rows: list[str]) -> None:
    structlog.get_logger().debug("read", first=rows[0])


def _refuse(rows: list[str]) -> None:
    raise MisconfiguredError(f"lines: {rows[0]} cannot be read")


@pytest.mark.parametrize("leak", [print, _log, _refuse])
def test_a_connector_that_tells_a_value_is_caught(copy, monkeypatch, leak):
    read = Files.read

    def telling(self: Files, query: Query) -> Iterator[Page]:
        leak(rows_of("lines"))
        yield from read(self, query)

    monkeypatch.setattr(Files, "read", telling)
    said = run(copy.folder, "sync", "--source", "lines", "--target", "portal")
    assert NAME in shows(said)


def test_an_object_or_an_error_that_shows_a_value_is_caught(monkeypatch):
    monkeypatch.setattr("tests.pipelines.no_values.watching.classes", lambda: [Talkative])
    seen = Seen(shows)
    with watched(seen):
        Talkative([NAME])
        MisconfiguredError(NAME)
        MisconfiguredError("harmless")
    leaking = {f"{Talkative.__module__}.Talkative", "connectors.errors.MisconfiguredError"}
    assert seen.leaking == leaking
