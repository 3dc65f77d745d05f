from datetime import UTC, datetime, timedelta

from idp_core.db import bulk
from idp_core.db.engine import reading, writing
from idp_core.db.types import utc_text
from idp_core.provisioning import accounts, journal, plans
from idp_core.provisioning.model import (
    AccountState,
    Entry,
    EntryState,
    ManagedAccount,
    Pending,
    PlanRecord,
    PlanStatus,
    Written,
)
from idp_core.provisioning.tables import refusal

NOW = datetime(2030, 1, 1, 12, 30, 0, 123456, tzinfo=UTC)


def account(gid="g1", **more):
    values = {"key": gid, "remote_id": "r1", "state": AccountState.ACTIVE} | more
    return ManagedAccount("crm", "User", gid, **values)


def plan(id_="p1", hash_="a" * 64, status=PlanStatus.PLANNED, made_at=NOW):
    return PlanRecord(
        id_, hash_, "crm", "User", "push", status, 3, {"create": 1}, made_at, ("why",)
    )


def item(number=1, gid="g1"):
    return number, gid, {"number": number, "value": "é\U0001f600"}


def entry(number=1, state=EntryState.UNCERTAIN, **more):
    values = {"remote_id": None, "attempts": 1, "error": None, "intended_at": NOW} | more
    return Entry("p1", number, "crm", "User", "g1", "create", "g1", state=state, **values)


def pending(number=1, **more):
    return Pending("p1", number, "g1", "create", 1, NOW)._replace(**more)


def intend(conn, *those):
    lines = [(*each[1:5], utc_text(each.intended_at)) for each in those]
    journal.put_intents(conn, "p1", "crm", "User", lines)


def test_an_account_comes_back_as_it_was_saved(engine):
    saved = account(
        pushed={'emails[type eq "work"].value': "é@b.c", "active": False, "n": [1, {"a": None}]},
        profile_digest="d",
        left_at=NOW,
        version='W/"1"',
    )
    with writing(engine) as conn:
        accounts.save_accounts(conn, [saved])
        accounts.save_accounts(conn, [saved, account("g2")])
    with reading(engine) as conn:
        assert accounts.read_accounts(conn, "crm", "User")["g1"] == saved
        assert set(accounts.read_accounts(conn, "crm", "User", ["g2"])) == {"g2"}
        assert accounts.accounts_of(conn, "g1") == [saved]
        assert accounts.count_accounts(conn, "crm", "User") == {AccountState.ACTIVE: 2}


def test_another_targets_accounts_are_another_matter(engine):
    with writing(engine) as conn:
        accounts.save_accounts(conn, [account()])
        accounts.forget_accounts(conn, "erp", "User", ["g1"])
    with reading(engine) as conn:
        assert accounts.read_accounts(conn, "erp", "User") == {}
        assert set(accounts.read_accounts(conn, "crm", "User")) == {"g1"}


def test_the_same_plan_is_stored_once_and_another_one_takes_its_place(engine):
    with writing(engine) as conn:
        first = plans.save_plan(conn, plan(), [item()])
        same = plans.save_plan(conn, plan("p2", made_at=NOW + timedelta(1)), [item()])
        assert same.id == first.id == "p1"
        other = plans.save_plan(conn, plan("p3", "b" * 64, made_at=NOW + timedelta(2)), [])
        assert other.id == "p3"
    with reading(engine) as conn:
        assert plans.read_plan(conn, "p1").status is PlanStatus.SUPERSEDED
        assert plans.latest_plan(conn, "crm", "User") == other
        assert list(plans.read_items(conn, "p1")) == [(1, item()[2])]


def test_an_approval_names_who_when_and_why_and_is_kept(engine):
    with writing(engine) as conn:
        stored = plans.save_plan(conn, plan(status=PlanStatus.WAITING), [])
        given = plans.approve_plan(conn, stored, "ann", "the shop closed", NOW)
        assert plans.approve_plan(conn, stored, "bob", "me too") == given
        again = plans.save_plan(conn, plan("p2", status=PlanStatus.WAITING), [])
        assert again.status is PlanStatus.APPROVED
    with reading(engine) as conn:
        assert plans.read_approval(conn, "p1") == given
        assert plans.read_approval(conn, "p2") is None


def test_a_plan_is_found_by_the_beginning_of_its_hash_if_that_is_unique(engine):
    with writing(engine) as conn:
        plans.save_plan(conn, plan("p1", "abc1" + "0" * 60), [])
        plans.save_plan(conn, plan("p2", "abc2" + "0" * 60), [])
    with reading(engine) as conn:
        assert plans.find_plan(conn, "crm", "abc1").id == "p1"
        assert plans.find_plan(conn, "crm", "abc") is None
        assert plans.find_plan(conn, "crm", "%") is None


