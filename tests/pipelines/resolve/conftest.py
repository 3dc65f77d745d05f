"""What trials of the stored graph stand on."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp_core.db import schema
from idp_core.db.engine import make_engine
from pipelines import unify


@pytest.fixture(autouse=True)
def however_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolve on the graph even when most records changed."""
    monkeypatch.setattr(unify, "MOST_CHANGED", 10)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of an empty database."""
    path = tmp_path_factory.mktemp("empty") / "test.db"
    engine = make_engine(f"sqlite:///{path}")
    schema.upgrade(engine)
    engine.dispose()  # the last connection writes the log ahead into the file
    assert not path.with_name("test.db-wal").exists()
    return path
