"""A target that outlives a run, and jobs for it."""

import pytest

from pipelines.provision.run import Job
from tests.pipelines.provision.runs import QUICK
from tests.pipelines.provision.targets import FileTarget
from tests.pipelines.provision.world import push


@pytest.fixture
def target(tmp_path):
    target = FileTarget(tmp_path / "target.db")
    yield target
    target.db.close()


@pytest.fixture
def job(engine, target):
    def make(people, **more):
        settings = {"target": target, "push": push(), "patience": QUICK} | more
        return Job("crm", engine, people=lambda: people, **settings)

    return make
