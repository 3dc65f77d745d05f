from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from idp_core.db.engine import reading, writing
from idp_core.errors import UnknownProfileError
from idp_core.events import outbox
from idp_core.profiles import store
from idp_core.profiles.model import Event, EventKind, Lineage, Profile, SourceProfile, SourceRef

NOW = datetime(2030, 1, 1, 12, 30, 0, 123456, tzinfo=UTC)
A, B, C = SourceRef("crm", "1"), SourceRef("crm", "2"), SourceRef("shop", "1")


def said(ref, deleted=False, **attributes):
    attributes = {"given_name": "Ann"} | attributes
    digest = store.digest_of(attributes, deleted=deleted)
    return SourceProfile(ref, attributes, "m@1", digest, deleted, NOW)


def golden(gid, **attributes):
    entry = Lineage("given_name", A, "m@1", "trust", "the most trusted source")
    return Profile(gid, {"given_name": "Ann"} | attributes, (entry,), (A,))


def put(engine, *profiles, run="r1"):
    with writing(engine) as conn:
        return store.put_source_profiles(conn, profiles, run)


def linked(engine, links, **more):
    with writing(engine) as conn:
        return store.save_links(conn, links, **more)


def saved(engine, *profiles):
    with writing(engine) as conn:
        return store.save_profiles(conn, profiles)


def kinds(engine):
    with writing(engine) as conn:
        return [claimed.event.type for claimed in outbox.claim(conn)]


def test_putting_twice_is_putting_once(engine):
    assert put(engine, said(A), said(B)) == store.PutCounts(inserted=2)
    assert put(engine, said(A), said(B), run="r2") == store.PutCounts(unchanged=2)
    with reading(engine) as conn:
        assert store.last_seq(conn) == 2
        held = store.held_source_profiles(conn, "crm", ["1", "2", "3"])
        assert {key: each.profile.digest for key, each in held.items()} == {
            "1": said(A).digest,
            "2": said(B).digest,
        }


def test_a_source_profile_comes_back_with_the_types_of_the_schema(engine):
    full = said(
        A,
        birth_date=date(1980, 2, 29),
        updated_at=NOW,
        active=True,
        emails=[{"value": "Ann@Example.org", "primary": True, "verified": True}],
        loyalty_tier=None,
    )
    put(engine, full)
    with reading(engine) as conn:
        (back,) = store.read_source_profiles(conn)
    assert back.attributes == {k: v for k, v in full.attributes.items() if v is not None}
    assert (back.ref, back.mapping, back.digest, back.changed_at) == (A, "m@1", full.digest, NOW)


def test_only_what_changed_is_read_after_a_number(engine):
    put(engine, said(A), said(B), said(C))
    with reading(engine) as conn:
        mark = store.last_seq(conn)
    assert put(engine, said(A), said(B, given_name="Bea")).changed == 1
    with reading(engine) as conn:
        assert [p.ref for p in store.read_source_profiles(conn, since_seq=mark)] == [B]
        assert [p.ref for p in store.read_source_profiles(conn, sources=["shop"])] == [C]


def test_the_later_word_on_one_record_counts(engine):
    put(engine, said(A), said(A, given_name="Bea"))
    with reading(engine) as conn:
        assert [p.attributes["given_name"] for p in store.read_source_profiles(conn)] == ["Bea"]


def test_what_a_full_scan_did_not_see_is_missing_and_can_be_marked_deleted(engine):
    put(engine, said(A), said(B), said(C))
    put(engine, said(A), run="r2")
    with reading(engine) as conn:
        assert store.missing_keys(conn, "crm", "r2") == ["2"]
        assert store.missing_keys(conn, "crm", "r2", ["2"]) == []
    with writing(engine) as conn:
        assert store.mark_deleted(conn, "crm", ["2"], "r2") == 1
        assert store.mark_deleted(conn, "crm", ["2"], "r2") == 0
        assert store.mark_deleted(conn, "crm", [], "r2") == 0
    with reading(engine) as conn:
        assert store.missing_keys(conn, "crm", "r2") == []
        assert store.count_live(conn, "crm") == 1
        assert [p.ref for p in store.read_source_profiles(conn, deleted=False)] == [A, C]
    assert put(engine, said(B), run="r3") == store.PutCounts(changed=1)


