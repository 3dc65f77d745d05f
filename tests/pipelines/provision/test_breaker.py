from __future__ import annotations

import pytest

from connectors.errors import RejectedError, ThrottledError
from pipelines.provision.breaker import IN_A_ROW, PROBES, Breaker
from pipelines.provision.errors import QuarantinedError


def test_the_reason_told_is_of_no_single_account_and_names_the_mappings_file():
    breaker = Breaker("portal")
    told = "PATCH /Users/{}: HTTP 400; no such attribute: mappings/portal.push.yaml:12 title"
    for number in range(1, IN_A_ROW):
        breaker.record(RejectedError("refused"), told.format(number))
    with pytest.raises(QuarantinedError) as caught:
        breaker.record(RejectedError("refused"), told.format(IN_A_ROW))
    assert caught.value.reason == told.format("…")


def test_being_throttled_is_no_failure():
    breaker = Breaker("portal")
    for _ in range(IN_A_ROW * 3):
        breaker.record(ThrottledError("slower", 1.0))


def test_a_target_in_quarantine_is_left_alone_after_the_first_changes_unless_one_passed():
    breaker = Breaker("portal", probes=PROBES)
    breaker.record(None)
    for _ in range(PROBES):
        breaker.record(RejectedError("refused"))
    again = Breaker("portal", probes=PROBES)
    for _ in range(1, PROBES):
        again.record(RejectedError("refused"))
    with pytest.raises(QuarantinedError, match="in quarantine"):
        again.record(RejectedError("refused"))
