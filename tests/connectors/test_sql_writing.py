"""Writing to tables: the rules of every target, and what only databases do."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from connectors.contract import Action, Change
from connectors.errors import (
    ConflictError,
    MisconfiguredError,
    RejectedError,
    TransientError,
    UncertainError,
)
from connectors.kit import CANARY, TargetContract
from connectors.kit.target import one
from tests.connectors.test_sql import of

TABLES = {"accounts": {"key": "external_id", "active": "active"}}


def make(url: str, **more: Any) -> None:
    engine = sa.create_engine(url)
    table = sa.Table(
        "accounts",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("external_id", sa.String(200), unique=more.get("unique", True)),
        sa.Column("user_name", sa.String(200), nullable=False, unique=True),
        sa.Column("given_name", sa.String(200)),
        sa.Column("family_name", sa.String(200)),
        sa.Column("born", sa.Date),
        sa.Column("points", sa.Numeric(8, 2)),
        sa.Column("active", sa.Boolean, server_default=sa.true()),
    )
    table.create(engine)
    engine.dispose()


@pytest.fixture
def target(database_url, tmp_path):
    make(database_url)
    return of(database_url, tmp_path, tables=TABLES)


class TestSqlTarget(TargetContract):
    name: ClassVar[str] = "accounts"
    unique: ClassVar[str] = "user_name"
    fixed: ClassVar[dict[str, Any]] = {"given_name": "Zoë"}
    edited: ClassVar[tuple[str, Any, Any]] = ("family_name", "Lee", "O'Brien-日本")

    @pytest.fixture
    def target(self, target):
        return target

    @pytest.fixture
    def unreachable(self, postgres_url, tmp_path):
        return of(sa.make_url(postgres_url).set(port=1).render_as_string(False), tmp_path)

    @pytest.fixture
    def refused(self, postgres_url, tmp_path):
        return of(sa.make_url(postgres_url).set(password=CANARY).render_as_string(False), tmp_path)


def change(action: Action, key: str = "k1", number: int = 1, **more: Any) -> Change:
    return Change(number, "accounts", action, key, **more)


def creation(key: str, number: int = 1, **after: Any) -> Change:
    return change(Action.CREATE, key, number, after={"user_name": key, **after})


def test_texts_become_what_the_columns_hold(target):
    made = one(target, creation("k1", born="1980-02-29", points="12.50"))
    assert made.error is None
    (account,) = target.find("accounts", "externalId", "k1")
    assert account.id == made.id
    assert account.attributes["born"] == "1980-02-29"
    assert float(account.attributes["points"]) == 12.5
    assert account.attributes["active"] is True


def test_a_value_that_does_not_fit_its_column_is_refused_without_being_shown(target):
    outcomes = list(target.apply([creation("k1", 1, born="canary"), creation("k2", 2)]))
    assert isinstance(outcomes[0].error, RejectedError)
    assert "accounts.born" in str(outcomes[0].error)
    assert "canary" not in str(outcomes[0].error)
    assert outcomes[1].error is None


def test_what_the_database_refuses_is_told_apart_from_a_twin(target):
    changes = [
        creation("k1", 1),
        change(Action.CREATE, "k2", 2, after={"user_name": "k1"}),
        change(Action.CREATE, "k3", 3, after={"user_name": None}),
        creation("k4", 4),
    ]
    outcomes = list(target.apply(changes))
    assert [type(o.error) for o in outcomes] == [
        type(None), ConflictError, RejectedError, type(None),
    ]  # fmt: skip
    assert {account.key for account in target.accounts("accounts")} == {"k1", "k4"}


def test_deactivating_sets_the_column_that_is_named_for_it(target):
    made = one(target, creation("k1"))
    assert one(target, change(Action.DEACTIVATE, id=made.id)).error is None
    (account,) = target.accounts("accounts")
    assert account.attributes["active"] is False


def test_outcomes_are_told_after_their_transaction_has_committed(target, database_url):
    changes = [creation(f"k{number}", number) for number in range(250)]
    engine = sa.create_engine(database_url)
    seen = []
    for outcome in target.apply(changes):
        with engine.connect() as connection:
            found = connection.scalar(
                sa.text("SELECT count(*) FROM accounts WHERE external_id = :key"),
                {"key": outcome.change.key},
            )
        seen.append(found)
    engine.dispose()
    assert seen == [1] * 250


def test_a_key_without_a_unique_index_is_no_key(database_url, tmp_path):
    make(database_url, unique=False)
    target = of(database_url, tmp_path, tables=TABLES)
    with pytest.raises(MisconfiguredError, match="has no unique index"):
        one(target, creation("k1"))


def test_only_the_tables_that_are_named_are_written_to(database_url, tmp_path):
    make(database_url)
    target = of(database_url, tmp_path)
    with pytest.raises(MisconfiguredError, match="may not be written to; name it under tables"):
        one(target, creation("k1"))


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"key": "externalid"}, "no column 'externalid'; did you mean 'external_id'"),
        ({"key": "external_id", "active": "activ"}, "did you mean 'active'"),
    ],
)
def test_a_wrong_column_is_told_with_the_right_one(database_url, tmp_path, said, problem):
    make(database_url)
    with pytest.raises(MisconfiguredError, match=problem):
        one(of(database_url, tmp_path, tables={"accounts": said}), creation("k1"))


def test_a_commit_whose_answer_is_lost_is_uncertain(database_url, tmp_path, monkeypatch):
    make(database_url)
    target = of(database_url, tmp_path, tables=TABLES)

    def lose(self):
        raise sa.exc.OperationalError("COMMIT", {}, Exception("gone"))

    monkeypatch.setattr(sa.Connection, "commit", lose)
    outcomes = list(target.apply([creation("k1", 1), creation("k2", 2)]))
    assert all(isinstance(outcome.error, UncertainError) for outcome in outcomes)


def test_a_database_lost_before_the_commit_did_nothing(database_url, tmp_path, monkeypatch):
    make(database_url)
    target = of(database_url, tmp_path, tables=TABLES)

    def lose(self):
        raise sa.exc.OperationalError("SAVEPOINT", {}, Exception("gone"))

    monkeypatch.setattr(sa.Connection, "begin_nested", lose)
    error = one(target, creation("k1")).error
    assert isinstance(error, TransientError)
    assert not isinstance(error, UncertainError)
    assert list(target.accounts("accounts")) == []
