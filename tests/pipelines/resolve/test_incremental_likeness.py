"""With likeness, too: the same people as if everything were resolved anew, in any order."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp_core.db.engine import make_engine, reading, writing
from idp_core.profiles import store
from idp_core.profiles.evidence import reader
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import IdentifierPolicy, Login
from idp_core.profiles.scoring import Population
from mappings.schema import CUSTOMER
from pipelines import unify
from pipelines.resolve import graph as graphs
from pipelines.resolve import modelfile
from pipelines.resolve import trained as models
from pipelines.resolve.batch import resolve
from pipelines.resolve.columns import sayer, table
from pipelines.resolve.splinking import score
from pipelines.resolve.stage import Stage
from pipelines.unify import Unified, resolve_step
from tests.often import often
from tests.pipelines.resolve.crowd import crowd
from tests.pipelines.resolve.test_incremental import NOW, partition, say, tight

SLOW = ("postgresql",)

MODEL = modelfile.default().model_copy(
    update={"min_records": 40, "compare_all": 50, "max_compared": 4}
)
POLICY = tight(login=Login(sources=frozenset({"mkt"})))
PEOPLE = crowd(40, seed=2)[0]
REFS = [record.ref for record in PEOPLE]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Return the stage with a model that was trained on a larger crowd."""
    stage = Stage(MODEL, tmp_path_factory.mktemp("models"))
    resolve(crowd(220)[0], {}, POLICY, unify.Constraints(), stage=stage)
    return stage


def put(engine, records: Sequence[SourceProfile]) -> None:
    with writing(engine) as conn:
        stored = [replace(each, digest=store.digest_of(each.attributes)) for each in records]
        store.put_source_profiles(conn, stored, "run")


def run(engine, stage: Stage, graph: Path, policy: IdentifierPolicy = POLICY) -> Unified:
    return resolve_step(engine, policy, CUSTOMER, fingerprint=1, stage=stage, graph=graph)


def check(engine, stage: Stage, policy: IdentifierPolicy = POLICY) -> Mapping[SourceRef, str]:
    """See that people and doubts are what resolving everything gives."""
    with reading(engine) as conn:
        records = list(store.read_source_profiles(conn, deleted=False, schema=CUSTOMER))
        links = store.read_links(conn)
        whole = resolve(records, {}, policy, unify.read_steward_words(conn), stage=stage)
        asked = [each.pair for each in store.read_cases(conn, store.Filter(), NOW)]
    assert whole.counts["alike"] > 0
    assert partition(links) == partition(whole.links)
    homes = {frozenset(links[ref] for ref in pair) for pair in asked}
    assert homes == {frozenset((links[d.left], links[d.right])) for d in whole.doubts}
    return links


# What somebody says of themselves now: deleted, as another does, or with an identifier.
CHANGE = st.one_of(
    st.tuples(st.just("gone"), st.sampled_from(REFS), st.sampled_from(REFS)),
    st.tuples(st.just("like"), st.sampled_from(REFS), st.sampled_from(REFS)),
    st.tuples(st.just("new"), st.sampled_from(REFS), st.sampled_from(REFS)),
    st.tuples(st.sampled_from(["email", "phone"]), st.sampled_from(REFS), st.sampled_from(REFS)),
    st.tuples(st.sampled_from(["must", "cannot"]), st.sampled_from(REFS), st.sampled_from(REFS)),
)
STEPS = st.lists(st.lists(CHANGE, min_size=1, max_size=8), min_size=1, max_size=4)
Change = tuple[str, SourceRef, SourceRef]


def take(engine, change: Change) -> None:
    """Make one change."""
    what, one, other = change
    said = {record.ref: dict(record.attributes) for record in PEOPLE}
    if what in ("must", "cannot"):
        if one != other:
            say(engine, what, one, other)
        return
    attributes = said[one]
    if what == "like":
        name = random.Random(str(change)).choice(sorted(said[other]))
        attributes[name] = said[other][name]
    if what == "email":
        attributes["emails"] = [{"value": f"{said[other]['family_name'][:3]}@x.ch"}]
    if what == "phone":
        attributes["phones"] = [{"value": f"+4144668180{int(other.key[-1])}"}]
    ref = SourceRef(one.source, f"{one.key}-{other.key}") if what == "new" else one
    gone = what == "gone"
    put(engine, [SourceProfile(ref, {} if gone else attributes, "shop@1", "", deleted=gone)])


def law(empty: Path, stage: Stage, steps: Sequence[Sequence[Change]]) -> int:
    """Make changes step by step; return how many runs did not look at everything."""
    with TemporaryDirectory() as name:
        path, graph = Path(name) / "test.db", Path(name) / "graph.duckdb"
        path.write_bytes(empty.read_bytes())
        engine = make_engine(f"sqlite:///{path}")
        put(engine, PEOPLE)
        run(engine, stage, graph)
        quick = 0
        for step in steps:
            for change in step:
                take(engine, change)
            quick += "touched" in run(engine, stage, graph).counts
        check(engine, stage)
        engine.dispose()
    return quick


def test_changes_of_every_kind_give_the_people_that_everything_resolved_anew_gives(
    empty: Path, stage: Stage
) -> None:
    chance = random.Random(5)
    kinds = ("gone", "like", "new", "email", "phone", "must", "cannot")
    steps = [
        [(kind, chance.choice(REFS), chance.choice(REFS)) for kind in kinds for _ in range(2)]
        for _ in range(3)
    ]
    assert law(empty, stage, steps) == 3


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@settings(max_examples=often(60))
@given(steps=STEPS)
def test_any_changes_in_any_order_give_the_people_that_everything_resolved_anew_gives(
    empty: Path, stage: Stage, steps: Sequence[Sequence[Change]]
) -> None:
    law(empty, stage, steps)