def test_the_journal_tells_what_is_open_and_what_became_of_the_rest(engine):
    with writing(engine) as conn:
        plans.save_plan(conn, plan(), [])
        journal.write_entries(conn, [entry(1), entry(2)])
        done = entry(1, EntryState.DONE, remote_id="r1", ended_at=NOW)
        journal.write_entries(conn, [done])
        intend(conn, pending(2, attempts=2), pending(3, intended_at=NOW - timedelta(1)))
    with reading(engine) as conn:
        again = pending(2, attempts=2)
        assert journal.unsettled(conn, "crm", "User") == [
            pending(3, intended_at=NOW - timedelta(1)),
            again,
        ]
        assert journal.unsettled(conn, "crm", "Group") == []
        assert journal.read_entries(conn, "p1") == [done, entry(2)]


def test_what_is_intended_next_takes_the_place_of_what_was(engine):
    def open_(conn):
        return [each.number for each in journal.unsettled(conn, "crm", "User")]

    with writing(engine) as conn:
        plans.save_plan(conn, plan(), [])
        intend(conn, pending(1), pending(2), pending(3))
        journal.drop_intents(conn, "p1", {2})
        assert open_(conn) == [1, 3]
        intend(conn, pending(4))
        assert open_(conn) == [4]
        journal.drop_intents(conn, "p1", {4, 5})
        assert open_(conn) == []
        intend(conn, pending(6))
        intend(conn)
        assert open_(conn) == []


def test_an_erased_persons_planned_values_are_removed(engine):
    with writing(engine) as conn:
        plans.save_plan(conn, plan(), [item(1, "g1"), item(2, "g2")])
        plans.scrub_items(conn, ["g1"])
    with reading(engine) as conn:
        assert [number for number, _ in plans.read_items(conn, "p1")] == [2]


def test_old_plans_lose_their_items_and_keep_their_heads(engine):
    with writing(engine) as conn:
        for number in range(4):
            at = NOW + timedelta(number)
            record = plan(f"p{number}", str(number) * 64, made_at=at)
            plans.save_plan(conn, record, [item()])
            plans.set_status(conn, record.id, PlanStatus.APPLIED, at)
        plans.prune_plans(conn, "crm", keep=1)
    with reading(engine) as conn:
        kept = [n for n in range(4) if list(plans.read_items(conn, f"p{n}"))]
        assert kept == [3]
        assert plans.read_plan(conn, "p0") is not None


def test_reprs_show_no_value():
    assert "secret" not in repr(account(pushed={"userName": "secret"}))


def test_a_plan_whose_outcomes_are_open_keeps_its_items(engine):
    with writing(engine) as conn:
        plans.save_plan(conn, plan(), [item()])
        plans.set_status(conn, "p1", PlanStatus.SUPERSEDED, NOW)
        intend(conn, pending(1))
        plans.prune_plans(conn, "crm", keep=0)
        intend(conn)
        journal.write_entries(conn, [entry(1)])
        plans.prune_plans(conn, "crm", keep=0)
        assert list(plans.read_items(conn, "p1"))
        journal.write_entries(conn, [entry(1, EntryState.DONE)])
        plans.prune_plans(conn, "crm", keep=0)
        assert not list(plans.read_items(conn, "p1"))


def test_an_account_is_saved_as_a_write_left_it_and_shows_no_values(engine):
    planned = account(pushed={"userName": "Ann@b.c"}, remote_id=None)
    written = Written(planned, "r7", 'W/"2"', {"userName": "ann@b.c"})
    with writing(engine) as conn:
        accounts.save_written(conn, [written])
    with reading(engine) as conn:
        saved = accounts.read_accounts(conn, "crm", "User")["g1"]
    assert Written.of(saved)[1:] == written[1:]
    assert saved.pushed == planned.pushed
    assert "b.c" not in repr(written)


def saved_over(engine, first, then):
    with writing(engine) as conn:
        accounts.save_accounts(conn, first)
        accounts.save_accounts(conn, then)
        return accounts.read_accounts(conn, "crm", "User")


def test_accounts_that_keep_their_id_are_written_over(engine):
    then = [account(gid, key="new", pushed={"a": gid}) for gid in ("g1", "g2")]
    found = saved_over(engine, [account("g1"), account("g2"), account("g3")], then)
    assert found == {each.gid: each for each in (*then, account("g3"))}


def test_of_accounts_written_over_those_that_are_not_there_or_have_another_id_are_stored_too(
    engine,
):
    first = [account("g1"), account("g2", remote_id=None), account("g3", remote_id="r9")]
    then = [account(f"g{n}", remote_id=f"r{n}", pushed={"a": n}) for n in (1, 2, 3, 4)]
    assert saved_over(engine, first, then) == {each.gid: each for each in then}


def test_sqlite_writes_over_what_is_the_same_without_a_look_at_the_rest(engine):
    columns = tuple(column.name for column in refusal.columns)
    rows = [("t", "o", gid, "d", "s", "why", utc_text(NOW)) for gid in ("g1", "g2")]
    with writing(engine) as conn:
        sqlite = conn.dialect.name == "sqlite"
        bulk.insert(conn, refusal, columns, rows)
        assert bulk.update_same(conn, refusal, columns, rows, "digest") is sqlite
        others = [rows[0], ("t", "o", "g2", "another", "s", "why", utc_text(NOW))]
        assert not bulk.update_same(conn, refusal, columns, others, "digest")
