from dataclasses import replace

import pytest

from connectors.errors import (
    ConflictError,
    RejectedError,
)
from connectors.exchange import Exchange
from idp_core.provisioning.model import EntryState
from pipelines.provision.plan import Cause
from pipelines.provision.run import prepare
from pipelines.provision.writing import JournalWriter
from tests.pipelines.provision.runs import crowd, entries, run

SAID = Exchange("POST", "/Users", 400, "invalidValue", "sent-canary", "answered-canary")


def test_a_refused_change_becomes_a_dead_letter_and_the_rest_goes_on(job, target, engine):
    kept = []
    target.refuse[2] = RejectedError("POST /Users: HTTP 400 invalidValue")
    report = run(job(crowd(5), keep=lambda conn, letters: kept.extend(letters)))
    assert report.done == {"create": 4}
    (letter,) = report.letters
    assert kept == [letter]
    assert letter.reason == "POST /Users: HTTP 400 invalidValue"
    assert "@b.c" not in repr(letter)
    states = [entry.state for entry in entries(engine, report.plan_id)]
    assert states.count(EntryState.FAILED) == 1


def test_a_taken_name_says_what_to_do(job, target):
    target.db.execute("insert into users values ('x', null, '0@b.c', '{}', 0)")
    (letter,) = run(job(crowd(1))).letters
    assert letter.reason.endswith("another account holds this; add a match rule for it")


def test_a_refused_change_is_kept_with_what_was_said_and_the_report_is_without(job, target):
    kept = []
    target.refuse[1] = RejectedError("refused").after(SAID)
    report = run(job(crowd(1), keep=lambda conn, letters: kept.extend(letters)))
    assert [each.exchange for each in kept] == [SAID]
    assert [each.exchange for each in report.letters] == [None]
    assert "canary" not in repr(kept)


def test_a_taken_name_is_kept_with_what_was_said(job, target):
    kept = []
    target.refuse[1] = ConflictError("uniqueness").after(SAID)
    run(job(crowd(1), keep=lambda conn, letters: kept.extend(letters)))
    assert [each.exchange for each in kept] == [SAID]


@pytest.mark.parametrize("more", [{"object": "Group"}, {"cause": Cause.ERASED}])
def test_of_a_group_and_of_an_erased_person_no_body_is_kept(job, engine, more):
    prepared = prepare(job(crowd(1)))
    (item,) = prepared.plan.items
    cause = more.get("cause", item.cause)
    account = replace(item.account, object=more.get("object", "User"))
    kept = []
    writer = JournalWriter(engine, prepared.record, lambda _, letters: kept.extend(letters))
    assert list(writer.intend([item], 1)) == [[item]]
    writer.refused(replace(item, cause=cause, account=account), "refused", None, SAID)
    writer.flush()
    assert [each.exchange for each in kept] == [replace(SAID, sent="", answered="")]