def test_how_many_live_records_say_something_is_counted(engine):
    emails = [{"value": "a@example.org"}]
    put(engine, said(A, given_name="Ann", emails=emails), said(B, given_name="Bea"), said(C))
    names = ["emails", 'a"b', "given_name"]
    with writing(engine) as conn:
        assert store.count_saying(conn, "crm", []) == {}
        assert store.count_saying(conn, "crm", names) == {"emails": 1, 'a"b': 0, "given_name": 2}
        assert store.count_saying(conn, "crm", ["given_name"], ["2", "9"]) == {"given_name": 1}
        store.mark_deleted(conn, "crm", ["2"], "r2")
        assert store.count_saying(conn, "crm", ["given_name"]) == {"given_name": 1}


def test_a_record_that_says_it_is_deleted_counts_once(engine):
    put(engine, said(A))
    assert put(engine, said(A, deleted=True)) == store.PutCounts(changed=1, deleted=1)
    assert put(engine, said(A, deleted=True)) == store.PutCounts(unchanged=1)


def test_a_person_is_found_by_any_identifier_as_long_as_it_is_theirs(engine):
    rich = said(
        A,
        emails=[{"value": "Ann@Example.org"}],
        phones=[{"value": "+33612345678"}],
        external_ids=[{"system": "erp", "value": "E9"}],
        loyalty_id="L7",
    )
    put(engine, rich)
    linked(engine, {A: "g1"})
    saved(engine, golden("g1"))
    with reading(engine) as conn:
        for value in ("ann@example.ORG ", "+33612345678", "E9", "l7", "1", "g1"):
            assert store.find(conn, value) == ["g1"], value
        assert store.find(conn, "1", "crm") == ["g1"]
        assert store.find(conn, "1", "shop") == []
        assert store.find(conn, "L7", "email") == []
    put(engine, said(A, loyalty_id="L8"))
    with reading(engine) as conn:
        assert store.find(conn, "L7") == []
        assert store.find(conn, "L8") == ["g1"]


def test_links_that_change_mark_their_profiles_stale_until_they_are_made_anew(engine):
    put(engine, said(A), said(B))
    assert linked(engine, {A: "g1", B: "g2"}) == store.LinkCounts(linked=2)
    with writing(engine) as conn:
        marks = store.read_stale(conn)
        assert set(marks) == {"g1", "g2"}
        store.mark_stale(conn, ["g2"])
        store.clear_stale(conn, marks)
        assert set(store.read_stale(conn)) == {"g2"}
        store.clear_stale(conn, store.read_stale(conn))
    assert linked(engine, {A: "g1", B: "g2"}) == store.LinkCounts(unchanged=2)
    put(engine, said(A, given_name="Bea"))
    with reading(engine) as conn:
        assert set(store.read_stale(conn)) == {"g1"}
        assert store.read_links(conn) == {A: "g1", B: "g2"}
        assert [p.ref for p in store.source_profiles_of(conn, ["g2"])["g2"]] == [B]


def test_a_deleted_record_keeps_its_link_unseen(engine):
    put(engine, said(A), said(B))
    linked(engine, {A: "g1", B: "g1"})
    saved(engine, golden("g1"))
    with writing(engine) as conn:
        seq = store.last_seq(conn)
        store.mark_deleted(conn, B.source, [B.key], "r2")
        assert store.read_links(conn) == {A: "g1"}
        assert store.read_links(conn, gone_since=seq) == {A: "g1", B: "g1"}
        assert store.read_links(conn, gone_since=store.last_seq(conn)) == {A: "g1"}
        assert store.members(conn, "g1") == [A]
        assert store.find(conn, B.key, B.source) == []
    put(engine, said(B))
    with reading(engine) as conn:
        assert store.read_links(conn) == {A: "g1", B: "g1"}
        assert store.members(conn, "g1") == [A, B]


