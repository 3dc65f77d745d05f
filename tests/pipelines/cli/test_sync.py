"""``isthmus sync`` and what its last lines and exit code say of a target in trouble."""

from __future__ import annotations

import pytest

from connectors.contract import Outcome
from connectors.errors import RejectedError, TransientError, UncertainError
from connectors.memory import Memory
from pipelines.provision.apply import Patience
from tests.pipelines.cli.conftest import document
from tests.pipelines.small import Small

PEOPLE = [{"id": str(n), "mail": f"ann{n}@secret.example", "name": f"Secret{n}"} for n in range(3)]
UNSETTLED = (
    "portal: changes without a clear answer: 3 (the line went dead); what was done is kept, the "
    "next run asks what became of these"
)


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setattr(Patience.__init__, "__defaults__", (1, 0.0, 0.0))
    small = Small(tmp_path / "small", f"sqlite:///{tmp_path / 'small.db'}")
    small.rows(*PEOPLE)
    return small


def dead_line(*_):
    raise TransientError("the line went dead")


@pytest.fixture
def lossy(monkeypatch):
    """The target does what it is told, and from then on no answer of it arrives."""
    real = Memory.apply

    def apply(self, changes):
        patch.setattr(Memory, "find", dead_line)
        for outcome in real(self, changes):
            yield Outcome(outcome.change, UncertainError("the answer was lost"))

    with monkeypatch.context() as patch:
        patch.setattr(Memory, "apply", apply)
        yield patch


def test_changes_without_an_answer_are_no_success_and_asked_for_by_the_next_run(
    isthmus, small, lossy
):
    result = isthmus("sync", "--json")
    assert result.exit_code == 4
    assert document(result)["problems"] == [UNSETTLED]
    lossy.undo()
    again = isthmus("sync", "--json")
    assert again.exit_code == 0, again.output
    assert document(again)["targets"]["portal"]["applied"] == {}
    assert len(small.store.accounts["User"]) == 3


@pytest.mark.usefixtures("lossy")
def test_a_plan_whose_changes_have_no_answer_is_no_success_either(isthmus):
    assert isthmus("sync", "--plan-only").exit_code == 0
    result = isthmus("apply", "portal")
    assert result.exit_code == 4
    assert "portal: nothing was written\n  3 whose outcome is not known yet" in result.stdout
    assert UNSETTLED in result.stderr
    assert UNSETTLED in isthmus("runs").output


def test_refused_changes_are_counted_where_the_target_is_told(isthmus, monkeypatch):
    def apply(self, changes):
        yield from (Outcome(change, RejectedError("no")) for change in changes)

    monkeypatch.setattr(Memory, "apply", apply)
    result = isthmus("sync")
    assert result.exit_code == 0
    assert "portal: 3 create, 3 refused: dead letters" in result.stdout
