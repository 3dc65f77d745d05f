"""The small stores of the login: tickets, counted tries, the audit log, mails, accounts."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp_core.accounts import email as emails
from idp_core.accounts import store as accounts
from idp_core.audit import log as audit
from idp_core.audit.log import Entry
from idp_core.db.engine import reading, writing
from idp_core.mail import queue
from idp_core.mail.queue import Letter
from idp_core.mail.transports import Folder, message
from idp_core.site.letters import deliver
from idp_core.site.upkeep import prune
from idp_core.throttle import store as throttle
from idp_core.throttle.store import Limit
from idp_core.tickets import store as tickets

KEY = b"k" * 32


def at_once(count, work):
    """Do the work in so many threads that begin together; return what each gave."""
    results, barrier = [], threading.Barrier(count)

    def run():
        barrier.wait()
        results.append(work())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count
    return results


def test_of_eight_who_use_a_ticket_at_once_one_gets_it(site_on, clock):
    def use():
        with writing(site_on.engine) as conn:
            return tickets.use(conn, site_on.sealer, "p", token, clock())

    for _ in range(10):
        with writing(site_on.engine) as conn:
            token = tickets.issue(conn, site_on.sealer, "p", {"a": 1}, clock() + timedelta(1))
        got = at_once(8, use)
        assert [each.data for each in got if each] == [{"a": 1}]


def test_a_limit_holds_in_every_window_as_in_the_first(site_on, clock):
    limit = Limit(3, timedelta(minutes=1))
    for _ in range(3):
        with writing(site_on.engine) as conn:
            got = [throttle.count(conn, "b", limit, clock()) for _ in range(6)]
        assert got == [True] * 3 + [False] * 3
        clock.wait(minutes=1)


def test_of_many_codes_tried_at_once_no_more_than_five_are_looked_at(site_on, clock):
    with writing(site_on.engine) as conn:
        until = clock() + timedelta(1)
        token = tickets.issue(conn, site_on.sealer, "p", {}, until, code="right")

    def guess():
        with writing(site_on.engine) as conn:
            return tickets.try_code(conn, "p", token, "wrong", clock())

    assert not any(at_once(8, guess))
    with writing(site_on.engine) as conn:
        assert not tickets.try_code(conn, "p", token, "right", clock())


def test_tries_at_once_overshoot_no_limit(site_on, clock):
    def count():
        with writing(site_on.engine) as conn:
            return throttle.count(conn, "bucket", Limit(3, timedelta(minutes=1)), clock())

    assert sum(at_once(8, count)) == 3
    clock.wait(seconds=61)
    assert count()


def test_the_audit_log_holds_until_somebody_touches_it(engine, clock):
    def note(kind):
        with writing(engine) as conn:
            audit.record(conn, KEY, Entry(kind, "done", clock(), "a1", data={"n": 1, "x": ["y"]}))

    for kind in ("one", "two", "three", "four"):
        note(kind)
    with reading(engine) as conn:
        assert audit.verify(conn, KEY).broken_at is None
        assert audit.verify(conn, KEY).entries == 4
        assert audit.verify(conn, b"other").broken_at == 1
        assert [e.kind for e in audit.of_account(conn, "a1", 2)] == ["four", "three"]
    for statement, place in (
        ("UPDATE audit SET outcome = 'refused' WHERE position = 2", 2),
        ("UPDATE audit SET account = 'b' WHERE position = 3", 3),
        ("DELETE FROM audit WHERE position = 2", 3),
        ("DELETE FROM audit WHERE position = 4", 4),
        ("DELETE FROM audit", 1),
    ):
        with engine.connect() as conn:
            conn.execute(sa.text(statement))
            assert audit.verify(conn, KEY).broken_at == place
            conn.rollback()


def test_entries_written_at_once_make_one_chain(engine, clock):
    def note():
        with writing(engine) as conn:
            audit.record(conn, KEY, Entry("x", "done", clock()))

    at_once(8, note)
    with reading(engine) as conn:
        assert audit.verify(conn, KEY).entries == 8
        assert audit.verify(conn, KEY).broken_at is None


def test_mails_go_to_a_folder_that_others_cannot_read(tmp_path):
    Folder(tmp_path / "mail", "Shop <login@shop.example>").send(Letter("a@x.org", "Hé", "Täxt\n"))
    (file,) = (tmp_path / "mail").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert b"Subject: =?utf-8?" in file.read_bytes()
    with pytest.raises(ValueError, match=r"linefeed|header"):
        message(Letter("a@x.org\r\nBcc: b@x.org", "s", "t"), "login@shop.example")


class Broken:
    def __init__(self):
        self.calls = 0

    def send(self, letter):
        self.calls += 1
        raise OSError("down")


def test_a_mail_that_cannot_be_sent_is_tried_again_and_given_up_at_last(site, clock, monkeypatch):
    post = Broken()
    object.__setattr__(site, "post", post)
    with writing(site.engine) as conn:
        queue.put(conn, site.sealer, Letter("a@x.org", "s", "t"), clock())
        queue.put(conn, site.sealer, Letter("", "s", "t"), clock())
    assert deliver(site) == 0
    assert deliver(site) == 0
    assert post.calls == 1
    for _ in range(20):
        clock.wait(hours=3)
        deliver(site)
    assert post.calls == 8
    with reading(site.engine) as conn:
        assert queue.count(conn) == 0


def test_of_two_accounts_for_one_address_made_at_once_there_is_one(site_on, clock):
    def make():
        try:
            with writing(site_on.engine) as conn:
                return accounts.create(conn, "Ann@example.org", {}, clock())
        except accounts.TakenError:
            return None

    assert len([each for each in at_once(8, make) if each]) == 1


def test_addresses_that_one_mailbox_could_be_taken_for_have_one_key():
    assert emails.key("Ann@Example.org") == emails.key("ann@example.ORG")
    assert emails.key("\uff41nn@example.org") == emails.key("ann@example.org")
    assert emails.key("straße@x.org") == emails.key("STRASSE@x.org")
    assert emails.cleaned(" ann@example.org ") == "ann@example.org"


def test_an_account_that_changes_or_goes_tells_the_bus(site, clock):
    with writing(site.engine) as conn:
        ann = accounts.create(conn, "ann@example.org", {"given_name": "Ann"}, clock())
        accounts.create(conn, "bob@example.org", {}, clock())
        with pytest.raises(accounts.TakenError):
            accounts.change(conn, ann, clock(), email="BOB@example.org")
        ann = accounts.change(conn, ann, clock(), email="ann@example.net")
        assert accounts.by_email(conn, "ann@example.org") is None
        accounts.delete(conn, ann, clock())
        assert accounts.by_id(conn, ann.id) is None


def test_what_is_over_is_forgotten(site, clock):
    with writing(site.engine) as conn:
        tickets.issue(conn, site.sealer, "p", {}, clock())
        throttle.count(conn, "b", Limit(1, timedelta(minutes=1)), clock())
    clock.wait(days=2)
    prune(site)
    with reading(site.engine) as conn:
        for table in ("ticket", "tries"):
            assert conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0
