"""``isthmus profile timeline``: the table, the document, and no values in either."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from idp_core.db.engine import reading, writing
from idp_core.profiles import asked, store
from tests.pipelines.cli.conftest import document
from tests.pipelines.small import Small

ANN = {"id": "1", "mail": "ann@secret.example", "name": "Secretname"}
BOB = {"id": "2", "mail": "bob@b.example", "name": "Lee"}


@pytest.fixture
def small(tmp_path):
    small = Small(tmp_path / "small", f"sqlite:///{tmp_path / 'small.db'}")
    small.sync(ANN, BOB, targets=["portal"])
    return small


def gid_of(small: Small, mail: str) -> str:
    with small.bus() as bus, reading(bus.engine) as conn:
        (gid,) = store.find(conn, mail)
        return gid


def test_an_erasure_is_told_with_whose_word_it_was_and_the_proof_and_no_value(
    small: Small, isthmus: Callable
) -> None:
    gid = gid_of(small, ANN["mail"])
    with small.bus() as bus, writing(bus.engine) as conn:
        asked.ask(conn, "crm", ["1"], datetime.now(UTC), whole=False)
    assert "source:crm" in isthmus("profile", "timeline", gid).stdout
    assert isthmus("profile", "erase", gid, "--why", "a letter", "--who", "dpo").exit_code == 0
    answer = isthmus("profile", "timeline", gid, "--json")
    found = {each["kind"]: each for each in document(answer)["happened"]}
    assert (found["profile.erased"]["who"], found["profile.erased"]["why"]) == ("dpo", "a letter")
    assert found["erasure.proved"]["data"]["proof"] == "gone"
    assert found["provisioning.written"]["data"]["action"] == "delete"
    assert "record.deleted" not in found
    shown = isthmus("profile", "timeline", gid).stdout
    assert "delete at portal: done" in shown
    assert "portal: gone" in shown
    assert "secret" not in (shown + answer.stdout).casefold()


def test_a_merged_id_is_followed_and_what_happened_under_it_is_marked(
    small: Small, isthmus: Callable
) -> None:
    ann, bob = gid_of(small, ANN["mail"]), gid_of(small, BOB["mail"])
    assert isthmus("profile", "merge", ann, bob, "--why", "called", "--who", "Ada").exit_code == 0
    kept = gid_of(small, ANN["mail"])
    (gone,) = {ann, bob} - {kept}
    shown = isthmus("profile", "timeline", gone).stdout
    assert f"{gone} was merged into {kept}" in shown
    assert f"as {gone}; into {kept}" in shown
    assert "crm:1 and crm:2" in shown


def test_an_id_that_nobody_ever_had_is_told(small: Small, isthmus: Callable) -> None:
    answer = isthmus("profile", "timeline", "nobody")
    assert (answer.exit_code, "no profile has the id nobody" in answer.stderr) == (1, True)
