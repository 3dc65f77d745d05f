"""The rules of every target."""

# ruff: noqa: S101, D102 (tests: they assert, and their names are their documentation)

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from connectors.contract import (
    Account,
    Action,
    Change,
    Checkable,
    Connector,
    Discoverable,
    Outcome,
    Previewable,
    Row,
    Searchable,
    Target,
)
from connectors.errors import MisconfiguredError, RejectedError, UnauthorizedError
from connectors.kit.records import ODD_KEYS
from connectors.kit.source import assert_frozen, assert_hidden, error_of_check

Held = Callable[[], list[Account]]


class TargetContract:
    """Inherit this, give the fixture `target`: a connector to a system without accounts.

    The class variables say what its accounts look like. A target that is not Searchable gives
    `held` too: a function that looks into the system.
    """

    name: ClassVar[str] = "User"
    """The object to write."""
    unique: ClassVar[str] = "userName"
    """An attribute that every account needs, each with its own value."""
    fixed: ClassVar[Row] = {"name.givenName": "Zoë"}
    """Attributes that an update must leave alone."""
    edited: ClassVar[tuple[str, Any, Any]] = ("name.familyName", "Lee", "O'Brien-日本")
    """An attribute that may be cleared, and two values of it."""

    @pytest.fixture
    def held(self, target: Searchable) -> Held:
        """What the system holds now."""
        return lambda: list(target.accounts(self.name))

    @pytest.fixture
    def unreachable(self) -> Connector | None:
        """The same target at an address where nothing answers; None when it has no address."""
        return None

    @pytest.fixture
    def refused(self) -> Connector | None:
        """The same target with CANARY as its wrong secret; None when it needs no secret."""
        return None

    def change(self, action: Action, key: str = "k1", number: int = 1, **more: Any) -> Change:
        """One change of this target's object."""
        return Change(number=number, object=self.name, action=action, key=key, **more)

    def creation(self, key: str = "k1", number: int = 1) -> Change:
        """A change that creates an account."""
        attribute, value, _ = self.edited
        after = {self.unique: f"user-{number}", **self.fixed, attribute: value}
        return self.change(Action.CREATE, key, number, after=after)

    def made(self, target: Target) -> str:
        """The id of a new account k1."""
        outcome = one(target, self.creation())
        assert outcome.error is None
        assert outcome.id
        return outcome.id

    def update(self, made: str, value: object) -> Change:
        """A change of the attribute that may be changed."""
        attribute, old, _ = self.edited
        return self.change(
            Action.UPDATE, id=made, before={attribute: old}, after={attribute: value}
        )

    def test_every_change_has_one_outcome_and_odd_keys_survive(
        self, target: Target, held: Held
    ) -> None:
        changes = [self.creation(key, number) for number, key in enumerate(ODD_KEYS, 1)]
        outcomes = list(target.apply(changes))
        assert sorted(o.change.number for o in outcomes) == list(range(1, len(ODD_KEYS) + 1))
        assert [o.error for o in outcomes] == [None] * len(ODD_KEYS)
        assert {account.key for account in held()} == set(ODD_KEYS)
        assert {a.key: a.id for a in held()} == {o.change.key: o.id for o in outcomes}

    def test_what_was_created_holds_what_was_sent(self, target: Target, held: Held) -> None:
        self.made(target)
        (account,) = held()
        assert self.creation().after.items() <= dict(account.attributes).items()

    def test_creating_twice_makes_one_account(self, target: Target, held: Held) -> None:
        made = self.made(target)
        again = one(target, self.creation())
        assert again.id == made or isinstance(again.error, RejectedError)
        assert len(held()) == 1

    @pytest.mark.parametrize("times", [1, 2])
    def test_an_update_changes_what_it_names_however_often_it_is_written(
        self, target: Target, held: Held, times: int
    ) -> None:
        made = self.made(target)
        attribute, _, value = self.edited
        for _ in range(times):
            assert one(target, self.update(made, value)).error is None
        (account,) = held()
        assert self.fixed.items() <= dict(account.attributes).items()
        assert account.attributes[attribute] == value

    def test_none_clears_an_attribute(self, target: Target, held: Held) -> None:
        made = self.made(target)
        assert one(target, self.update(made, None)).error is None
        (account,) = held()
        assert account.attributes.get(self.edited[0]) is None
        assert self.fixed.items() <= dict(account.attributes).items()

    def test_a_deactivated_account_is_still_there(self, target: Target, held: Held) -> None:
        made = self.made(target)
        assert one(target, self.change(Action.DEACTIVATE, id=made)).error is None
        assert [account.id for account in held()] == [made]

    def test_deleting_twice_is_deleting_once(self, target: Target, held: Held) -> None:
        made = self.made(target)
        for _ in range(2):
            assert one(target, self.change(Action.DELETE, id=made)).error is None
        assert held() == []

    def test_a_change_that_fails_does_not_keep_others_from_being_written(
        self, target: Target, held: Held
    ) -> None:
        bad = self.change(
            Action.UPDATE, "gone", 1, id="no-such-id", after={self.edited[0]: self.edited[2]}
        )
        outcomes = {o.change.number: o for o in target.apply([bad, self.creation("k2", 2)])}
        assert isinstance(outcomes[1].error, RejectedError)
        assert outcomes[2].error is None
        assert [account.key for account in held()] == ["k2"]

    def test_no_change_is_no_outcome(self, target: Target) -> None:
        assert list(target.apply([])) == []

    def test_an_account_is_found_by_our_key_and_by_no_other(self, target: Target) -> None:
        if not isinstance(target, Searchable):
            pytest.skip("is not searchable")
        for number, key in enumerate(ODD_KEYS, 1):
            assert one(target, self.creation(key, number)).error is None
        for key in ODD_KEYS:
            assert [a.key for a in target.find(self.name, "externalId", key)] == [key]
        assert list(target.find(self.name, "externalId", "K-9 or more")) == []

    def test_an_unknown_object_is_a_clear_error(self, target: Target) -> None:
        change = Change(1, "NothingOfThatName", Action.CREATE, "k")
        with pytest.raises(MisconfiguredError, match="NothingOfThatName"):
            list(target.apply([change]))

    def test_asking_who_it_is_writes_nothing(self, target: Target, held: Held) -> None:
        if isinstance(target, Checkable):
            assert target.check().identity
        if isinstance(target, Discoverable):
            assert self.name in {found.name for found in target.discover()}
        assert held() == []

    def test_a_preview_tells_the_request_and_writes_nothing(
        self, target: Target, held: Held
    ) -> None:
        if not isinstance(target, Previewable):
            pytest.skip("cannot tell how it would write")
        assert target.preview(self.creation()).address
        assert held() == []
        made = self.made(target)
        before = held()
        for change in (self.update(made, None), self.change(Action.DELETE, id=made)):
            assert target.preview(change).method
        assert held() == before

    def test_a_wrong_address_and_wrong_credentials_are_told_apart(
        self, unreachable: Connector | None, refused: Connector | None
    ) -> None:
        if unreachable is not None:
            assert not isinstance(error_of_check(unreachable), UnauthorizedError)
        if refused is not None:
            assert isinstance(error_of_check(refused), UnauthorizedError)

    def test_no_secret_is_shown(
        self,
        refused: Connector | None,
        capfd: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        if refused is None:
            pytest.skip("needs no secret")
        assert_hidden(refused, error_of_check(refused), caplog.text, *capfd.readouterr())

    def test_its_settings_cannot_be_changed(self, target: Connector) -> None:
        assert_frozen(target)


def one(target: Target, change: Change) -> Outcome:
    """Write one change."""
    (outcome,) = target.apply([change])
    return outcome
