"""The law of incremental runs: the same people as if everything were resolved anew."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp_core.db.engine import make_engine, reading, writing
from idp_core.profiles import scoring, store
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import IdentifierPolicy, default
from mappings.schema import CUSTOMER
from pipelines import unify
from pipelines.resolve.batch import resolve
from pipelines.unify import read_steward_words, resolve_step
from tests.databases import new_engine

SLOW = ("postgresql",)


def tight(**more: Any) -> IdentifierPolicy:
    """Return the built-in policy with limits that a handful of records pass, either way."""
    policy = default()
    kinds = {
        name: kind.model_copy(update={"max_records": 3, "max_per_source": 1})
        for name, kind in policy.identifiers.items()
    }
    return policy.model_copy(update={"identifiers": kinds, "max_compared": 4, **more})


POLICY = tight()
KEYS = [("shop", str(number)) for number in range(7)] + [("crm", str(n)) for n in range(7)]
SAID = st.fixed_dictionaries(
    {},
    optional={
        "given_name": st.sampled_from(["Anna", "Ann", "Bob", "Max", "Zebulon"]),
        "family_name": st.sampled_from(["Keller", "Lee", "Quatermain"]),
        "birth_date": st.sampled_from(["2001-05-06", "1950-02-01", "2001-05-07"]),
        "loyalty_id": st.sampled_from(["L1", "L2", "L3"]),
        "emails": st.sampled_from([[{"value": "a@x.ch"}], [{"value": "kids@x.ch"}]]),
        "phones": st.sampled_from([[{"value": "+41446681800"}], [{"value": "+41446681811"}]]),
        "addresses": st.sampled_from([[{"street_address": "Seeweg 4", "postal_code": "8001"}]]),
        "government_id": st.sampled_from(["756111", "756222"]),
    },
)
PUT = st.dictionaries(st.sampled_from(KEYS), st.one_of(st.none(), SAID), min_size=1, max_size=6)
WORD = st.tuples(
    st.sampled_from(["must", "cannot", "none"]),
    st.sampled_from(KEYS),
    st.sampled_from(KEYS),
).filter(lambda word: word[1] != word[2])
STEPS = st.lists(st.one_of(PUT, WORD), min_size=1, max_size=6)
Step = Mapping[tuple[str, str], Any] | tuple[str, tuple[str, str], tuple[str, str]]


def put(engine, rows: Mapping[tuple[str, str], Any], run: str = "run") -> None:
    """Store records; None deletes one."""
    found = []
    for ref, said in rows.items():
        attributes = said or {}
        digest = store.digest_of(attributes)
        found.append(
            SourceProfile(SourceRef(*ref), attributes, "shop@1", digest, deleted=said is None)
        )
    with writing(engine) as conn:
        store.put_source_profiles(conn, found, run)


def say(engine, kind: str, one: tuple[str, str], other: tuple[str, str]) -> None:
    with writing(engine) as conn:
        for said in store.read_constraints(conn):
            if {said.left, said.right} == {SourceRef(*one), SourceRef(*other)}:
                store.remove_constraint(conn, said.id)
        if kind != "none":
            store.put_constraint(conn, kind, SourceRef(*one), SourceRef(*other), who="A", why="b")


def take(engine, step: Step) -> None:
    if isinstance(step, tuple):
        say(engine, *step)
    else:
        put(engine, step)


def partition(links: Mapping[SourceRef, str]) -> set[frozenset[SourceRef]]:
    groups: dict[str, set[SourceRef]] = {}
    for ref, gid in links.items():
        groups.setdefault(gid, set()).add(ref)
    return set(map(frozenset, groups.values()))


def check(engine, policy: IdentifierPolicy) -> Mapping[SourceRef, str]:
    """See that what is stored is what resolving everything gives, and that ids resolve."""
    with reading(engine) as conn:
        records = list(store.read_source_profiles(conn, deleted=False, schema=CUSTOMER))
        links = store.read_links(conn)
        whole = resolve(records, {}, policy, read_steward_words(conn))
        assert partition(links) == partition(whole.links)
        for gid in set(links.values()):
            assert store.resolve_gid(conn, gid) == gid
        asked = {each.pair: each.doubt.kind for each in store.read_cases(conn, store.Filter(), NOW)}
        homes = {frozenset(links[ref] for ref in pair) for pair in asked}
        wanted = {frozenset((links[d.left], links[d.right])) for d in whole.doubts}
        assert homes == wanted
    return links


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def law(engine, folder: Path, first: Mapping[Any, Any], steps: Sequence[Step], policy) -> int:
    """Take steps one by one, each resolved on the graph; return how many were not in full."""
    graph = folder / "graph.duckdb"
    published: set[str] = set()
    quick = 0
    put(engine, first)
    for step in [None, *steps]:
        if step is not None:
            take(engine, step)
        found = resolve_step(engine, policy, CUSTOMER, fingerprint=1, graph=graph)
        quick += "touched" in found.counts
        links = check(engine, policy)
        published |= set(links.values())
    with reading(engine) as conn:
        redirects = store.read_redirects(conn)
    for gid in published:
        assert redirects.get(gid, gid) not in redirects, "an id resolves in one step"
        assert redirects.get(gid, gid) in published
    return quick


def _killed(url: str, graph: Path, where: str) -> None:
    """Resolve, and kill this process at a place: in the transaction, after it, or not at all."""

    def kill(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    unify.MOST_CHANGED = 10
    if where == "in the transaction":
        store.save_watermark = kill
    if where == "after the transaction":
        unify.graphs.keep_mark = kill
    engine = make_engine(url)
    resolve_step(engine, POLICY, CUSTOMER, fingerprint=1, graph=graph)


PEOPLE = {
    ("shop", "0"): {"given_name": "Anna", "emails": [{"value": "a@x.ch"}]},
    ("crm", "0"): {"given_name": "Anna", "emails": [{"value": "a@x.ch"}]},
    ("shop", "1"): {"given_name": "Bob", "emails": [{"value": "b@x.ch"}]},
    ("crm", "1"): {"given_name": "Bob", "loyalty_id": "L2"},
    ("shop", "2"): {"given_name": "Bob", "loyalty_id": "L2", "emails": [{"value": "b@x.ch"}]},
}
NEWS = {
    ("crm", "0"): {"given_name": "Bob", "emails": [{"value": "b@x.ch"}]},
    ("shop", "2"): None,
    ("crm", "7"): {"given_name": "Anna", "emails": [{"value": "a@x.ch"}]},
}


@pytest.mark.parametrize("where", ["in the transaction", "after the transaction"])
def test_a_run_that_is_killed_moves_everybody_or_nobody_and_the_next_one_ends_it(
    database_url: str, tmp_path: Path, where: str
) -> None:
    graph = tmp_path / "graph.duckdb"
    engine = new_engine(database_url)
    put(engine, PEOPLE)
    resolve_step(engine, POLICY, CUSTOMER, fingerprint=1, graph=graph)
    before = check(engine, POLICY)
    put(engine, NEWS)
    context = get_context("spawn")
    child = context.Process(target=_killed, args=(database_url, graph, where))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    with reading(engine) as conn:
        links = store.read_links(conn)
        events = [each.gid for each in store.history(conn, before[SourceRef("crm", "0")])]
    if where == "in the transaction":
        there = {ref: gid for ref, gid in before.items() if ref != ("shop", "2")}
        assert links == there
        assert events == []
    else:
        assert links == check(engine, POLICY)
    put(engine, {("shop", "3"): {"given_name": "Eva"}})
    found = resolve_step(engine, POLICY, CUSTOMER, fingerprint=1, graph=graph)
    assert "touched" in found.counts, "what was killed is gone on with, not begun anew"
    check(engine, POLICY)
    engine.dispose()


@pytest.mark.parametrize("harm", ["gone", "cut", "another"])
def test_without_a_graph_that_fits_everything_is_resolved_and_a_new_one_is_made(
    engine, tmp_path: Path, harm: str
) -> None:
    graph = tmp_path / "graph.duckdb"
    put(engine, PEOPLE)
    resolve_step(engine, POLICY, CUSTOMER, fingerprint=1, graph=graph)
    old = graph.read_bytes()
    put(engine, NEWS)
    found = resolve_step(engine, POLICY, CUSTOMER, fingerprint=1, graph=graph)
    assert found.counts["touched"] < 6
    if harm == "gone":
        graph.unlink()
    elif harm == "cut":
        graph.write_bytes(old[:5_000])
    else:
        put(engine, {("shop", "4"): {"given_name": "Ida"}})
        resolve_step(engine, POLICY, CUSTOMER, fingerprint=1, graph=graph)
        graph.write_bytes(old)  # of two runs before
    for number in (8, 9):
        put(engine, {("shop", str(number)): {"given_name": "Eva"}})
        found = resolve_step(engine, POLICY, CUSTOMER, fingerprint=1, graph=graph)
        assert ("touched" in found.counts) == (number == 9)
        check(engine, POLICY)


CHANGES = given(first=st.dictionaries(st.sampled_from(KEYS), SAID, min_size=4), steps=STEPS)


def changes(empty: Path, first: Mapping[tuple[str, str], Any], steps: Sequence[Step]) -> None:
    """Hold the law for some records and what becomes of them."""
    first = {("shop", "0"): {}, ("crm", "0"): {}, **first}
    with TemporaryDirectory() as name:
        path = Path(name) / "test.db"
        path.write_bytes(empty.read_bytes())
        engine = make_engine(f"sqlite:///{path}")
        law(engine, Path(name), first, steps, POLICY)
        engine.dispose()


@settings(max_examples=4)
@CHANGES
def test_any_changes_in_any_order_give_the_people_that_everything_resolved_anew_gives(
    empty: Path, first, steps
) -> None:
    changes(empty, first, steps)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@settings(max_examples=300)
@CHANGES
def test_very_many_changes_give_the_people_that_everything_resolved_anew_gives(
    empty: Path, first, steps
) -> None:
    changes(empty, first, steps)


# Names that are rare among a few records and common among many: their bits change as records come.
RARE = tight(
    join_at=8.0,
    given_name=default().given_name.model_copy(update={"same": (1.0, 13.0)}),
    family_name=default().family_name.model_copy(update={"same": (1.0, 13.0)}),
)


def test_a_name_that_becomes_common_takes_apart_people_whom_nobody_touched(
    empty: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(scoring, "_SMOOTHING", 4)
    scoring.rarity.cache_clear()
    born = {"birth_date": "1950-02-01"}
    policy = RARE.model_copy(
        update={
            "join_at": 20.0,
            "birth_date": default().birth_date.model_copy(update={"blocked": frozenset()}),
        }
    )
    first = {
        ("shop", "0"): {"given_name": "Ida", "family_name": "Rare", **born},
        ("crm", "0"): {"given_name": "Ida", "family_name": "Rare", **born},
        **{("shop", f"x{n}"): {"given_name": f"N{n}", "family_name": f"F{n}"} for n in range(40)},
    }
    many = {("crm", f"y{n}"): {"given_name": "Ida", "family_name": f"G{n}"} for n in range(60)}
    path = tmp_path / "test.db"
    path.write_bytes(empty.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    together = {SourceRef("shop", "0"), SourceRef("crm", "0")}
    put(engine, first)
    resolve_step(engine, policy, CUSTOMER, fingerprint=1, graph=tmp_path / "graph.duckdb")
    assert together in partition(check(engine, policy))
    put(engine, many)
    found = resolve_step(engine, policy, CUSTOMER, fingerprint=1, graph=tmp_path / "graph.duckdb")
    assert "touched" in found.counts
    assert together not in partition(check(engine, policy))
    put(engine, dict.fromkeys(many))
    resolve_step(engine, policy, CUSTOMER, fingerprint=1, graph=tmp_path / "graph.duckdb")
    assert together in partition(check(engine, policy))
    engine.dispose()
    scoring.rarity.cache_clear()
