"""A project of one source whose rows stand in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors import memory
from pipelines.bus import Workspace, open_workspace
from pipelines.project import load_project

PROJECT = """\
project: trial
sources:
  crm:
    connector: {type: memory, store: trial}
"""
MAPPING = """\
mapping: crm
from: {connector: memory, object: people, as: c}
key: c.id
where: c.kind is distinct from 'test'
delete: c.gone
fields:
  email:       {from: c.mail, steps: [trim, lower, email]}
  family_name: {from: c.last, steps: [trim]}
  phone:       {from: c.phone, steps: [phone_e164], args: {region: DE}, on_error: blank}
ignore: ["x_*"]
"""

Make = Callable[..., Workspace]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make the project with these rows, this mapping and this ``isthmus.yaml``."""

    def make(
        rows: list[Mapping[str, Any]], mapping: str = MAPPING, project: str = PROJECT
    ) -> Workspace:
        memory.store("trial").rows["people"] = rows
        (tmp_path / "mappings").mkdir(exist_ok=True)
        (tmp_path / "isthmus.yaml").write_text(project, encoding="utf-8")
        (tmp_path / "mappings" / "crm.yaml").write_text(mapping, encoding="utf-8")
        return open_workspace(load_project(tmp_path))

    yield make
    memory.forget("trial")
