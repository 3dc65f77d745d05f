"""The rules of connectors over HTTP whose system has a bad day."""

# ruff: noqa: S101, D102 (tests: they assert, and their names are their documentation)

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from connectors.contract import Action, Change, Query, Searchable, Source, Target
from connectors.errors import MisconfiguredError, TransientError, UncertainError
from connectors.kit.faults import HARMLESS, UNSURE, Fault, FaultyProxy
from connectors.kit.records import RECORDS
from connectors.kit.source import Rows, rows_of
from connectors.kit.target import one

_PASSING = [*HARMLESS, *UNSURE, Fault.BROKEN]
_BOUND = 60


class _Unreliable:
    @pytest.fixture
    def proxy(self, upstream: str) -> Iterator[FaultyProxy]:
        """The proxy between the connector and its system."""
        with FaultyProxy(upstream) as proxy:
            yield proxy


class UnreliableSourceContract(_Unreliable):
    """Inherit this, give `upstream(records)`, the system's address, and `source(proxy)`.

    `source` reads through ``proxy.url``, in pages of a few rows, with a read time-out below
    ``proxy.silence``, and tries a call at least twice.
    """

    name: ClassVar[str] = "people"
    """The object to read."""
    cursor: ClassVar[str | None] = "changed"
    """The cursor field; None for a source that is read without one."""

    @pytest.fixture
    def records(self) -> Rows:
        """What the system is to hold."""
        return [dict(row) for row in RECORDS]

    @pytest.mark.parametrize("at", [0, 1, 2])
    @pytest.mark.parametrize("fault", _PASSING)
    def test_what_goes_wrong_once_loses_and_repeats_nothing(
        self, source: Source, proxy: FaultyProxy, fault: Fault, at: int
    ) -> None:
        whole = rows_of(source.read(self.query()))
        proxy.fail(fault, at=at)
        assert rows_of(source.read(self.query())) == whole

    @pytest.mark.parametrize("fault", _PASSING)
    def test_what_always_goes_wrong_is_given_up_as_passing(
        self, source: Source, proxy: FaultyProxy, fault: Fault
    ) -> None:
        proxy.fail_always(fault)
        with pytest.raises(TransientError):
            rows_of(source.read(self.query()))
        assert len(proxy.calls) <= _BOUND

    def test_a_page_that_is_no_data_is_not_taken_for_an_empty_one(
        self, source: Source, proxy: FaultyProxy
    ) -> None:
        proxy.fail_always(Fault.HTML)
        with pytest.raises((TransientError, MisconfiguredError)):
            rows_of(source.read(self.query()))

    def query(self, **more: Any) -> Query:
        """The query that the rules ask."""
        return Query(self.name, key="id", cursor=self.cursor, **more)


class UnreliableTargetContract(_Unreliable):
    """Inherit this, give `upstream`, the address of a system without accounts, and `target(proxy)`.

    `target` writes through ``proxy.url``, with a read time-out below ``proxy.silence``, and tries a
    call at least twice.
    """

    name: ClassVar[str] = "User"
    """The object to write."""
    attributes: ClassVar[dict[str, Any]] = {"userName": "user-1", "name.givenName": "Zoë"}
    """What an account has."""

    @pytest.mark.parametrize("fault", _PASSING)
    def test_a_creation_whose_answer_is_lost_makes_one_account_and_is_never_taken_for_refused(
        self, target: Target, proxy: FaultyProxy, fault: Fault
    ) -> None:
        proxy.fail_write(fault)
        outcome = one(target, self.creation())
        found = self.found(target)
        if outcome.error is None:
            assert [account.id for account in found] == [outcome.id]
        elif found:
            assert isinstance(outcome.error, UncertainError)
        else:
            assert isinstance(outcome.error, TransientError)
        assert len(found) <= 1

    @pytest.mark.parametrize("fault", _PASSING)
    def test_what_always_goes_wrong_is_an_outcome_that_may_pass_later(
        self, target: Target, proxy: FaultyProxy, fault: Fault
    ) -> None:
        proxy.fail_always(fault)
        assert isinstance(one(target, self.creation()).error, TransientError)
        assert len(proxy.calls) <= _BOUND
        proxy.fail_always(None)
        assert len(self.found(target)) <= 1

    def creation(self) -> Change:
        """A change that creates an account."""
        return Change(1, self.name, Action.CREATE, "k1", after=self.attributes)

    def found(self, target: Target) -> list[Any]:
        """The accounts that have our key."""
        assert isinstance(target, Searchable)
        return list(target.find(self.name, "externalId", "k1"))
