import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.ledger import store
from idp_core.ledger.tables import project_lock

NOW = datetime(2030, 1, 1, 12, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def run(engine):
    with writing(engine) as conn:
        return store.start_run(conn, "sync", now=NOW)


def letter(key="1", reason="not an e-mail", *, stage="map", place="page 1", **more):
    reasons = [{"field": "email", "step": "email", "reason": reason}]
    more = {"row": {"Email": "a(at)b"}} | more
    return store.DeadLetter("crm", stage, key, place, reasons, **more)


def test_a_run_tells_how_it_ended(engine, run):
    with writing(engine) as conn:
        assert store.read_run(conn, run.id) == run
        store.end_run(conn, run.id, store.RunStatus.FAILED, counts={"read": 3}, error="no route")
    with reading(engine) as conn:
        (ended,) = store.list_runs(conn, job="sync", status=store.RunStatus.FAILED)
        assert (ended.counts, ended.error) == ({"read": 3}, "no route")
        assert store.read_run(conn, "unknown") is None


def test_a_step_that_is_done_is_not_begun_again(engine, run):
    with writing(engine) as conn:
        assert store.start_step(conn, run.id, "extract", "crm")
        store.end_step(conn, run.id, "extract", "crm", error="timed out")
        assert store.start_step(conn, run.id, "extract", "crm")
        store.end_step(conn, run.id, "extract", "crm", counts={"rows": 5})
        assert not store.start_step(conn, run.id, "extract", "crm")
    with reading(engine) as conn:
        (step,) = store.read_steps(conn, run.id)
    assert (step.status, step.attempts, step.counts) == (store.StepStatus.DONE, 2, {"rows": 5})


def test_a_page_and_its_cursor_commit_together_or_not_at_all(engine, run):
    cursor = store.Cursor("2020-01-31", "003A", "m@1")
    with engine.connect() as conn:
        store.land_page(conn, run.id, "crm", "Contact", "p/1", 10, cursor=cursor)
        conn.rollback()
    with writing(engine) as conn:
        assert store.read_cursor_of(conn, "crm", "Contact") is None
        assert store.pages_to_map(conn, "crm") == []
        first = store.land_page(conn, run.id, "crm", "Contact", "p/1", 10, cursor=cursor)
        again = store.land_page(conn, run.id, "crm", "Contact", "p/1", 12, cursor=cursor)
        assert again > 0
        assert first > 0
    with writing(engine) as conn:
        assert store.read_cursor_of(conn, "crm", "Contact") == cursor
        (page,) = store.pages_to_map(conn, "crm")
        assert (page.rows, page.mapped) == (12, False)
        store.mark_mapped(conn, [page.id], now=NOW)
        assert store.pages_to_map(conn, "crm") == []
        assert [p.mapped for p in store.pages_of(conn, run.id)] == [True]
        assert store.forget_mapped(conn, NOW) == []
        assert store.forget_mapped(conn, NOW + timedelta(1)) == ["p/1"]
        store.forget_cursor(conn, "crm")
        assert store.read_cursor_of(conn, "crm", "Contact") is None


def test_the_same_refusal_twice_is_one_dead_letter(engine, run):
    with writing(engine) as conn:
        assert store.put_letters(conn, run.id, [letter(), letter("2")], now=NOW) == 2
        assert store.put_letters(conn, run.id, [letter(reason="still not")]) == 0
        found = store.list_letters(conn, source="crm", stage="map", run=run.id)
        assert [each.key for each in found] == ["1", "2"]
        assert found[0].reasons[0]["reason"] == "still not"
        assert found[0].row == {"Email": "a(at)b"}
        assert found[0].created_at == NOW
        assert store.count_letters(conn) == {("crm", "map"): 2}
        assert store.read_letters(conn, [found[0].id]) == [found[0]]


def test_a_closed_letter_lets_go_of_the_row_and_a_new_refusal_is_a_new_letter(engine, run):
    with writing(engine) as conn:
        store.put_letters(conn, run.id, [letter(), letter(None), letter("3")])
        assert store.settle_letters(conn, "crm", ["1", "9"]) == 1
        (settled,) = store.list_letters(conn, status="replayed")
        assert settled.row is None
        assert store.close_letters(conn, [settled.id], "discarded") == 0
        assert store.put_letters(conn, run.id, [letter()]) == 1


def test_a_refusal_without_key_is_known_by_its_place(engine, run):
    with writing(engine) as conn:
        assert store.put_letters(conn, run.id, [letter(None), letter(None)]) == 1
        assert store.put_letters(conn, run.id, [letter(None)]) == 0
        assert store.put_letters(conn, run.id, []) == 0


def test_quality_results_are_kept_per_run(engine, run):
    result = store.QualityResult(run.id, "crm", "customers", success=True, result={"n": 1})
    with writing(engine) as conn:
        store.save_quality(conn, result)
        store.save_quality(conn, result)
    with reading(engine) as conn:
        assert store.read_quality(conn, run.id) == [result]


def test_two_runs_of_one_project_do_not_overlap(engine, run):
    with store.project_lock_of(engine, "demo", run.id) as before:
        assert before is None
        with pytest.raises(store.ProjectLockedError, match=run.id), writing(engine) as conn:
            store.take_lock(conn, "demo", "other")
    with writing(engine) as conn:
        assert store.read_lock(conn, "demo") is None
        assert store.take_lock(conn, "demo", "other") is None


def test_the_lock_of_a_dead_process_is_taken_over(engine, run):
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    with writing(engine) as conn:
        store.take_lock(conn, "demo", run.id)
        conn.execute(sa.update(project_lock).values(pid=child.pid))
        assert store.take_lock(conn, "demo", "other").run == run.id
        stopped = store.read_run(conn, run.id)
        assert stopped.status is store.RunStatus.STOPPED
        assert stopped.error == "its process ended without a word"


def test_whoever_holds_the_project_ends_what_killed_runs_left_open(engine, run):
    with writing(engine) as conn:
        mine = store.start_run(conn, "sync")
        store.start_step(conn, run.id, "extract", "crm")
        store.start_step(conn, mine.id, "extract", "crm")
        assert store.take_lock(conn, "demo", mine.id) is None
        assert store.read_run(conn, run.id).status is store.RunStatus.STOPPED
        (step,) = store.read_steps(conn, run.id)
        assert step.status is store.StepStatus.FAILED
        assert step.ended_at is not None
        assert store.read_run(conn, mine.id).status is store.RunStatus.RUNNING
        (step,) = store.read_steps(conn, mine.id)
        assert step.status is store.StepStatus.RUNNING


def test_a_run_that_ended_keeps_its_end_when_its_lock_is_taken_over(engine, run):
    with writing(engine) as conn:
        store.take_lock(conn, "demo", run.id)
        store.end_run(conn, run.id, store.RunStatus.SUCCEEDED)
        conn.execute(sa.update(project_lock).values(pid=os.getpid(), started="1"))
        store.take_lock(conn, "demo", "other")
        assert store.read_run(conn, run.id).status is store.RunStatus.SUCCEEDED


def test_a_process_that_got_the_number_of_a_dead_one_is_not_taken_for_it(engine, run):
    with writing(engine) as conn:
        store.take_lock(conn, "demo", run.id)
        conn.execute(sa.update(project_lock).values(pid=os.getpid(), started="1"))
        assert store.take_lock(conn, "demo", "other").run == run.id


def test_on_another_host_the_heartbeat_tells(engine, run):
    with writing(engine) as conn:
        store.take_lock(conn, "demo", run.id, now=NOW)
        conn.execute(sa.update(project_lock).values(host="elsewhere"))
        assert store.beat_lock(conn, "demo", run.id, now=NOW + timedelta(minutes=2))
        assert not store.beat_lock(conn, "demo", "other")
        with pytest.raises(store.ProjectLockedError, match="elsewhere"):
            store.take_lock(conn, "demo", "other", now=NOW + timedelta(minutes=4))
        assert store.take_lock(conn, "demo", "other", now=NOW + timedelta(minutes=6)).pid


def test_reprs_show_no_value():
    assert "a(at)b" not in repr(letter())
    assert "003A" not in repr(store.Cursor("v", "003A", "m"))


def test_rows_of_one_key_at_several_places_are_all_kept(engine, run):
    twins = [letter("7", place="row 1"), letter("7", place="row 9")]
    with writing(engine) as conn:
        assert store.put_letters(conn, run.id, twins) == 2
        assert store.put_letters(conn, run.id, twins) == 0
        assert store.settle_letters(conn, "crm", ["7"]) == 2


def test_a_refusal_without_key_is_known_by_its_row_wherever_it_stands(engine, run):
    with writing(engine) as conn:
        assert store.put_letters(conn, run.id, [letter(None, place="row 5")]) == 1
        assert store.put_letters(conn, run.id, [letter(None, place="row 6")]) == 0
        other = letter(None, place="row 5", row={"Email": "other"})
        assert store.put_letters(conn, run.id, [other]) == 1
        assert len(store.list_letters(conn)) == 2


def test_what_could_not_be_read_is_known_by_its_place(engine, run):
    with writing(engine) as conn:
        for raw in ("a;b", "a;c"):
            given = letter(None, stage="read", place="a.csv:5", row={"raw": raw})
            store.put_letters(conn, run.id, [given])
        (kept,) = store.list_letters(conn)
    assert kept.row == {"raw": "a;c"}


def test_a_letter_keeps_types_and_who_closed_it_and_why(engine, run):
    with writing(engine) as conn:
        store.put_letters(conn, run.id, [letter(types={"Email": "VARCHAR"})])
        (kept,) = store.list_letters(conn, source="crm")
        assert kept.types == {"Email": "VARCHAR"}
        assert store.letters_like(conn, kept.id[-12:]) == [kept]
        assert store.letters_like(conn, "%") == []
        store.close_letters(conn, [kept.id], "discarded", who="ann", why="a test row", now=NOW)
        (closed,) = store.read_letters(conn, [kept.id])
    assert (closed.closed_by, closed.closed_why, closed.closed_at) == ("ann", "a test row", NOW)


def test_letters_are_counted_for_all_that_is_open_or_for_a_run(engine, run):
    with writing(engine) as conn:
        other = store.start_run(conn, "sync")
        store.put_letters(conn, run.id, [letter("1"), letter("2")])
        store.put_letters(conn, other.id, [letter("2")])
        store.settle_letters(conn, "crm", ["2"])
        assert store.count_letters(conn) == {("crm", "map"): 1}
        assert store.count_letters(conn, run.id) == {("crm", "map"): 1}
        assert store.count_letters(conn, other.id) == {("crm", "map"): 1}


def test_quality_results_of_all_runs_come_latest_first(engine, run):
    with writing(engine) as conn:
        later = store.start_run(conn, "sync")
        for moment, id_ in ((NOW, run.id), (NOW + timedelta(1), later.id)):
            for source in ("crm", "shop"):
                given = store.QualityResult(id_, source, "s", success=True, result={})
                store.save_quality(conn, given, now=moment)
        found = store.list_quality(conn)
        assert [(each.run, each.source) for each in found] == [
            (later.id, "crm"),
            (later.id, "shop"),
            (run.id, "crm"),
            (run.id, "shop"),
        ]
        (latest,) = store.list_quality(conn, source="shop", limit=1)
        assert latest.run == later.id


def test_a_run_is_found_by_the_end_of_its_id(engine, run):
    with reading(engine) as conn:
        assert store.runs_like(conn, run.id[-12:]) == [run]
        assert store.runs_like(conn, "_") == []


def test_of_each_step_of_each_source_the_last_attempt_is_told(engine, run):
    later = NOW + timedelta(hours=1)
    with writing(engine) as conn:
        again = store.start_run(conn, "sync", now=later)
        for number, (each, at) in enumerate([(run, NOW), (again, later)]):
            store.start_step(conn, each.id, "extract", "crm", now=at)
            store.end_step(conn, each.id, "extract", "crm", counts={"rows": number}, now=at)
        store.start_step(conn, run.id, "extract", "shop", now=NOW)
        store.start_step(conn, run.id, "resolve", now=NOW)
    with reading(engine) as conn:
        found = store.last_steps(conn)
    assert set(found) == {("extract", "crm"), ("extract", "shop"), ("resolve", "")}
    assert (found["extract", "crm"].run, found["extract", "crm"].counts) == (again.id, {"rows": 1})
    assert found["extract", "shop"].run == run.id
