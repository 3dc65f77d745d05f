from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from connectors.contract import Action, Change, Searchable
from connectors.errors import (
    ConflictError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    TransientError,
    UncertainError,
)
from connectors.kit import (
    LyingTargetContract,
    TargetContract,
    UnreliableTargetContract,
    XmlShape,
)
from connectors.registry import build
from connectors.soap import Soap
from connectors.soap.connector import SoapTarget
from tests.connectors.soap.accounts import NAMESPACE, Directory, served, settings


@pytest.fixture
def directory():
    with served() as directory:
        yield directory


def target(url: str, **more) -> SoapTarget:
    built = build("soap", settings(url, **more), Path())
    assert isinstance(built, SoapTarget)
    return built


def create(key: str = "k1", **after) -> Change:
    return Change(1, "User", Action.CREATE, key, after={"userName": "u"} | after)


def written(directory: Directory, change: Change):
    (outcome,) = target(directory.url).apply([change])
    return outcome


class TestSoapTarget(TargetContract):
    fixed: ClassVar = {"given": "Zoë"}
    edited: ClassVar = ("family", "Lee", "O'Brien-日本")

    @pytest.fixture
    def target(self, directory):
        return target(directory.url)

    @pytest.fixture
    def unreachable(self):
        return target("http://127.0.0.1:1/accounts", http={"attempts": 1})


class TestSoapTargetOnABadDay(UnreliableTargetContract):
    attributes: ClassVar = {"userName": "user-1", "given": "Zoë"}

    @pytest.fixture
    def upstream(self, directory):
        return directory.url.removesuffix("/accounts")

    @pytest.fixture
    def target(self, proxy):
        http = {"attempts": 3, "backoff_seconds": 0.01, "read_timeout": 0.4}
        return target(f"{proxy.url}/accounts", http=http)


class TestListingTheAccountsOfALiar(LyingTargetContract):
    @pytest.fixture
    def shape(self):
        return XmlShape(f"{{{NAMESPACE}}}ListResponse", f"{{{NAMESPACE}}}account")

    @pytest.fixture
    def upstream(self, directory):
        return directory.url.removesuffix("/accounts")

    @pytest.fixture
    def target(self, proxy):
        return target(f"{proxy.url}/accounts")


@pytest.mark.parametrize(
    ("code", "kind", "calls"),
    [
        ("Duplicate", ConflictError, 1),
        ("Invalid", RejectedError, 1),
        ("Unknown", NotFoundError, 1),
        ("Busy", TransientError, 3),
        ("Server", UncertainError, 1),
    ],
)
def test_faults_of_a_write_are_told_apart_and_their_words_are_not_repeated(
    directory, code, kind, calls
):
    directory.faults = [code] * 9
    error = written(directory, create()).error
    assert type(error) is kind
    assert "secret" not in str(error)
    assert directory.calls == ["Create"] * calls
    assert directory.accounts == {}


def test_a_service_that_is_busy_once_is_asked_again(directory):
    directory.faults = ["Busy"]
    assert written(directory, create()).error is None
    assert len(directory.accounts) == 1


def test_one_value_that_the_wsdl_does_not_allow_keeps_no_other_from_being_written(directory):
    bad, good = create("k1", active="perhaps?"), create("k2", given="Ann")
    first, second = target(directory.url).apply([bad, good])
    assert first.error is None or isinstance(first.error, RejectedError)
    assert second.error is None
    assert [each["key"] for each in directory.accounts.values()][-1] == "k2"


def test_a_name_that_the_wsdl_does_not_know_stops_the_run(directory):
    with pytest.raises(MisconfiguredError, match=r"Create: .*'shoe'"):
        written(directory, create(shoe="43"))


def test_operations_of_writing_are_looked_for_by_check(directory):
    told = settings(directory.url)
    told["objects"]["User"]["write"]["delete"]["operation"] = "Delte"
    built = build("soap", told, Path())
    with pytest.raises(MisconfiguredError, match="no operation 'Delte'; did you mean 'Delete'"):
        built.check()


def test_what_is_only_read_is_no_target(directory):
    told = settings(directory.url)
    del told["objects"]["User"]["write"]
    built = build("soap", told, Path())
    assert type(built) is Soap
    assert not isinstance(built, Searchable)


def test_an_update_of_the_whole_record_needs_to_be_able_to_get_it(directory):
    told = settings(directory.url)
    write = told["objects"]["User"]["write"]
    write["update"]["arguments"]["account"] = "{record}"
    both = build("soap", told, Path())
    (made,) = both.apply([create(given="Ann", family="Lee")])
    update = Change(2, "User", Action.UPDATE, "k1", made.id, after={"family": None})
    (outcome,) = both.apply([update])
    assert outcome.error is None
    (held,) = directory.accounts.values()
    assert (held["given"], held["family"]) == ("Ann", None)
    del write["get"]
    with pytest.raises(MisconfiguredError, match="needs get"):
        build("soap", told, Path())


def test_a_refusal_keeps_both_bodies_and_nothing_that_proves_who_we_are(directory, monkeypatch):
    monkeypatch.setenv("PASSWORD", "hush-hush")
    security = {"user": "ann", "password": "env:PASSWORD"}
    auth = {"type": "basic", "user": "bob", "password": "env:PASSWORD"}
    directory.faults = ["Invalid"]
    sender = target(directory.url, security=security, auth=auth)
    (outcome,) = sender.apply([create(given="Zoë")])
    said = outcome.error.exchange
    assert (said.method, said.path, said.status, said.code) == ("SOAP", "Create", 500, "Invalid")
    assert "Zoë" in said.sent
    assert "Zoë secret" in said.answered
    assert not any(word in said.sent for word in ("hush-hush", "Header", "Security", "ann"))
    assert "Zoë" not in f"{outcome.error!r} {said!r}"


def test_a_refusal_within_a_success_keeps_what_was_said(directory):
    rule = {"status": 200, "means": "rejected"}
    sender = target(directory.url, errors=[rule])
    (outcome,) = sender.apply([create(given="Zoë")])
    said = outcome.error.exchange
    assert (said.path, said.status, said.code) == ("Create", 200, "")
    assert "Zoë" in said.sent
    assert ">a1<" in said.answered


def test_what_was_not_answered_has_no_exchange():
    (lost,) = target("http://127.0.0.1:1/accounts", http={"attempts": 1}).apply([create()])
    assert lost.error.exchange is None
