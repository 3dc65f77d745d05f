"""Replay and discard: what passes by now is stored, nothing older overwrites news."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import memory
from connectors.errors import RejectedError
from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from pipelines.deadletters import discard, find_letter, open_letters, replay
from pipelines.errors import BusyError, JobError
from pipelines.running import running
from tests.pipelines.small import BAD, GOOD, LENIENT, MENDED, NAMED, Small

SLOW = ("postgresql",)


@pytest.fixture
def small(tmp_path, database_url):
    return Small(tmp_path / "small", database_url)


@pytest.fixture
def flowing(tmp_path, database_url):
    """The same, read by cursor."""
    return Small(tmp_path / "small", database_url, mode="cursor")


def again(small, **chosen):
    with small.bus() as bus:
        return replay(bus, open_letters(bus, **chosen))


def test_a_row_that_passes_by_now_is_stored_and_its_letter_closed(small):
    small.sync(GOOD, BAD)
    small.map(LENIENT)
    report = again(small)
    assert (report.stored, report.problems) == (1, [])
    assert report.golden["created"] == 1
    assert small.held() == {"1": "ann@example.com", "2": "bob(at)example"}
    assert small.letters() == []
    (closed,) = small.letters("replayed")
    assert closed.row is None
    assert report.run in closed.closed_why


def test_a_row_that_does_not_pass_keeps_its_letter_with_todays_reasons(small):
    small.sync(GOOD, BAD)
    (before,) = small.letters()
    small.map("trim, date")
    report = again(small)
    (after,) = small.letters()
    assert report.sources["crm"].open == [after]
    assert after.id == before.id
    assert (after.run, after.seen_at, after.row) == (before.run, before.seen_at, before.row)
    assert before.reasons[0]["step"] == "email"
    assert after.reasons[0]["step"] == "date"
    assert small.held() == {"1": "ann@example.com"}


def test_replaying_twice_is_replaying_once(small):
    small.sync(GOOD, BAD)
    small.map(LENIENT)
    again(small)
    held = small.held()
    assert again(small).sources == {}
    assert small.held() == held


KEYLESS = BAD | {"id": "", "name": "K7"}
K7 = GOOD | {"id": "K7"}
SPRING, SUMMER = "2020-03-01T00:00:00Z", "2020-06-01T00:00:00Z"
MANY = [{"id": f"m{n}", "mail": f"{n}@b.example", "at": SUMMER} for n in range(60)]


def test_an_older_row_does_not_overwrite_what_its_source_said_since(flowing):
    flowing.sync(KEYLESS | {"at": SPRING})
    flowing.sync(K7 | {"at": SUMMER})
    flowing.map(LENIENT, key=NAMED)
    assert again(flowing).stored == 0
    assert flowing.held() == {"K7": "ann@example.com"}
    (closed,) = flowing.letters("discarded")
    assert closed.closed_why == "the source has said something newer of it"


def test_a_later_row_replaces_an_older_one_that_the_same_run_stored(small):
    small.sync(KEYLESS | {"at": SUMMER}, K7 | {"at": SPRING})
    small.map(LENIENT, key=NAMED)
    assert again(small).stored == 1
    assert small.held() == {"K7": "bob(at)example"}


def test_where_no_row_tells_its_time_the_later_run_counts(flowing):
    flowing.map(at="")
    flowing.sync(KEYLESS | {"at": SPRING})
    flowing.sync(K7 | {"at": SUMMER})
    flowing.map(LENIENT, key=NAMED, at="")
    assert again(flowing).stored == 0
    assert flowing.held() == {"K7": "ann@example.com"}


def test_where_nobody_can_tell_which_row_is_newer_the_letter_stays(small):
    small.sync(KEYLESS, K7)
    small.map(LENIENT, key=NAMED)
    assert again(small).stored == 0
    (left,) = small.letters()
    assert "which is newer cannot be told" in left.reasons[0]["reason"]
    assert left.key == "K7"
    assert small.held() == {"K7": "ann@example.com"}


def test_a_record_that_was_deleted_since_does_not_come_back(flowing):
    flowing.sync(KEYLESS | {"at": SUMMER})
    flowing.sync(K7 | {"at": SUMMER})
    flowing.sync(K7 | {"at": SUMMER, "gone": True})
    flowing.map(LENIENT, key=NAMED)
    assert again(flowing).stored == 0
    assert flowing.held() == {}


def test_a_letter_of_a_key_that_is_deleted_and_back_stays_until_its_row_passes(flowing):
    flowing.sync(K7 | {"at": SPRING})
    flowing.sync(K7 | {"at": SUMMER, "gone": True})
    flowing.sync(K7 | {"at": SUMMER, "mail": "ann(at)example"})
    assert [each.key for each in flowing.letters()] == ["K7"]
    flowing.sync(GOOD | {"at": SUMMER})
    assert [each.key for each in flowing.letters()] == ["K7"]


def test_a_deletion_closes_the_letters_of_its_key(flowing):
    flowing.sync(BAD | {"at": SPRING})
    flowing.sync(BAD | {"at": SUMMER, "gone": True})
    assert flowing.letters() == []
    (closed,) = flowing.letters("discarded")
    assert closed.closed_why == "the source deleted it"


def test_a_deletion_that_was_refused_deletes_when_it_passes(flowing):
    flowing.map(key="nullif(p.id, '')")
    flowing.sync(K7 | {"at": SPRING})
    flowing.sync(*MANY, KEYLESS | {"at": SUMMER, "gone": True})
    flowing.map(LENIENT, key=NAMED)
    assert again(flowing).sources["crm"].counts == {"deleted": 1}
    assert "K7" not in flowing.held()
    assert flowing.letters() == []


def test_a_row_that_the_mapping_leaves_out_by_now_is_let_go(small):
    small.sync(GOOD, BAD)
    small.map(where="p.id <> '2'")
    assert again(small).sources["crm"].counts == {"left_out": 1}
    (closed,) = small.letters("discarded")
    assert closed.closed_why == "the mapping's where leaves it out"


def test_two_rows_of_one_key_are_judged_together_even_if_one_is_asked_for(small):
    small.sync(*MANY, GOOD, GOOD)
    first, second = small.letters()
    assert first.key == second.key == "1"
    report = again(small, ids=[first.id])
    assert report.sources["crm"].counts == {"open": 2}


def test_a_step_that_fails_the_run_keeps_its_row_from_passing(small):
    small.sync(GOOD, BAD)
    small.map("trim, email", on_error="fail")
    assert again(small).stored == 0
    (left,) = small.letters()
    assert left.reasons[0]["step"] == "email"


def test_by_cursor_only_the_latest_row_of_a_key_counts(flowing):
    flowing.sync(BAD | {"at": SPRING})
    (kept,) = flowing.letters()
    with flowing.bus() as bus, writing(bus.engine) as conn:
        later = ledger.start_run(conn, "sync")
        row = {**kept.row, "mail": "new@example.com"}
        newer = ledger.DeadLetter("crm", "check", "2", "row 1", (), row)
        ledger.put_letters(conn, later.id, [newer])
    flowing.map(LENIENT)
    assert again(flowing).sources["crm"].counts == {"stored": 1, "outdated": 1}
    assert flowing.held() == {"2": "new@example.com"}


def test_what_was_no_row_is_told_how_to_be_mended(small):
    small.sync(GOOD)
    with small.bus() as bus, writing(bus.engine) as conn:
        (run, *_) = ledger.list_runs(conn)
        letter = ledger.DeadLetter("crm", "read", None, "crm.csv:17", (), {"raw": "a;b;c"})
        other = ledger.DeadLetter("gone", "map", "1", "row 1", (), {"id": "1"})
        ledger.put_letters(conn, run.id, [letter, other])
    report = again(small)
    advice = {each.letter.source: each.advice for each in report.left}
    assert "mend crm.csv:17 and run isthmus sync --source crm" in advice["crm"]
    assert "no source 'gone' any more" in advice["gone"]
    assert len(small.letters()) == 2


def test_a_broken_mapping_leaves_the_letters_as_they_were_and_is_told(small):
    small.sync(GOOD, BAD)
    small.map("lowr")
    report = again(small)
    (problem,) = report.problems
    assert "unknown step 'lowr'" in str(problem)
    assert len(small.letters()) == 1
    with small.bus() as bus, reading(bus.engine) as conn:
        assert ledger.read_run(conn, report.run).status is ledger.RunStatus.FAILED


def test_a_letter_is_known_by_the_end_of_its_id(small):
    small.sync(GOOD, BAD)
    (letter,) = small.letters()
    with small.bus() as bus:
        assert find_letter(bus, letter.id[-12:]) == letter
        for wrong in ("", "%", "zzz"):
            with pytest.raises(JobError, match="no dead letter's id ends in"):
                find_letter(bus, wrong)


def test_a_discarded_letter_lets_go_of_its_row_and_keeps_who_and_why(small):
    small.sync(GOOD, BAD)
    (letter,) = small.letters()
    with small.bus() as bus:
        assert discard(bus, [letter], who="ann", why="a test row") == 1
        with pytest.raises(JobError, match="is discarded already"):
            open_letters(bus, ids=[letter.id])
    (closed,) = small.letters("discarded")
    assert (closed.closed_by, closed.closed_why, closed.row) == ("ann", "a test row", None)


def test_a_replay_waits_for_no_other_run(small):
    small.sync(GOOD, BAD)
    with small.bus() as bus, running(bus, "sync", "test"), pytest.raises(BusyError):
        replay(bus, open_letters(bus))


mails = st.sampled_from(["ann@b.example", "bob(at)b.example", " x ", "", "eve(at)", None])
sources = st.lists(st.fixed_dictionaries({"mail": mails, "gone": st.booleans()}), max_size=6)


@settings(max_examples=5)
@given(sources)
def test_a_mended_mapping_and_a_replay_are_as_good_as_a_read_with_it(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("law")
    rows = [{"id": str(n), "name": "Lee", **row} for n, row in enumerate(rows)]
    late, early = (
        Small(folder / name, f"sqlite:///{folder / name}.db") for name in ("late", "early")
    )
    late.rows(*rows)
    late.sync()
    late.map(mail=MENDED)
    again(late)
    early.map(mail=MENDED)
    early.rows(*rows)
    early.sync()
    assert late.held() == early.held()
    left = [(each.stage, each.key, each.reasons, each.row) for each in late.letters()]
    assert left == [(each.stage, each.key, each.reasons, each.row) for each in early.letters()]


BOB = GOOD | {"id": "2", "mail": "bob@example.com", "name": "Ray"}


@pytest.fixture
def refusing(monkeypatch):
    """E-mail addresses that the target refuses."""
    names = set()
    written = memory._written

    def refuse(accounts, change, where):
        if change.after.get("userName") in names:
            raise RejectedError("userName: not one of ours")
        return written(accounts, change, where)

    monkeypatch.setattr(memory, "_written", refuse)
    return names


def users(small):
    return sorted(a.attributes["userName"] for a in small.store.accounts["User"].values())


def test_a_change_that_a_target_refused_is_sent_again_alone(small, refusing):
    refusing.add("bob@example.com")
    small.sync(GOOD, BOB, targets=["portal"])
    (letter,) = small.letters()
    assert (letter.stage, letter.source) == ("apply", "portal")
    small.sync(GOOD, BOB, BAD | {"id": "3", "mail": "eve@example.com", "name": "Poe"})
    refusing.clear()
    report = again(small)
    assert report.targets["portal"].closed == 1
    assert small.letters() == []
    assert users(small) == ["ann@example.com", "bob@example.com"]


def test_a_change_that_is_refused_again_keeps_its_letter(small, refusing):
    refusing.add("bob@example.com")
    small.sync(GOOD, BOB, targets=["portal"])
    (before,) = small.letters()
    (left,) = again(small).targets["portal"].open
    assert (left.id, left.created_at) == (before.id, before.created_at)
    assert left.seen_at > before.seen_at
    assert "not one of ours" in left.reasons[0]["reason"]


def test_a_refused_change_that_nobody_wants_any_more_is_closed_by_the_next_plan(small, refusing):
    refusing.add("bob@example.com")
    small.sync(GOOD, BOB, targets=["portal"])
    small.sync(GOOD, targets=["portal"])
    assert small.letters() == []
    assert [each.key is not None for each in small.letters("replayed")] == [True]


def test_a_refused_change_that_a_later_run_does_is_closed_by_it(small, refusing):
    refusing.add("bob@example.com")
    small.sync(GOOD, BOB, targets=["portal"])
    refusing.clear()
    small.sync(targets=["portal"])  # the very same change: not sent again, and still told
    assert (users(small), len(small.letters())) == (["ann@example.com"], 1)
    small.sync(GOOD, BOB | {"name": "Roy"}, targets=["portal"])
    assert users(small) == ["ann@example.com", "bob@example.com"]
    assert small.letters() == []


def test_a_change_that_the_guards_hold_is_not_sent_by_a_replay(small, refusing):
    small.sync(GOOD, BOB, targets=["portal"])
    refusing.add("ann@new.example")
    small.sync(GOOD | {"mail": "ann@new.example"}, BOB, targets=["portal"])
    (letter,) = small.letters()
    assert letter.place.startswith("update")
    refusing.clear()
    small.rows(BOB)
    small.sync()  # Ann is gone: a removal, and one of two is too much
    settings = (small.folder / "isthmus.yaml").read_text("utf-8")
    (small.folder / "isthmus.yaml").write_text(settings.replace("percent: 50", "percent: 5"))
    (left,) = again(small).targets["portal"].open
    assert "isthmus apply portal --hash" in left.reasons[0]["reason"]
    assert users(small) == ["ann@example.com", "bob@example.com"]
    assert all(
        a.attributes.get("active") is not False for a in small.store.accounts["User"].values()
    )
