"""``isthmus deadletters``: list, show, replay, discard."""

from __future__ import annotations

import re
from dataclasses import asdict
from types import SimpleNamespace

import pytest

from connectors import memory
from connectors.errors import RejectedError
from connectors.exchange import Exchange
from pipelines.cli.refusaltext import facts
from tests.pipelines.cli.conftest import MAPPING, document
from tests.pipelines.small import Small


@pytest.fixture
def isthmus(run, project):
    """Run a command on the project, whose second row was refused and whose third is no row."""
    with (project / "customers.csv").open("a", encoding="utf-8") as file:
        file.write("3,eve@example.com,Eve,Poe,,one too many\n")
    assert run("sync", "--project", project).exit_code == 0
    return lambda *words: run(*words, "--project", project)


@pytest.fixture
def mended(project):
    """The mapping, mended so that the second row passes."""
    text = MAPPING.replace("email]}", "email], on_error: blank}", 1)
    (project / "mappings" / "shop.yaml").write_text(text, encoding="utf-8")


def letters(isthmus, *words):
    return document(isthmus("deadletters", "list", "--json", *words))


def test_letters_are_listed_with_their_reasons_and_without_their_rows(isthmus):
    result = isthmus("deadletters")
    assert result.exit_code == 0
    assert "email: not an e-mail address" in result.stdout
    assert "customers.csv:4" in result.stdout
    assert "ann(at)example" not in result.stdout
    assert "ann(at)example" in isthmus("deadletters", "list", "--values").stdout


def test_letters_are_chosen_by_source_stage_run_and_status(isthmus):
    assert [each["stage"] for each in letters(isthmus, "--stage", "read")] == ["read"]
    assert letters(isthmus, "--source", "nobody") == []
    assert "neither a source nor a target" in isthmus("deadletters", "--source", "x").stderr
    (run,) = document(isthmus("runs", "--json"))
    assert len(letters(isthmus, "--run", run["id"][-12:])) == 2
    assert letters(isthmus, "--status", "replayed") == []
    result = isthmus("deadletters", "--limit", "1", "--status", "all")
    assert "there are more than these 1" in result.stderr
    assert isthmus("deadletters", "--run", "zzzz").exit_code == 1
    assert "none" in isthmus("deadletters", "--status", "discarded").stdout


def test_a_letter_is_shown_with_what_can_be_done_and_its_row_when_asked_for(isthmus):
    (refused,) = letters(isthmus, "--stage", "map")
    shown = isthmus("deadletters", "show", refused["id"][-12:])
    assert "mend the mapping, the suite or the row at its source" in shown.stdout
    assert "ann(at)example" not in shown.stdout
    assert "ann(at)example" in isthmus("deadletters", "show", refused["id"], "--values").stdout
    (unread,) = letters(isthmus, "--stage", "read")
    said = document(isthmus("deadletters", "show", unread["id"], "--json"))
    assert "it is no row: mend customers.csv:4" in said["advice"]
    assert "row" not in said


def test_a_letter_is_replayed_once_the_mapping_is_mended(isthmus, mended):
    result = isthmus("deadletters", "replay", "--stage", "map")
    assert result.exit_code == 0, result.stderr
    assert "shop: 1 stored" in result.stdout
    assert "profiles: 1 created; targets follow: isthmus plan" in result.stdout
    (closed,) = letters(isthmus, "--status", "replayed")
    assert closed["closed_why"].startswith("replayed by run")
    assert "closed: nothing is to be done" in isthmus("deadletters", "show", closed["id"]).stdout


def test_what_stays_open_is_told_and_is_exit_code_1(isthmus, mended):
    result = isthmus("deadletters", "replay", "--all")
    assert result.exit_code == 1
    assert "shop: 1 stored" in result.stdout
    assert "run isthmus sync --source shop" in result.stdout
    again = isthmus("deadletters", "replay", "--all", "--json")
    assert [each["stage"] for each in document(again)["open"]] == ["read"]


def test_nothing_to_replay_is_no_fault(isthmus):
    result = isthmus("deadletters", "replay", "--source", "nobody")
    assert (result.exit_code, result.stdout.strip()) == (0, "nothing to replay")


def test_a_mapping_that_is_broken_is_told_at_its_place(isthmus, project):
    text = MAPPING.replace("lower, email", "lowr, email")
    (project / "mappings" / "shop.yaml").write_text(text, encoding="utf-8")
    result = isthmus("deadletters", "replay", "--all")
    assert result.exit_code == 2
    assert "did you mean 'lower'?" in result.stderr


