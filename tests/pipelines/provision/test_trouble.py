import pytest

from connectors.errors import (
    RejectedError,
    TransientError,
    UnauthorizedError,
)
from idp_core.db.engine import reading
from idp_core.provisioning.quarantine import read_quarantine
from pipelines.errors import RemoteError
from pipelines.provision.errors import QuarantinedError
from pipelines.provision.run import execute, prepare
from tests.pipelines.provision.runs import crowd, run


def test_a_target_that_refuses_everything_is_left_alone_early(job, target):
    target.refuse = dict.fromkeys(range(1, 1000), RejectedError("HTTP 400"))
    said = r"20 changes in a row failed.*run again: .*\. Most often it was: HTTP 400$"
    with pytest.raises(QuarantinedError, match=said):
        run(job(crowd(500)))
    assert len(target.sent) == 20


def test_a_target_in_quarantine_gets_a_few_changes_first_and_leaves_it_by_them(job, target, engine):
    def why():
        with reading(engine) as conn:
            return read_quarantine(conn, "crm")

    target.refuse = dict.fromkeys(range(1, 1000), RejectedError("POST /Users/7f3: HTTP 400"))
    for tries, sent in ((1, 20), (2, 3)):
        target.sent.clear()
        with pytest.raises(QuarantinedError, match=r"Most often it was: POST /Users/…: HTTP 400$"):
            run(job(crowd(500)))
        assert (len(target.sent), why().tries) == (sent, tries)
    target.refuse = {1: RejectedError("HTTP 400")}
    assert run(job(crowd(500))).done == {"create": 499}
    assert why() is None


def test_a_target_in_quarantine_stays_there_while_nothing_passes(job, target, engine):
    target.refuse = dict.fromkeys(range(1, 1000), RejectedError("HTTP 400"))
    with pytest.raises(QuarantinedError):
        run(job(crowd(30)))
    with pytest.raises(QuarantinedError, match="the first changes failed again"):
        run(job(crowd(1)))
    with reading(engine) as conn:
        assert read_quarantine(conn, "crm").reason == "HTTP 400"


def test_a_target_that_refuses_a_quarter_is_left_alone_early(job, target):
    target.refuse = dict.fromkeys(range(1, 1000, 4), RejectedError("HTTP 400"))
    with pytest.raises(QuarantinedError, match="of the last 50 changes failed"):
        run(job(crowd(500)))
    assert len(target.sent) == 53, "the first failure after the window is full"


def test_a_revoked_token_stops_the_run_with_a_line_and_keeps_what_was_done(job, target, engine):
    target.refuse = dict.fromkeys(range(31, 1000), UnauthorizedError("renew the token"))
    with pytest.raises(RemoteError, match="crm: renew the token"):
        run(job(crowd(100)))
    target.refuse = {}
    assert run(job(crowd(100))).done == {"create": 70}
    assert len(target.held()) == 100


def test_an_unreachable_target_is_one_line(job, target):
    def gone(*_):
        raise TransientError("cannot connect; is it running?")

    target.find = target.accounts = gone
    with pytest.raises(RemoteError, match="crm: cannot connect; is it running"):
        prepare(job(crowd(3)))


def test_a_target_that_refuses_to_be_asked_or_written_to_at_all_is_one_line(job, target):
    def refused(*_):
        raise RejectedError("HTTP 400")

    prepared = prepare(job(crowd(3)))
    target.apply = refused
    with pytest.raises(RemoteError, match="crm: HTTP 400"):
        execute(job(crowd(3)), prepared)
    target.find = target.accounts = refused
    with pytest.raises(RemoteError, match="crm: HTTP 400"):
        prepare(job(crowd(3)))
