"""The whole of resolution with its pairs scored on Spark finds the people that DuckDB finds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.packages import debian, python_environment

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

CHILD = """
import sys, tempfile
from pathlib import Path
from benchmarks._world import world
from idp_core.profiles.model import SourceProfile, SourceRef
from idp_core.profiles.policy import default
from idp_core.profiles.vetoes import Constraints
from pipelines.resolve.batch import resolve
from pipelines.resolve.stage import Stage

def people(stage):
    found = resolve(records, {}, default(), Constraints(), stage=stage)
    groups = {}
    for ref, gid in found.links.items():
        groups.setdefault(gid, set()).add(ref)
    return {frozenset(group) for group in groups.values()}, found.counts["alike"]

records = [
    SourceProfile(SourceRef(each.source, each.key), each.attributes, "m@1", "")
    for each in world(10_000, 7)
]
folder = Path(tempfile.mkdtemp())
here, alike = people(Stage(folder=folder))
there, elsewhere = people(Stage(folder=folder, spark="local[2]"))
print(len(records), len(here), alike, elsewhere, len(here ^ there))
"""


def test_spark_finds_the_same_people_among_ten_thousand_records() -> None:
    debian("default-jre-headless", commands=["java"])
    tools = python_environment("spark", "pyspark>=4,<5")
    (site,) = Path(tools).parent.glob("lib/python*/site-packages")
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), str(site)])},
        capture_output=True,
        text=True,
        timeout=850,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    records, people, alike, elsewhere, differ = map(int, run.stdout.split()[-5:])
    assert records > 8_000
    assert people > 1_000
    assert min(alike, elsewhere) > 1_000
    assert differ == 0
