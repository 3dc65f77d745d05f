"""No customer's value and no secret in what Dagster keeps of a run."""

import dagster as dg
import pytest

from connectors.files import Files
from pipelines.orchestration.dagster import JOB, definitions
from tests.pipelines.no_values.test_runs import shows
from tests.pipelines.no_values.world import rows_of

pytestmark = pytest.mark.filterwarnings("default")


def _events(copy, instance):
    """The run and all that its event log holds, with tracebacks, metadata and checks."""
    job = definitions(copy.folder).resolve_job_def(JOB)
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    return result, [dg.serialize_value(entry) for entry in instance.all_logs(result.run_id)]


@pytest.mark.usefixtures("gx")
def test_the_event_log_of_a_run_shows_no_value(copy):
    with dg.instance_for_test() as instance:
        result, events = _events(copy, instance)
    assert result.success
    assert any("expect_column_values_to_be_in_set | family_name" in event for event in events)
    assert [event for event in events if shows(event)] == []


def test_the_event_log_of_a_failed_run_shows_no_value(copy):
    (copy.folder / "lines.csv").write_bytes(b"nr,mail\n\xff" + repr(rows_of("lines")).encode())
    with dg.instance_for_test() as instance:
        result, events = _events(copy, instance)
    assert not result.success
    assert any("lines.csv" in event for event in events)
    assert [event for event in events if shows(event)] == []


def test_a_connector_that_tells_dagster_a_value_is_caught(copy, monkeypatch):
    def telling(self: Files, _: object) -> None:
        raise ValueError(rows_of("lines")[0])

    monkeypatch.setattr(Files, "read", telling)
    with dg.instance_for_test() as instance:
        result, events = _events(copy, instance)
    assert not result.success
    assert any(shows(event) for event in events)