def test_the_order_of_arrival_never_matters(empty: Path, stage: Stage, tmp_path: Path) -> None:
    found = []
    for number, order in enumerate((PEOPLE, PEOPLE[::-1])):
        path, graph = tmp_path / f"{number}.db", tmp_path / f"{number}.duckdb"
        path.write_bytes(empty.read_bytes())
        engine = make_engine(f"sqlite:///{path}")
        for start in (0, 85):
            put(engine, order[start : start + 85])
            run(engine, stage, graph)
        found.append(partition(check(engine, stage)))
        engine.dispose()
    assert found[0] == found[1]


def test_another_model_in_use_resolves_everything_anew(
    empty: Path, stage: Stage, tmp_path: Path
) -> None:
    path, graph = tmp_path / "test.db", tmp_path / "graph.duckdb"
    path.write_bytes(empty.read_bytes())
    own = Stage(stage.model, tmp_path / "models")
    assert stage.folder is not None
    trained = models.load(stage.folder)
    assert trained is not None
    assert own.folder is not None
    models.save(trained, own.folder)
    engine = make_engine(f"sqlite:///{path}")
    put(engine, PEOPLE)
    run(engine, own, graph)
    assert run(engine, own, graph) == Unified()
    models.save(replace(trained, prior=trained.prior / 2), own.folder)
    found = run(engine, own, graph)
    assert found.counts["profiles"] > 0
    assert run(engine, own, graph) == Unified()
    engine.dispose()


def test_a_growing_number_of_records_lowers_the_prior_in_steps(stage: Stage) -> None:
    assert stage.folder is not None
    trained = models.load(stage.folder)
    assert trained is not None
    n = trained.records
    assert trained.prior_among(n) == trained.prior
    assert trained.prior_among(n + n // 20) == trained.prior
    assert trained.prior_among(2 * n) == pytest.approx(trained.prior / 2)


def test_pairs_that_settle_the_prior_are_those_that_the_settled_model_gives(stage: Stage) -> None:
    assert stage.folder is not None
    trained = models.load(stage.folder)
    assert trained is not None
    assert {key for key, _ in trained.crowded}
    read = reader(POLICY)
    people = sorted(PEOPLE, key=lambda each: each.ref)
    columns = table(list(map(sayer(MODEL), people)), list(map(read, people)), MODEL, Population())
    guess = replace(trained, prior=trained.prior / 5, records=len(PEOPLE))
    settled, pairs = score(columns, MODEL, guess, settle=True)
    assert settled.prior > guess.prior
    assert len(pairs.left) > 40
    assert score(columns, MODEL, settled).pairs == pairs


def test_what_is_compared_of_an_erased_person_leaves_the_graph(
    empty: Path, stage: Stage, tmp_path: Path
) -> None:
    path, graph = tmp_path / "test.db", tmp_path / "graph.duckdb"
    graphs.forget(graph, REFS)  # there is none yet
    path.write_bytes(empty.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    put(engine, PEOPLE)
    run(engine, stage, graph)
    graphs.forget(graph, REFS[:2])
    with duckdb.connect(str(graph)) as con:
        left = con.execute("SELECT count(*) FROM looks").fetchall()
    assert left == [(len(PEOPLE) - 2,)]
    put(engine, [SourceProfile(ref, {}, "shop@1", "", deleted=True) for ref in REFS[:2]])
    assert "touched" in run(engine, stage, graph).counts
    check(engine, stage)
    engine.dispose()


def _killed(url: str, graph: Path, folder: Path, where: str) -> None:
    """Resolve, and kill this process at a place."""

    def kill(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    unify.MOST_CHANGED = 10
    if where == "while scoring":
        graphs.add_alike = kill
    if where == "in the transaction":
        store.save_watermark = kill
    if where == "after the transaction":
        graphs.keep_mark = kill
    engine = make_engine(url)
    run(engine, Stage(MODEL, folder), graph)


@pytest.mark.parametrize(
    "where",
    [
        "in the transaction",
        pytest.param("while scoring", marks=pytest.mark.slow),
        pytest.param("after the transaction", marks=pytest.mark.slow),
    ],
)
def test_a_run_that_is_killed_moves_everybody_or_nobody_and_the_next_one_ends_it(
    engine, database_url: str, stage: Stage, tmp_path: Path, where: str
) -> None:
    graph = tmp_path / "graph.duckdb"
    put(engine, PEOPLE)
    run(engine, stage, graph)
    with reading(engine) as conn:
        before = store.read_links(conn)
    news = [replace(PEOPLE[n], attributes=PEOPLE[n + 7].attributes) for n in range(0, 40, 3)]
    put(engine, news)
    child = get_context("spawn").Process(
        target=_killed, args=(database_url, graph, stage.folder, where)
    )
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    with reading(engine) as conn:
        links = store.read_links(conn)
    if where == "after the transaction":
        assert links == check(engine, stage)
        assert partition(links) != partition(before)
    else:
        assert links == before
    put(engine, [replace(PEOPLE[1], attributes=PEOPLE[50].attributes)])
    found = run(engine, stage, graph)
    assert "touched" in found.counts, "what was killed is gone on with, not begun anew"
    check(engine, stage)
