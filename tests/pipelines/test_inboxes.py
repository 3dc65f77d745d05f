"""The laws of inboxes, for the file and for the database on either store."""

from __future__ import annotations

import json
import os
import signal
import threading
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from connectors.errors import TransientError
from connectors.push import FileInbox, FullError
from connectors.push.events import Event
from connectors.push.inbox import kept
from idp_core.db.engine import make_engine, writing
from idp_core.ledger.pushed import PushedRow, put_pushed
from pipelines.inboxes import DatabaseInbox
from tests.databases import new_engine

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


@pytest.fixture(params=["file", "sqlite", "postgresql"])
def opening(request, tmp_path):
    """A function that opens the same inbox anew, as another process would."""
    if request.param == "file":
        yield lambda most=10**6, anew=False: FileInbox(tmp_path / "shop.inbox", most)
        return
    url = f"sqlite:///{tmp_path / 'test.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    engine = new_engine(url)
    opened = [engine]

    def open_(most=10**6, *, anew=False):
        if anew:
            opened[0] = make_engine(url)
        return DatabaseInbox("shop", lambda: nullcontext(opened[0]), most)

    yield open_
    engine.dispose()


def put(inbox, *numbers, name=str, size=0):
    events = [Event({"id": n, "note": "x" * size}) for n in numbers]
    return inbox.put(kept(events, [name(n) for n in numbers], NOW), NOW)


def ids(inbox, after=0):
    return [row["id"] for _, row in inbox.after(after, 10**6)]


def fits(inbox, number):
    try:
        return put(inbox, number, size=20_000) == 1
    except FullError:
        return False


def test_rows_come_in_their_order_a_few_at_a_time_and_none_twice(opening):
    inbox = opening()
    assert [put(inbox, 1, 2, 3), put(inbox, 4)] == [3, 1]
    seen, number = [], 0
    while found := opening().after(number, 2):
        number = found[-1][0]
        seen += [row["id"] for _, row in found]
    assert seen == [1, 2, 3, 4]
    assert inbox.count() == 4
    assert json.loads(inbox.newest(1)[0])["id"] == 4


def test_what_was_pushed_before_is_kept_once_and_what_has_no_name_each_time(opening):
    inbox = opening()
    assert put(inbox, 1, 2) == 2
    assert put(inbox, 2, 3) == 1
    assert put(inbox, 4, 5, name=lambda _: "one") == 1
    assert put(inbox, 6, 6, name=lambda _: None) == 2
    assert ids(inbox) == [1, 2, 3, 4, 6, 6]


def test_names_and_texts_may_hold_whatever_a_push_can(opening):
    inbox = opening()
    odd = ["\0", "\ud83d", "ü" * 5000, "'; --"]
    rows = kept([Event({"id": 1, "note": each}) for each in odd], odd, NOW)
    assert inbox.put(rows, NOW) == len(odd)
    assert inbox.put(rows, NOW) == 0
    assert [row["note"] for _, row in inbox.after(0, 9)] == odd


def test_old_rows_that_were_read_are_removed_and_no_number_is_given_twice(opening):
    inbox = opening()
    put(inbox, 1, 2)
    (first, _), (last, _) = inbox.after(0, 9)
    assert inbox.forget(first, NOW) == 0
    assert inbox.forget(first, NOW + timedelta(days=1)) == 1
    assert inbox.forget(last, NOW + timedelta(days=1)) == 1
    assert inbox.count() == 0
    put(inbox, 3)
    assert ids(inbox, last) == [3]


def test_a_full_inbox_keeps_what_waits_and_makes_room_of_what_was_read(opening):
    inbox = opening(300_000)
    taken = []
    while fits(inbox, len(taken)):
        taken.append(len(taken))
    assert ids(inbox) == taken
    assert len(taken) > 5
    with pytest.raises(FullError, match="run isthmus sync, or set most"):
        put(inbox, 98, 99, size=20_000)
    assert ids(inbox) == taken, "all of a push or nothing"
    inbox.forget(inbox.after(0, 3)[-1][0], NOW)
    assert put(inbox, 99, size=20_000) == 1
    assert ids(inbox)[-1] == 99
    assert set(taken) - set(ids(inbox)) <= set(taken[:3])
    assert put(inbox, 99, size=20_000) == 0


def test_a_reader_misses_none_of_what_many_push_at_once(opening):
    """Numbers come in the order of commits: whoever has read up to one has seen all before it."""
    begun = threading.Barrier(5)

    def some(worker):
        begun.wait()
        for number in range(15):
            put(opening(), worker * 100 + number)

    threads = [threading.Thread(target=some, args=(n,)) for n in range(4)]
    for each in threads:
        each.start()
    seen, at = [], 0
    begun.wait()
    while True:
        last = not any(each.is_alive() for each in threads)
        found = opening().after(at, 1000)
        seen += [row["id"] for _, row in found]
        at = found[-1][0] if found else at
        if last and not found:
            break
    assert sorted(seen) == sorted(worker * 100 + n for worker in range(4) for n in range(15))


def test_what_was_acknowledged_outlives_the_death_of_its_process(opening):
    told, say = os.pipe()
    child = os.fork()
    if not child:
        try:
            inbox = opening(anew=True)
            for number in range(100_000):
                put(inbox, number)
                os.write(say, b"%d\n" % number)
        finally:
            os._exit(1)
    os.close(say)
    got = b""
    while got.count(b"\n") < 5:
        got += os.read(told, 1000)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(told, 1000):
        got += more
    os.close(told)
    acknowledged = got.count(b"\n")
    found = ids(opening())
    assert found[:acknowledged] == list(range(acknowledged))
    assert len(found) <= acknowledged + 1
    assert put(opening(), acknowledged - 1) == 0, "sent again, it is known"


def test_a_push_is_on_the_disk_of_a_server_that_is_otherwise_in_no_hurry(postgres_url):
    engine = new_engine(postgres_url)
    with writing(engine) as conn:
        shown = sa.text("SHOW synchronous_commit")
        assert conn.scalar(shown) == "off"
        put_pushed(conn, "shop", [PushedRow("{}", None)], 100, NOW)
        assert conn.scalar(shown) == "on"
    engine.dispose()


def test_a_database_that_is_away_is_told_and_what_is_sent_again_is_kept(postgres_url):
    gone = sa.make_url(postgres_url).set(port=1)
    engines = [make_engine(gone.render_as_string(hide_password=False)), new_engine(postgres_url)]

    @contextmanager
    def opened():
        yield engines[0]

    inbox = DatabaseInbox("shop", opened, 10**6)
    with pytest.raises(TransientError, match="shop in the database"):
        put(inbox, 1)
    engines.reverse()
    assert put(inbox, 1) == 1
    for each in engines:
        each.dispose()
