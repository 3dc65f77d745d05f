from pathlib import Path

import dagster as dg
import pytest

from idp_core.db.engine import reading
from idp_core.profiles import store
from pipelines.bus import open_bus
from pipelines.orchestration.dagster import JOB, definitions
from pipelines.project import load_project

MAPPING = """
mapping: shop
from: {connector: files, object: customers, as: c}
key: c.id
fields:
  email: {from: c.mail, steps: [trim, lower, email]}
  family_name: c.name
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "shop.yaml").write_text(MAPPING)
    (tmp_path / "isthmus.yaml").write_text(
        "project: demo\nsources:\n  shop:\n    connector: {type: files, path: customers.csv}\n"
    )
    (tmp_path / "customers.csv").write_text("id,mail,name\n1,a@example.org,Lee\n2,bad,Kay\n")
    return tmp_path


def run(folder: Path, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = definitions(folder).resolve_job_def(JOB)
    return job.execute_in_process(instance=instance, raise_on_error=False)


@pytest.mark.filterwarnings("default")
def test_the_assets_do_what_the_command_line_does(project):
    with dg.instance_for_test() as instance:
        result = run(project, instance)
        assert result.success
        checks = result.get_asset_check_evaluations()
        assert [(c.check_name, c.passed) for c in checks] == [("quality", True)]
        table = checks[0].metadata["expectations"].value
        assert "expect_column_values_to_be_unique | _key" in table
    with open_bus(load_project(project)) as bus, reading(bus.engine) as conn:
        assert len(list(store.read_profiles(conn))) == 1


@pytest.mark.filterwarnings("default")
def test_a_source_that_fails_stops_what_depends_on_it(project):
    (project / "customers.csv").unlink()
    with dg.instance_for_test() as instance:
        result = run(project, instance)
        assert not result.success
        failed = [event.step_key for event in result.all_events if event.is_step_failure]
        assert failed == ["source__shop"]
        assert not [event for event in result.all_events if event.is_step_success]


@pytest.mark.filterwarnings("default")
def test_a_source_that_its_suite_stops_shows_the_expectation_that_is_not_met(project):
    (project / "customers.csv").write_text("id,mail,name\n1,a@example.org,Lee\n1,,Lee\n1,,Kay\n")
    with dg.instance_for_test() as instance:
        result = run(project, instance)
        assert not result.success
        (check,) = result.get_asset_check_evaluations()
        assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
        assert (
            "| **no** | expect_column_values_to_be_unique | _key | 3 |"
            in check.metadata["expectations"].value
        )
