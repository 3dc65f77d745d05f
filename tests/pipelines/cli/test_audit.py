"""``isthmus audit``: what was done to accounts, and whether anybody touched the log of it."""

from __future__ import annotations

import csv
import io

import pytest
import sqlalchemy as sa

from idp_core.db.engine import writing
from tests.pipelines.cli.conftest import document
from tests.pipelines.small import BAD, GOOD, Small


@pytest.fixture
def small(tmp_path):
    return Small(tmp_path / "small", f"sqlite:///{tmp_path / 'small.db'}")


def touch(small, statement):
    with small.bus() as bus, writing(bus.engine) as conn:
        conn.execute(sa.text(statement))


def test_operations_are_listed_by_profile_target_run_and_time(isthmus, small):
    small.sync(GOOD, targets=["portal"])
    (made,) = document(isthmus("audit", "operations", "--json"))
    assert (made["action"], made["cause"], made["outcome"]) == ("create", "new", "done")
    assert made["actor"].startswith("manual:")
    run = document(isthmus("runs", "list", "--json"))[0]["id"]
    assert made["run"] == run
    table = isthmus("audit", "operations").stdout
    assert made["profile"] in table
    assert "ann" not in table.lower().replace("manual:ann", "")
    for words, count in (
        (("--profile", made["profile"], "--target", "portal", "--run", run[-12:]), 1),
        (("--profile", "nobody"), 0),
        (("--target", "other"), 0),
        (("--until", "2020-01-01"), 0),
        (("--since", "2020-01-01T00:00:00+0100"), 1),
    ):
        assert len(document(isthmus("audit", "operations", "--json", *words))) == count
    (row,) = csv.DictReader(io.StringIO(isthmus("audit", "operations", "--csv").stdout))
    assert row["profile"] == made["profile"]
    assert row["digest"] == made["digest"]
    nowhere = isthmus("audit", "operations", "--run", "nowhere")
    assert nowhere.exit_code == 1
    assert "no runs have an id that ends in 'nowhere'" in nowhere.stderr


def test_a_log_that_somebody_touched_is_told(isthmus, small):
    small.sync(GOOD, targets=["portal"])
    assert document(isthmus("audit", "verify", "--json"))["operations"] == 1
    touch(small, "UPDATE operation SET outcome = 'failed'")
    broken = isthmus("audit", "verify")
    assert broken.exit_code == 1
    assert "breaks at entry 1" in broken.stdout


def test_a_host_without_the_secret_begins_no_second_chain(isthmus, small):
    small.sync(GOOD, targets=["portal"])
    (key,) = small.folder.rglob("master.key")
    key.rename(key.with_suffix(".away"))
    refused = isthmus("audit", "verify")
    assert refused.exit_code == 2
    assert "master secret that is not here" in refused.stderr
    assert not key.exists()


def test_whoever_approves_or_refuses_a_plan_is_in_the_log(isthmus, small):
    small.sync(GOOD)
    isthmus("plan", "portal")
    refused = isthmus("refuse", "portal", "--why", "not now", "--who", "bo")
    assert refused.exit_code == 0
    assert document(isthmus("audit", "verify", "--json"))["entries"] == 1


def test_what_people_decide_is_in_the_log_without_values_and_reasons(isthmus, small):
    small.sync(GOOD, BAD, targets=["portal"])
    (one, *_) = document(isthmus("audit", "operations", "--json"))
    gid = one["profile"]
    said = ("--why", "Ann Secret asked", "--who", "bo")
    for words in (
        ("profile", "set", gid, "given_name", "Annabel", *said),
        ("profile", "release", gid, "given_name", "--who", "bo"),
        ("deadletters", "discard", "--source", "crm", *said),
    ):
        done = isthmus(*words)
        assert done.exit_code == 0, done.stderr
    found = document(isthmus("audit", "list", "--actor", "operator:bo", "--json"))
    assert [each["kind"] for each in found] == [
        "deadletters.discarded",
        "profile.released",
        "profile.overridden",
    ]
    assert found[1]["data"] == {"gid": gid, "attribute": "given_name"}
    assert "Annabel" not in str(found)
    assert "Secret" not in str(found)
    assert len(document(isthmus("audit", "list", "--kind", "profile", "--json"))) == 2
    assert document(isthmus("audit", "list", "--kind", "prof", "--json")) == []
    assert document(isthmus("audit", "list", "--until", "2020-01-01", "--json")) == []
    assert "profile.overridden" in isthmus("audit", "list").stdout
    assert "there are more than these 1" in isthmus("audit", "list", "--limit", "1").stderr
    rows = list(csv.DictReader(io.StringIO(isthmus("audit", "list", "--csv").stdout)))
    assert rows[0]["kind"] == "deadletters.discarded"
    assert isthmus("audit", "verify").exit_code == 0
