"""One record against the stored people: the bits of the batch, and the person of the next run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from idp_core.db.engine import reading
from idp_core.profiles import store
from idp_core.profiles.evidence import reader
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import Login, default
from idp_core.profiles.scoring import usable
from idp_core.profiles.vetoes import Constraints
from mappings.schema import CUSTOMER
from pipelines.errors import JobError
from pipelines.matching import Matcher, read_record
from pipelines.resolve import trained as models
from pipelines.resolve.batch import resolve
from pipelines.resolve.columns import sayer, table
from pipelines.resolve.modelfile import default as default_model
from pipelines.resolve.population import population
from pipelines.resolve.splinking import score
from pipelines.resolve.stage import Stage
from tests.databases import new_engine
from tests.pipelines.resolve.crowd import crowd
from tests.pipelines.resolve.people import person
from tests.pipelines.resolve.test_incremental_likeness import put, run

MODEL = default_model().model_copy(update={"min_records": 40, "compare_all": 50, "keep_at": -60.0})
PEOPLE = crowd(60, seed=4)[0]
NEW = [record for record in PEOPLE if record.ref.key.endswith("-1")]
STORED = [record for record in PEOPLE if record not in NEW]
POLICY = default().model_copy(update={"login": Login(sources=frozenset({"login"}))})


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return what a matcher asks a project for, with people that were resolved."""
    folder = tmp_path_factory.mktemp("matching")
    stage = Stage(MODEL, folder / "models")
    resolve(crowd(220)[0], {}, POLICY, Constraints(), stage=stage)
    engine = new_engine(f"sqlite:///{folder / 'test.db'}")
    shop = [
        person("a1", "shop", given_name="Zoe", family_name="Quast", email="zq7@x.ch"),
        person("a2", "crm", given_name="Zoe", family_name="Quast", email="zq7@x.ch"),
    ]
    put(engine, [*STORED, *shop])
    run(engine, stage, folder / "graph.duckdb", POLICY)
    yield SimpleNamespace(
        identifiers=POLICY,
        stage=stage,
        graph=folder / "graph.duckdb",
        engine=engine,
        schema=CUSTOMER,
    )
    engine.dispose()


@pytest.fixture(scope="module")
def matcher(bus: Any) -> Matcher:
    return Matcher(bus)


def linked(engine: sa.Engine) -> dict[SourceRef, str]:
    with reading(engine) as conn:
        return dict(store.read_links(conn))


def test_every_pair_is_worth_the_bits_that_the_batch_gives_it(bus: Any, matcher: Matcher) -> None:
    trained = models.load(bus.stage.folder)
    assert trained is not None
    with reading(bus.engine) as conn:
        stored = list(store.read_source_profiles(conn, deleted=False, schema=CUSTOMER))
    read = reader(POLICY)
    compared = 0
    for record in NEW[::12]:
        profiles = sorted([*stored, record], key=lambda each: each.ref)
        known = [read(profile) for profile in profiles]
        others = population(known, POLICY, Constraints())
        telling = [usable(each, others) for each in known]
        said = list(map(sayer(MODEL), profiles))
        pairs = score(table(said, telling, MODEL, others), MODEL, trained).pairs
        at = next(n for n, each in enumerate(profiles) if each.ref == record.ref)
        wanted = {
            profiles[a + b - at].ref: (bits, held)
            for a, b, bits, held in zip(
                pairs.left, pairs.right, pairs.bits, pairs.held, strict=True
            )
            if at in (a, b)
        }
        found = matcher.alike(record, telling[at], -58.0)
        got = {ref: (scored.bits, scored.held) for ref, (scored, *_) in found.items()}
        assert got == wanted
        for least in range(-40, 20, 4):
            found = matcher.alike(record, telling[at], least - MODEL.join_at)
            assert found.keys() == {ref for ref, (bits, _) in wanted.items() if bits >= least}
        compared += len(got)
    assert compared > 10


def test_a_record_is_matched_to_the_person_that_the_next_run_gives_it(
    bus: Any, matcher: Matcher
) -> None:
    with reading(bus.engine) as conn:
        said = {record.ref: matcher.match(conn, record).gid for record in NEW}
        stored = list(store.read_source_profiles(conn, deleted=False, schema=CUSTOMER))
    assert sum(gid is not None for gid in said.values()) > 10
    before = linked(bus.engine)
    for record in NEW[::12]:
        whole = resolve([*stored, record], before, POLICY, Constraints(), stage=bus.stage)
        gid = whole.links[record.ref]
        assert said[record.ref] == (gid if gid in before.values() else None)


def test_an_unverified_email_alone_does_not_let_a_login_join(bus: Any, matcher: Matcher) -> None:
    gid = linked(bus.engine)[SourceRef("crm", "a2")]
    said = {"given_name": "Zoe", "family_name": "Quast", "email": "zq7@x.ch"}
    with reading(bus.engine) as conn:
        shop = matcher.match(conn, person("n", "shop", **said))
        unproven = matcher.match(conn, person("n", "login", **said))
    assert shop.gid == gid
    assert [each.ref.key for each in shop.people[0].near] == ["a2", "a1"]
    assert any("email: same" in each.text for each in shop.people[0].near[0].reasons)
    assert unproven.gid is None
    assert unproven.people[0].gid == gid


def test_a_veto_is_told(bus: Any, matcher: Matcher) -> None:
    other = person("n", "shop", given_name="Anton", family_name="Quast", email="zq7@x.ch")
    with reading(bus.engine) as conn:
        found = matcher.match(conn, other)
    assert found.gid is None
    assert all(each.forbidden or each.weight <= 0 for each in found.people)


def test_a_record_that_says_nothing_joins_nobody(bus: Any, matcher: Matcher) -> None:
    with reading(bus.engine) as conn:
        found = matcher.match(conn, SourceProfile(SourceRef("shop", "n"), {}, "shop@1", ""))
    assert (found.gid, found.people) == (None, ())


def test_before_anything_was_resolved_there_is_nothing_to_match(bus: Any, tmp_path: Path) -> None:
    empty: Any = SimpleNamespace(**{**vars(bus), "graph": tmp_path / "none"})
    with pytest.raises(JobError, match="isthmus sync"):
        Matcher(empty)


def test_a_matcher_knows_when_another_run_resolved(bus: Any, matcher: Matcher) -> None:
    assert matcher.current


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "record:1:2 is no JSON"),
        ("[]", "record:1:1 is no JSON object"),
        ('{"emial": "a@x.ch"}', "did you mean 'email'"),
        ('{"emails": "soon@x.ch"}', "emails is a list"),
        ('{"birth_date": "soon"}', "birth_date: cannot have this value; write a date such as"),
        ('{"birth_date": ["soon"]}', "birth_date: cannot have this value"),
        ('{"emails": [{"value": "a@x.ch", "verified": "soon"}]}', "write verified: yes or no"),
        ('{"active": "soon"}', "active: cannot have this value; write yes or no"),
        ('{"$gone": 1}', "unknown attribute|is no attribute"),
    ],
)
def test_a_record_that_is_none_is_told_without_its_values(bus: Any, text: str, told: str) -> None:
    with pytest.raises(JobError, match=told) as error:
        read_record(bus, text, "shop")
    assert "soon" not in str(error.value)


def test_a_record_is_read_as_a_source_would_say_it(bus: Any, matcher: Matcher) -> None:
    record = read_record(bus, '{"given_name": "Zoe", "email": "zq7@x.ch"}', "shop")
    with reading(bus.engine) as conn:
        assert matcher.match(conn, record).people[0].weight > 0
