from datetime import UTC, datetime, timedelta

from idp_core.db.engine import reading, writing
from idp_core.events import outbox
from idp_core.events.outbox import OutboxEvent

NOW = datetime(2030, 1, 1, 12, 30, 0, 123456, tzinfo=UTC)


def event(subject="g1"):
    return OutboxEvent("profile.changed", subject, {"attributes": ["email"]}, time=NOW)


def publish(engine, *events):
    with writing(engine) as conn:
        return outbox.publish(conn, events)


def claim(engine, **more):
    with writing(engine) as conn:
        return outbox.claim(conn, now=more.pop("now", NOW), **more)


def test_an_event_is_a_cloudevent_and_comes_back_as_it_was(engine):
    told = event()
    assert publish(engine, told) == 1
    (claimed,) = claim(engine)
    assert (claimed.event, claimed.attempts) == (told, 1)
    assert told.cloudevent()["specversion"] == "1.0"
    assert told.cloudevent()["time"] == "2030-01-01T12:30:00.123456Z"


def test_what_is_rolled_back_is_never_told(engine):
    with engine.connect() as conn:
        outbox.publish(conn, [event()])
        conn.rollback()
    assert claim(engine) == []


def test_what_is_claimed_is_given_out_again_only_after_its_lease(engine):
    publish(engine, event("g1"), event("g2"), event("g3"))
    assert [c.event.subject for c in claim(engine, limit=2)] == ["g1", "g2"]
    assert [c.event.subject for c in claim(engine)] == ["g3"]
    assert claim(engine) == []
    again = claim(engine, now=NOW + timedelta(seconds=61))
    assert [(c.event.subject, c.attempts) for c in again] == [("g1", 2), ("g2", 2), ("g3", 2)]


def test_what_is_acknowledged_is_told_and_can_be_pruned(engine):
    publish(engine, event("g1"), event("g2"))
    first, second = claim(engine)
    with writing(engine) as conn:
        outbox.ack(conn, [first.position], NOW)
        outbox.release(conn, [second.position], NOW + timedelta(seconds=5))
        assert outbox.pending(conn) == 1
        assert outbox.prune(conn, NOW) == 0
        assert outbox.prune(conn, NOW + timedelta(days=1)) == 1
    assert claim(engine) == []
    assert len(claim(engine, now=NOW + timedelta(seconds=5))) == 1


def test_nothing_to_publish_is_fine(engine):
    assert publish(engine) == 0
    with reading(engine) as conn:
        assert outbox.pending(conn) == 0
