"""The marked project, once for all tests of a module, and servers that answer as told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connectors.http.conftest import serve
from tests.pipelines.no_values.world import ENVIRONMENT, World, world

__all__ = ["serve"]


@pytest.fixture(autouse=True)
def talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the secrets, and log as much as can be."""
    for name, value in {**ENVIRONMENT, "NO_COLOR": "1", "ISTHMUS_LOG_LEVEL": "debug"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("ISTHMUS_PROJECT", raising=False)


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("marked")) as made:
        yield made


@pytest.fixture
def copy(marked: World, tmp_path: Path) -> World:
    """The marked project in a folder of its own, to be harmed; its systems are shared."""
    shutil.copytree(marked.folder, tmp_path / "copy")
    return World(tmp_path / "copy")
