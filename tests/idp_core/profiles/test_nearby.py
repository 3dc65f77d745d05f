"""A few records with everybody they belong to, on both stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.db.jsontext import typer
from idp_core.profiles import store
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.nearby import read_around, words_among
from idp_core.profiles.vetoes import Constraints
from mappings.schema import CUSTOMER

ANN, TWIN, GONE, BOB, NEW = (SourceRef("shop", key) for key in ("a", "b", "c", "d", "e\0é" * 500))
SAID = {"given_name": "Ann", "birth_date": datetime(1980, 1, 2, tzinfo=UTC).date()}


def put(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        for ref in (ANN, TWIN, GONE, BOB, NEW):
            digest = store.digest_of(SAID, deleted=ref == GONE)
            record = SourceProfile(ref, SAID, "shop@1", digest, deleted=ref == GONE)
            store.put_source_profiles(conn, [record], "run")
        store.save_links(conn, {ANN: "g1", TWIN: "g1", GONE: "g1", BOB: "g2"})


def test_a_record_is_read_with_all_others_of_its_person_that_are_there(engine: sa.Engine) -> None:
    put(engine)
    with reading(engine) as conn:
        found = read_around(conn, [ANN, GONE, SourceRef("shop", "nobody")]).records
        alone = read_around(conn, [NEW]).records
    assert sorted((each.ref, each.gid) for each in found) == [(ANN, "g1"), (TWIN, "g1")]
    assert [(each.ref, each.gid) for each in alone] == [(NEW, None)]
    assert {each.mapping for each in found} == {"shop@1"}
    assert [each.profile(typer(CUSTOMER)).attributes for each in [*found, *alone]] == [SAID] * 3
    assert "Ann" not in repr(found)


def test_stewards_words_are_read_of_the_asked_alone_and_while_they_hold(engine: sa.Engine) -> None:
    put(engine)
    with reading(engine) as conn:
        assert not read_around(conn, [ANN]).judged
    past = datetime.now(UTC) - timedelta(days=1)
    with writing(engine) as conn:
        store.put_constraint(conn, "cannot", BOB, ANN, who="me", why="two")
        store.put_constraint(conn, "must", ANN, TWIN, who="me", why="one")
        store.put_constraint(conn, "cannot", BOB, TWIN, who="me", why="old", expires_at=past)
    with reading(engine) as conn:
        assert read_around(conn, [ANN]).judged
        assert words_among(conn, {ANN, BOB, TWIN}) == Constraints.of([(ANN, TWIN)], [(ANN, BOB)])
        assert words_among(conn, {ANN, BOB}) == Constraints.of([], [(ANN, BOB)])
        assert words_among(conn, {TWIN, NEW}) == Constraints()
