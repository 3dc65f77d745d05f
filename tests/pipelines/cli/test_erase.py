"""A person is erased: here, in every target, with a receipt; and stays so."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from connectors import memory
from connectors.contract import Account
from connectors.errors import UnauthorizedError
from idp_core.db.engine import reading
from idp_core.db.metadata import metadata
from idp_core.profiles import store
from tests.pipelines.cli.conftest import document
from tests.pipelines.small import Small

ANN = {"id": "1", "mail": "ann@secret.example", "name": "Secretname"}
BOB = {"id": "2", "mail": "bob@b.example", "name": "Lee"}
BAD = {"id": "1", "mail": "secret(at)nowhere", "name": "Secretname"}


@pytest.fixture
def small(tmp_path, database_url):
    small = Small(tmp_path / "small", database_url)
    small.sync(ANN, BOB, targets=["portal"])
    return small


def gid_of(small, mail):
    with small.bus() as bus, reading(bus.engine) as conn:
        (gid,) = store.find(conn, mail)
        return gid


def everything(small):
    """All that the database holds, as text."""
    with small.bus() as bus, reading(bus.engine) as conn:
        return "\n".join(
            repr(row) for table in metadata.sorted_tables for row in conn.execute(sa.select(table))
        )


def mails(small):
    return {a.attributes["userName"] for a in small.store.accounts["User"].values()}


def test_the_person_goes_from_here_and_from_the_target_and_the_receipt_says_so(small, isthmus):
    gid = gid_of(small, ANN["mail"])
    (account,) = [a for a in small.store.accounts["User"].values() if a.key == gid]
    small.sync(BAD, BOB, targets=[])
    result = isthmus("profile", "erase", gid, "--why", "asked by letter", "--who", "dpo", "--json")
    assert result.exit_code == 0, result.stderr
    receipt = document(result)
    (system,) = receipt["systems"]
    assert (receipt["gid"], receipt["who"], receipt["why"]) == (gid, "dpo", "asked by letter")
    assert (system["system"], system["account"], system["proof"]) == ("portal", account.id, "gone")
    assert system["deleted_at"] <= system["proved_at"]
    assert mails(small) == {BOB["mail"]}
    held = everything(small)
    assert "secret" not in held.casefold()
    assert gid in held


def test_what_the_source_says_of_them_again_is_not_taken_in(small, isthmus):
    gid = gid_of(small, ANN["mail"])
    assert isthmus("profile", "erase", gid, "--why", "x").exit_code == 0
    for _ in range(2):
        report = small.sync(ANN | {"name": "Changed"}, BOB, targets=["portal"])
        assert report.targets["portal"].report.done == {}
    assert mails(small) == {BOB["mail"]}
    assert "secret" not in everything(small).casefold()


def test_erasing_again_asks_again_and_keeps_the_first_word(small, isthmus):
    gid = gid_of(small, ANN["mail"])
    first = document(isthmus("profile", "erase", gid, "--why", "first", "--json"))
    again = document(isthmus("profile", "erase", gid, "--why", "second", "--json"))
    assert again["why"] == "first"
    assert again["systems"][0]["deleted_at"] == first["systems"][0]["deleted_at"]
    assert again["systems"][0]["proved_at"] >= first["systems"][0]["proved_at"]


def test_a_target_that_cannot_be_used_is_told_and_the_next_run_deletes(small, isthmus, monkeypatch):
    gid = gid_of(small, ANN["mail"])

    def refuse(self, changes):
        raise UnauthorizedError("the credentials are refused; renew the token")

    with monkeypatch.context() as patched:
        patched.setattr(memory.Memory, "apply", refuse)
        result = isthmus("profile", "erase", gid, "--why", "x")
        assert result.exit_code == 4
        assert "portal: the credentials are refused" in result.stderr
        assert "no system has" in result.stdout
    assert ANN["mail"] in mails(small)
    small.sync(targets=["portal"])
    assert mails(small) == {BOB["mail"]}
    assert document(isthmus("profile", "erase", gid, "--why", "x", "--json"))["complete"]


def test_a_target_that_keeps_what_it_deletes_makes_the_receipt_incomplete(
    small, isthmus, monkeypatch
):
    gid = gid_of(small, ANN["mail"])
    (account,) = [a for a in small.store.accounts["User"].values() if a.key == gid]
    kept = Account(account.id, gid, {"active": False})
    monkeypatch.setattr(memory.Memory, "find", lambda *_: [kept])
    result = isthmus("profile", "erase", gid, "--why", "x")
    assert result.exit_code == 4
    assert "does not delete" in " ".join(result.stdout.split())


def test_nobody_is_erased_by_a_wrong_id_or_without_a_reason(small, isthmus):
    assert isthmus("profile", "erase", "nobody", "--why", "x").exit_code == 1
    assert isthmus("profile", "erase", gid_of(small, ANN["mail"]), "--why", " ").exit_code == 2
    assert mails(small) == {ANN["mail"], BOB["mail"]}