def test_a_merged_id_resolves_for_ever_and_can_come_back(engine):
    put(engine, said(A), said(B), said(C))
    linked(engine, {A: "g1", B: "g2", C: "g3"})
    saved(engine, golden("g1"), golden("g2"), golden("g3"))
    merge = [Event(EventKind.MERGED, "g3", {"into": "g2"})]
    linked(engine, {C: "g2"}, events=merge, redirects={"g3": "g2"})
    linked(engine, {B: "g1", C: "g1"}, redirects={"g2": "g1"})
    with reading(engine) as conn:
        assert store.read_redirects(conn) == {"g2": "g1", "g3": "g1"}
        assert store.get(conn, "g3").gid == "g1"
        assert store.get(conn, "g3").members == [A, B, C]
        assert store.find(conn, "g3") == ["g1"]
        assert [h.kind for h in store.history(conn, "g1") if h.gid == "g3"] == [
            EventKind.CREATED,
            EventKind.MERGED,
        ]
    linked(engine, {C: "g3"})
    saved(engine, golden("g3"))
    with reading(engine) as conn:
        assert store.get(conn, "g3").gid == "g3"
        assert store.read_redirects(conn) == {"g2": "g1"}


def test_a_profile_is_written_and_told_only_when_its_content_changed(engine):
    put(engine, said(A))
    linked(engine, {A: "g1"}, events=[Event(EventKind.CREATED, "g1")])
    assert saved(engine, golden("g1")) == store.SaveCounts(created=1)
    assert saved(engine, golden("g1")) == store.SaveCounts(unchanged=1)
    new = golden("g1", birth_date=date(1980, 1, 1), **{"consent.profiling": False})
    assert saved(engine, new) == store.SaveCounts(changed=1)
    with reading(engine) as conn:
        (back,) = store.read_profiles(conn)
        assert back.attributes == new.attributes
        assert (back.version, back.lineage) == (2, new.lineage)
        assert store.why(conn, "g1") == new.lineage
        last = store.history(conn, "g1")[-1]
        assert last.data == {"attributes": ["birth_date", "consent.profiling"], "version": 2}
    assert kinds(engine) == ["profile.created", "profile.changed"]


def test_the_reason_of_a_value_is_kept_even_if_the_value_is_the_same(engine):
    saved(engine, golden("g1"))
    entry = Lineage("given_name", B, "m@2", "recency", "the latest word", 3)
    assert saved(engine, Profile("g1", {"given_name": "Ann"}, (entry,))).unchanged == 1
    with reading(engine) as conn:
        assert store.why(conn, "g1") == (entry,)


def test_a_deleted_profile_keeps_its_id_and_nothing_else(engine):
    saved(engine, golden("g1"))
    for expected in (1, 0):
        with writing(engine) as conn:
            assert store.delete_profiles(conn, ["g1", "unknown"]) == expected
    with reading(engine) as conn:
        assert list(store.read_profiles(conn)) == []
        (gone,) = store.read_profiles(conn, deleted=True)
        assert (gone.attributes, gone.deleted_at is not None) == ({}, True)
        with pytest.raises(UnknownProfileError, match="deleted"):
            store.get(conn, "g1")
        with pytest.raises(UnknownProfileError, match="isthmus profile find"):
            store.get(conn, "g9")
    assert saved(engine, golden("g1")).changed == 1
    with reading(engine) as conn:
        assert store.get(conn, "g1").attributes == {"given_name": "Ann"}
        assert store.history(conn, "g1")[-1].data["restored"] is True