def test_a_discarded_letter_keeps_who_and_why(isthmus):
    (refused,) = letters(isthmus, "--stage", "map")
    words = ("--why", "a test row", "--who", "ann")
    result = isthmus("deadletters", "discard", refused["id"][-8:], *words)
    assert (result.exit_code, result.stdout.strip()) == (0, "1 discarded")
    (closed,) = letters(isthmus, "--status", "discarded")
    assert (closed["closed_by"], closed["closed_why"]) == ("ann", "a test row")
    again = isthmus("deadletters", "replay", refused["id"])
    assert again.exit_code == 1
    assert "is discarded already" in again.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["replay"], 2),
        (["replay", "abc", "--all"], 2),
        (["replay", "nonsense"], 1),
        (["discard", "--why", "x"], 2),
        (["discard", "--source", "shop"], 2),
        (["discard", "--source", "shop", "--why", " "], 2),
        (["show", "nonsense"], 1),
        (["list", "--stage", "mapp"], 2),
        (["nonsense"], 2),
    ],
)
def test_what_is_not_meant_clearly_is_not_done(isthmus, words, code):
    assert isthmus("deadletters", *words).exit_code == code
    assert len(letters(isthmus)) == 2


MAIL = "bob@example.com"


@pytest.fixture
def portal(run, tmp_path, monkeypatch):
    """Run a command on a project whose target refused one account and told why."""
    small = Small(tmp_path / "small", f"sqlite:///{tmp_path / 'small.db'}")

    def refuse(accounts, change, where):
        said = (f'{{"userName": "{MAIL}"}}', f"no [red]{MAIL}[/red]")
        raise RejectedError("userName: not one of ours").after(
            Exchange("POST", "/Users", 400, "invalidValue", *said)
        )

    monkeypatch.setattr(memory, "_written", refuse)
    small.sync({"id": "1", "mail": MAIL, "name": "Lee"}, targets=["portal"])
    return lambda *words: run(*words, "--project", small.folder)


def test_a_refused_change_shows_what_was_said_and_where_the_mapping_says_it(portal):
    (letter,) = letters(portal)
    shown = " ".join(portal("deadletters", "show", letter["id"]).stdout.split())
    assert "sent POST /Users" in shown
    assert "answered HTTP 400 invalidValue" in shown
    assert re.search(r"userName \S+/mappings/portal\.push\.yaml:7 crm:1", shown)
    assert "what was sent and answered is kept; --values shows it" in shown
    assert MAIL not in shown
    said = document(portal("deadletters", "show", letter["id"], "--json"))
    assert said["sent"] == {"method": "POST", "path": "/Users"}
    assert said["answered"] == {"status": 400, "code": "invalidValue"}
    lines = {each["path"]: each["line"] for each in said["attributes"]}
    assert lines["userName"].endswith("portal.push.yaml:7")
    assert MAIL not in str(said)


def test_the_answer_of_a_directory_is_told_by_its_own_code():
    said = Exchange("LDAP", "modify", 19, "constraintViolation")
    letter = SimpleNamespace(row={"exchange": asdict(said)})
    assert facts(letter) == (
        ("sent", "LDAP modify"),
        ("answered", "LDAP 19 constraintViolation"),
    )


def test_the_bodies_of_a_refused_change_are_shown_to_who_asks_for_values(portal):
    (letter,) = letters(portal, "--values")
    assert "exchange" not in letter["row"], "lists are without the bodies"
    shown = portal("deadletters", "show", letter["id"], "--values").stdout
    assert f'{{\n  "userName": "{MAIL}"\n}}' in shown
    assert f"no [red]{MAIL}[/red]" in shown
    said = document(portal("deadletters", "show", letter["id"], "--values", "--json"))
    assert said["answered"]["body"] == f"no [red]{MAIL}[/red]"
    assert said["sent"]["body"] == f'{{"userName": "{MAIL}"}}'


def test_what_was_said_goes_with_the_letter(portal):
    (letter,) = letters(portal)
    assert portal("deadletters", "discard", letter["id"], "--why", "x").exit_code == 0
    said = document(portal("deadletters", "show", letter["id"], "--values", "--json"))
    assert (said["sent"], said["answered"], said["row"]) == (None, None, None)
