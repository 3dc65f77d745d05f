"""Writing while connections break, sessions end and jobs fail: one outcome for each change."""

from __future__ import annotations

import pytest

from connectors.errors import (
    MisconfiguredError,
    ThrottledError,
    TransientError,
    UncertainError,
)
from connectors.simulators.salesforce import Response
from tests.connectors.salesforce.writes import create, errors, held


@pytest.mark.parametrize(
    ("how", "kind", "made"),
    [("lose", UncertainError, 1), ("cut", UncertainError, 1), ("drop", UncertainError, 0)],
)
def test_a_lost_answer_is_uncertain_and_is_not_repeated(connect, salesforce, org, how, kind, made):
    salesforce.fault("PATCH .*/composite/sobjects", how)
    (outcome,) = connect().apply([create(1)])
    assert type(outcome.error) is kind
    assert len(held(org)) == made
    found = connect().find("Contact", "externalId", "k1")
    assert [account.key for account in found] == ["k1"] * made


def test_a_server_error_may_have_happened_and_patience_is_given_when_asked_for(connect, salesforce):
    salesforce.fault("PATCH", "answer", response=Response(500))
    assert errors(connect().apply([create(1)])) == {1: UncertainError}
    busy = Response(503, b"", {"Retry-After": "0"})
    salesforce.fault("PATCH", "answer", times=2, response=busy)
    assert errors(connect().apply([create(1)])) == {1: None}


def test_an_answer_that_leaves_records_out_is_uncertain(connect, salesforce):
    salesforce.fault("PATCH", "answer", response=Response.of([]))
    assert errors(connect().apply([create(1), create(2)])) == {1: UncertainError, 2: UncertainError}


def test_a_session_that_ends_is_opened_anew_in_the_middle(sf, salesforce, org):
    list(sf.apply([create(0)]))
    for pattern in ("composite|POST .*/jobs", "batches|composite", "PATCH", "Results|composite"):
        salesforce.fault(pattern, "expire")
        assert errors(sf.apply([create(n) for n in range(3)])) == dict.fromkeys(range(3))
    assert salesforce.access.logins > 3


def test_the_budget_ends_a_run_without_raising(connect, salesforce, org):
    salesforce.service.daily = 10
    sf = connect(max_api_share=0.3)
    outcomes = list(sf.apply([create(n) for n in range(600)]))
    assert [outcomes[n].error for n in (0, 399)] == [None, None]
    assert {type(o.error) for o in outcomes[400:]} == {ThrottledError}
    assert salesforce.service.used == 3


@pytest.fixture
def jobs(connect, monkeypatch):
    monkeypatch.setattr("connectors.salesforce.writing._FEW", 0)
    return lambda **more: connect(bulk_writes=1, **more)


@pytest.mark.parametrize(
    ("pattern", "how", "kind", "made"),
    [
        ("POST .*/jobs/ingest", "drop", None, 3),
        ("PUT .*/batches", "drop", TransientError, 0),
        ("PUT .*/batches", "lose", TransientError, 0),
        ("PATCH .*/jobs/ingest", "lose", None, 3),
        ("PATCH .*/jobs/ingest", "drop", UncertainError, 0),
        ("successfulResults", "drop", None, 3),
    ],
)
def test_a_job_whose_connection_breaks(jobs, salesforce, org, pattern, how, kind, made):
    salesforce.fault(pattern, how)
    assert set(errors(jobs().apply([create(n) for n in range(3)])).values()) == {kind}
    assert len(held(org)) == made
    assert salesforce.service.bulk.jobs == {}


def test_a_job_whose_results_cannot_be_had_is_uncertain(jobs, salesforce, org):
    salesforce.fault("Results", "drop", times=99)
    assert set(errors(jobs().apply([create(n) for n in range(3)])).values()) == {UncertainError}
    assert len(held(org)) == 3


def test_a_job_that_fails_half_way_tells_what_was_done(jobs, salesforce, org):
    salesforce.service.bulk.fail_next = "InternalServerError : later"
    outcomes = list(jobs().apply([create(n) for n in range(4)]))
    assert errors(outcomes) == {0: None, 1: None, 2: TransientError, 3: TransientError}
    assert "InternalServerError" in str(outcomes[-1].error)
    assert len(held(org)) == 2


def test_a_job_that_takes_too_long_is_stopped_and_nothing_of_it_happens_later(
    jobs, salesforce, org
):
    salesforce.service.bulk.looks_needed = 10**9
    outcomes = list(jobs(bulk_seconds=0.05).apply([create(n) for n in range(3)]))
    assert set(errors(outcomes).values()) == {TransientError}
    assert salesforce.service.bulk.jobs == {}
    assert held(org) == {}


def test_a_job_that_salesforce_refuses_as_a_whole_stops_the_run(jobs, salesforce, org, monkeypatch):
    bulk = salesforce.service.bulk
    work = bulk._work

    def refuse(job):
        job.data = b"Nope__c\nx\n"
        work(job)

    monkeypatch.setattr(bulk, "_work", refuse)
    with pytest.raises(MisconfiguredError, match="refused"):
        list(jobs().apply([create(1), create(2)]))
