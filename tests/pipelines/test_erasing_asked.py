"""A source says that a person shall be erased: everywhere, once, and not when it lies."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from connectors import memory
from connectors.errors import UnauthorizedError
from idp_core.db.engine import reading
from idp_core.profiles import store
from idp_core.provisioning.receipts import read_receipts
from idp_core.provisioning.tables import unwanted
from pipelines.deadletters import replay
from pipelines.errors import StoppedError
from tests.pipelines.small import LENIENT, Small

SLOW = ("postgresql",)

PEOPLE = [{"id": str(n), "mail": f"p{n}@people.example", "name": f"Name{n}"} for n in range(1, 9)]
ANN = PEOPLE[0]
FORGET = {"id": "1", "mail": "deleted-1(at)nowhere", "name": "Anonymous", "forget": True}
"""Sources often overwrite whom they forget: what they say by then is no news of anybody."""


@pytest.fixture
def small(tmp_path, database_url):
    small = Small(tmp_path / "small", database_url)
    small.map(erase="p.forget")
    small.sync(*PEOPLE, targets=["portal"])
    return small


def gid_of(small, mail=ANN["mail"]):
    with small.bus() as bus, reading(bus.engine) as conn:
        (gid,) = store.find(conn, mail)
        return gid


def mails(small):
    return {a.attributes["userName"] for a in small.store.accounts["User"].values()}


def erasure(small, gid):
    with small.bus() as bus, reading(bus.engine) as conn:
        return store.read_erasure(conn, gid), read_receipts(conn, [gid])


def test_the_person_goes_from_here_and_from_every_target_with_a_receipt(small):
    gid = gid_of(small)
    report = small.sync(FORGET, *PEOPLE[1:], targets=["portal"])
    assert report.problems == ()
    assert report.taken["crm"].to_erase == 1
    assert mails(small) == {each["mail"] for each in PEOPLE[1:]}
    said, (receipt,) = erasure(small, gid)
    assert (said.who, said.records) == ("source:crm", 1)
    assert re.fullmatch("mapping crm@[0-9a-f]{12}: erase", said.why)
    assert (receipt.target, receipt.proof) == ("portal", "gone")
    assert small.letters() == []
    assert set(small.held()) == {each["id"] for each in PEOPLE[1:]}


def test_nothing_stays_of_a_person_who_was_to_have_no_account(small):
    push = small.folder / "mappings/portal.push.yaml"
    push.write_text(push.read_text() + "scope: p.family_name <> 'Outside'\n")
    guest = {"id": "9", "mail": "p9@people.example", "name": "Outside"}
    small.sync(*PEOPLE, guest, targets=["portal"])
    known = sa.select(unwanted.c.gid)
    with small.bus() as bus, reading(bus.engine) as conn:
        assert conn.scalars(known).all() == [gid_of(small, guest["mail"])]
    small.sync(*PEOPLE, guest | {"forget": True}, targets=["portal"])
    with small.bus() as bus, reading(bus.engine) as conn:
        assert conn.scalars(known).all() == []


def test_asked_again_it_is_done_already_and_a_record_never_seen_is_nobody(small):
    small.sync(FORGET, *PEOPLE[1:], targets=["portal"])
    again = small.sync(FORGET, *PEOPLE[1:], FORGET | {"id": "77"}, targets=["portal"])
    assert (again.problems, again.taken["crm"].to_erase) == ((), 0)
    assert "77" not in small.held()
    back = small.sync(*PEOPLE, targets=["portal"])
    assert back.problems == ()
    assert ANN["mail"] not in mails(small)


def test_more_than_can_be_believed_stops_before_anybody_is_erased(small):
    everybody = [each | {"forget": True} for each in PEOPLE]
    report = small.sync(*everybody, targets=["portal"])
    (problem,) = report.problems
    assert isinstance(problem, StoppedError)
    assert "crm: wants 8 of 8 people erased (100% > max_erase 1%). Nobody was erased" in str(
        problem
    )
    assert len(mails(small)) == len(PEOPLE) == len(small.held())
    mended = small.sync(*PEOPLE, targets=["portal"])
    assert (mended.problems, mended.taken["crm"].to_erase) == ((), 0)


def test_a_run_that_only_plans_erases_nobody_yet(small):
    small.rows(FORGET, *PEOPLE[1:])
    with small.bus() as bus:
        from pipelines.jobs import sync

        planned = sync(bus, apply=False)
    assert planned.taken["crm"].to_erase == 1
    assert ANN["mail"] in mails(small)
    small.sync(targets=["portal"])
    assert ANN["mail"] not in mails(small)


def test_a_target_that_cannot_be_used_is_asked_by_the_next_run(small, monkeypatch):
    gid = gid_of(small)

    def refuse(self, changes):
        raise UnauthorizedError("the credentials are refused; renew the token")

    with monkeypatch.context() as patched:
        patched.setattr(memory.Memory, "apply", refuse)
        report = small.sync(FORGET, *PEOPLE[1:])
    assert any("the credentials are refused" in str(each) for each in report.problems)
    assert ANN["mail"] in mails(small)
    assert erasure(small, gid)[1] == []
    report = small.sync(FORGET, *PEOPLE[1:])
    assert report.problems == ()
    assert ANN["mail"] not in mails(small)
    assert [each.proof for each in erasure(small, gid)[1]] == ["gone"]


@pytest.mark.parametrize("step", ["taken", "forgotten", "removed"])
def test_a_run_killed_at_any_step_is_made_good_by_the_next(small, monkeypatch, step):
    gid = gid_of(small)
    places = {
        "taken": "pipelines.jobs.erase_asked",
        "forgotten": "pipelines.erasing._remove",
        "removed": "pipelines.erasing.requests.finish",
    }

    def killed(*_args, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(places[step], killed)
        with pytest.raises(KeyboardInterrupt):
            small.sync(FORGET, *PEOPLE[1:])
    report = small.sync(targets=["portal"])
    assert report.problems == ()
    assert ANN["mail"] not in mails(small)
    assert [each.proof for each in erasure(small, gid)[1]] == ["gone"]
    assert small.sync(targets=["portal"]).taken["crm"].to_erase == 0


def test_by_cursor_a_row_that_takes_it_back_withdraws_what_has_not_begun(tmp_path, database_url):
    small = Small(tmp_path / "small", database_url, mode="cursor")
    small.map(erase="p.forget")
    people = [each | {"at": f"2026-01-0{n}T00:00:00Z"} for n, each in enumerate(PEOPLE, 1)]
    small.sync(*people, targets=["portal"])
    later = [each | {"at": "2026-02-01T00:00:00Z", "forget": True} for each in people[:5]]
    assert small.sync(*later, *people[5:], targets=["portal"]).taken["crm"].to_erase == 5
    back = [each | {"at": "2026-02-02T00:00:00Z", "forget": n == 0} for n, each in enumerate(later)]
    report = small.sync(*back, *people[5:], targets=["portal"])
    assert (report.problems, report.taken["crm"].to_erase) == ((), 1)
    assert mails(small) == {each["mail"] for each in PEOPLE[1:]}


def test_a_letter_whose_row_says_so_by_now_asks_when_it_is_replayed(small):
    small.sync(ANN | {"name": "x", "mail": "ann(at)nowhere"}, *PEOPLE[1:])
    (letter,) = small.letters()
    assert letter.key == "1"
    small.map(erase="p.mail = 'ann(at)nowhere'")
    with small.bus() as bus:
        replay(bus, [letter])
    small.sync(*PEOPLE, targets=["portal"])
    assert ANN["mail"] in mails(small), "a whole read that says otherwise takes it back"
    small.map(erase="p.forget or p.mail = 'ann(at)nowhere'", steps=LENIENT)
    small.sync(ANN | {"mail": "ann(at)nowhere"}, *PEOPLE[1:])
    assert ANN["mail"] not in mails(small)
