"""Two processes at once, and processes that are killed: nothing is lost, nothing is half there."""

import multiprocessing
import os
import signal
import time

import pytest
import sqlalchemy as sa

from idp_core.db.engine import make_engine, reading, writing
from idp_core.events import outbox
from idp_core.events.outbox import OutboxEvent
from idp_core.profiles import store
from idp_core.profiles.model import Profile, SourceProfile, SourceRef
from idp_core.profiles.tables import profile_event, source_profile

process = multiprocessing.get_context("spawn").Process
PEOPLE = 200


def said(number, name):
    attributes = {"given_name": name, "username": f"user{number}"}
    ref = SourceRef("crm", str(number))
    return SourceProfile(ref, attributes, "m@1", store.digest_of(attributes))


def write_all(conn, name):
    """Do what a run does for one batch, in one transaction."""
    people = [said(number, name) for number in range(PEOPLE)]
    store.put_source_profiles(conn, people, name)
    links = {person.ref: f"gid-{person.ref.key}" for person in people}
    store.save_links(conn, links)
    marks = store.read_stale(conn)
    golden = [Profile(links[person.ref], person.attributes) for person in people]
    store.save_profiles(conn, golden)
    store.clear_stale(conn, marks)
    store.save_watermark(conn, "golden", store.last_seq(conn))


def write_for_ever(url, name, rounds):
    engine = make_engine(url)
    for number in range(rounds):
        with writing(engine) as conn:
            write_all(conn, f"{name}{number}")


def deliver(url, taken):
    engine = make_engine(url)
    while True:
        with writing(engine) as conn:
            claimed = outbox.claim(conn, limit=7)
        if not claimed:
            return
        with writing(engine) as conn:
            outbox.ack(conn, [each.position for each in claimed])
        for each in claimed:
            taken.put(each.event.subject)


def url_of(engine):
    return engine.url.render_as_string(hide_password=False)


def assert_whole(engine):
    """Assert that all rows are of one transaction and that history, outbox and rows agree."""
    with reading(engine) as conn:
        names = {p.attributes["given_name"] for p in store.read_source_profiles(conn)}
        golden = {p.attributes["given_name"] for p in store.read_profiles(conn)}
        counts = store.counts(conn)
        versions = [p.version for p in store.read_profiles(conn)]
        told = conn.scalar(sa.select(sa.func.count()).select_from(profile_event))
        assert outbox.pending(conn) == told == sum(versions)
        assert store.read_watermark(conn, "golden") == store.last_seq(conn)
        assert len(set(versions)) <= 1
    assert names == golden
    assert len(names) <= 1
    size = PEOPLE if names else 0
    assert [counts[n] for n in ("source_profiles", "links", "profiles")] == [size] * 3
    assert counts["stale_profiles"] == 0


@pytest.mark.parametrize("delay", [0.0, 0.03, 0.1, 0.25])
def test_a_writer_killed_at_any_moment_leaves_all_or_nothing(engine, delay):
    child = process(target=write_for_ever, args=(url_of(engine), "killed", 10_000))
    child.start()
    _wait_for_first_commit(engine)
    time.sleep(delay)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert_whole(engine)
    with writing(engine) as conn:
        write_all(conn, "again")
    assert_whole(engine)


def test_two_processes_write_the_same_people_at_once(engine):
    children = [process(target=write_for_ever, args=(url_of(engine), n, 5)) for n in ("a", "b")]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    assert_whole(engine)


def test_two_workers_never_deliver_the_same_event(engine):
    with writing(engine) as conn:
        outbox.publish(conn, [OutboxEvent("profile.changed", f"g{n}") for n in range(100)])
    taken = multiprocessing.get_context("spawn").Queue()
    children = [process(target=deliver, args=(url_of(engine), taken)) for _ in range(2)]
    for child in children:
        child.start()
    subjects = [taken.get(timeout=60) for _ in range(100)]
    for child in children:
        child.join()
    assert sorted(subjects) == sorted(f"g{n}" for n in range(100))
    assert taken.empty()
    with reading(engine) as conn:
        assert outbox.pending(conn) == 0


def _wait_for_first_commit(engine):
    for _ in range(600):
        with reading(engine) as conn:
            if conn.scalar(sa.select(sa.func.count()).select_from(source_profile)):
                return
        time.sleep(0.05)
    raise AssertionError("the child wrote nothing within 30 s")
