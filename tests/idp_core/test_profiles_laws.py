"""Laws of the store, for any history of changes; on SQLite, where a database costs little."""

import tempfile
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from idp_core.db.engine import reading, writing
from idp_core.profiles import store
from idp_core.profiles.model import SourceProfile, SourceRef
from tests.databases import new_engine
from tests.often import often

refs = st.builds(SourceRef, st.sampled_from(["crm", "shop"]), st.sampled_from("abc"))
attributes = st.dictionaries(
    st.sampled_from(["given_name", "nickname", "loyalty_id"]), st.text(max_size=3), max_size=3
)


@st.composite
def profiles(draw):
    said, deleted = draw(attributes), draw(st.booleans())
    digest = store.digest_of(said, deleted=deleted)
    return SourceProfile(draw(refs), said, "m@1", digest, deleted)


batches = st.lists(st.lists(profiles(), max_size=6), max_size=4)
one_each = st.lists(profiles(), max_size=6, unique_by=lambda profile: profile.ref)


@contextmanager
def database():
    with tempfile.TemporaryDirectory() as folder:
        engine = new_engine(f"sqlite:///{Path(folder) / 'law.db'}")
        yield engine
        engine.dispose()


def put(engine, batch, run="r"):
    with writing(engine) as conn:
        return store.put_source_profiles(conn, batch, run)


def content(engine):
    with reading(engine) as conn:
        return {p.ref: (p.digest, p.deleted) for p in store.read_source_profiles(conn)}


@settings(max_examples=often(25), deadline=None)
@given(history=batches, last=one_each)
def test_putting_twice_is_putting_once(history, last):
    with database() as engine:
        for batch in history:
            put(engine, batch)
        put(engine, last)
        before = content(engine)
        with reading(engine) as conn:
            seq = store.last_seq(conn)
        assert put(engine, last, "again") == store.PutCounts(unchanged=len(last))
        with reading(engine) as conn:
            assert store.last_seq(conn) == seq
        assert content(engine) == before


@settings(max_examples=often(25), deadline=None)
@given(batch=one_each, shuffled=st.randoms(use_true_random=False), cut=st.integers(0, 6))
def test_order_and_size_of_batches_never_matter(batch, shuffled, cut):
    other = list(batch)
    shuffled.shuffle(other)
    with database() as one, database() as two:
        put(one, batch)
        put(two, other[:cut])
        put(two, other[cut:])
        assert content(one) == content(two)


@settings(max_examples=often(25), deadline=None)
@given(history=batches)
def test_a_reader_that_follows_the_numbers_misses_nothing(history):
    seen = {}
    with database() as engine:
        mark = 0
        for batch in history:
            put(engine, batch)
            with reading(engine) as conn:
                for p in store.read_source_profiles(conn, since_seq=mark):
                    seen[p.ref] = (p.digest, p.deleted)
                mark = store.last_seq(conn)
        assert seen == content(engine)


@settings(max_examples=often(25), deadline=None)
@given(merges=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8))
def test_chains_of_redirects_always_resolve_in_one_step(merges):
    living = set(range(6))
    with database() as engine:
        for loser, heir in merges:
            if loser != heir and {loser, heir} <= living:
                living.discard(loser)
                with writing(engine) as conn:
                    store.save_links(conn, {}, redirects={f"g{loser}": f"g{heir}"})
        with reading(engine) as conn:
            resolved = {store.resolve_gid(conn, f"g{n}") for n in range(6)}
    assert resolved == {f"g{n}" for n in living}