def test_stewards_words_are_kept_and_go_to_the_heir(engine):
    put(engine, said(A), said(B))
    linked(engine, {A: "g1", B: "g2"})
    kept = store.Override("g2", "birth_date", date(1980, 1, 1), "ann", "saw the passport", NOW)
    with writing(engine) as conn:
        store.put_override(conn, kept)
        store.put_override(conn, kept)
        made = store.put_constraint(conn, "must", B, A, who="ann", why="called", now=NOW)
        store.put_constraint(
            conn, "cannot", A, C, who="ann", why="twins", expires_at=NOW + timedelta(1), now=NOW
        )
    linked(engine, {B: "g1"}, redirects={"g2": "g1"})
    with reading(engine) as conn:
        assert store.read_overrides(conn, ["g1"])["g1"][0].value == date(1980, 1, 1)
        assert len(store.read_constraints(conn, NOW)) == 2
        assert [c.id for c in store.read_constraints(conn, NOW + timedelta(2))] == [made.id]
        assert (made.left, made.right) == (A, B)
    with writing(engine) as conn:
        assert store.remove_override(conn, "g1", "birth_date")
        assert not store.remove_override(conn, "g1", "birth_date")
        assert store.remove_constraint(conn, made.id)


def test_a_watermark_only_counts_once_it_is_committed(engine):
    with engine.connect() as conn:
        store.save_watermark(conn, "resolve", 7)
        conn.rollback()
    with writing(engine) as conn:
        assert store.read_watermark(conn, "resolve") == 0
        store.save_watermark(conn, "resolve", 9)
    with reading(engine) as conn:
        assert store.read_watermark(conn, "resolve") == 9


def test_counts_tell_what_is_stored(engine):
    put(engine, said(A), said(B), said(C, deleted=True))
    linked(engine, {A: "g1"})
    saved(engine, golden("g1"))
    with reading(engine) as conn:
        counts = store.counts(conn)
        assert store.counts_by_source(conn) == {"crm": 2}
    assert counts["source_profiles"] == 2
    assert counts["deleted_source_profiles"] == 1
    assert (counts["links"], counts["profiles"], counts["redirects"]) == (1, 1, 0)


def test_text_the_database_cannot_hold_does_not_stop_a_batch(engine):
    put(engine, said(A, nickname="a\0b", loyalty_id="L\0"))
    with reading(engine) as conn:
        (back,) = store.read_source_profiles(conn)
    assert back.attributes["nickname"] == "a\ufffdb"


def test_reprs_show_no_value():
    assert "Ann" not in repr(golden("g1"))
    assert "Ann" not in repr(store.Override("g", "a", "Ann", "w", "y", NOW))


def test_digests_are_of_content_alone():
    one = store.digest_of({"a": Decimal("1.50"), "b": None, "c": "x"})
    assert one == store.digest_of({"c": "x", "a": Decimal("1.50")})
    assert one != store.digest_of({"c": "x", "a": Decimal("1.50")}, deleted=True)


def test_a_deletion_counts_even_under_the_digest_of_the_living(engine):
    put(engine, said(A))
    gone = SourceProfile(A, {"given_name": "Ann"}, "m@1", said(A).digest, deleted=True)
    assert put(engine, gone) == store.PutCounts(changed=1, deleted=1)
    assert put(engine, gone) == store.PutCounts(unchanged=1)
    assert put(engine, said(A)) == store.PutCounts(changed=1)


@pytest.mark.parametrize("key", ["a\0b", "a\ud83d", "k" * 10_000])
def test_a_key_that_no_database_can_index_stops_nothing(engine, key):
    odd = said(SourceRef("crm", key), username="u" * 10_000)
    assert put(engine, odd).inserted == 1
    assert put(engine, odd) == store.PutCounts(unchanged=1)
    assert linked(engine, {odd.ref: "g1"}).linked == 1
    with reading(engine) as conn:
        assert store.find(conn, key, "crm") == ["g1"]
        (stored,) = store.read_links(conn)
    assert linked(engine, {stored: "g1"}).unchanged == 1
    with writing(engine) as conn:
        assert store.mark_deleted(conn, "crm", [key], "r2") == 1
