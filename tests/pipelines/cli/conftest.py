"""Projects to run commands on, and the command line in process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from pipelines.cli.main import app

MAPPING = """\
mapping: shop
from: {connector: files, object: customers, as: c}
key: c.id
fields:
  email:       {from: c.mail, steps: [trim, lower, email]}
  given_name:  {from: c.first, steps: [trim, nfc, blank_to_null]}
  family_name: {from: c.last, steps: [trim, nfc, blank_to_null]}
  phone:       {from: c.phone, steps: [phone_e164], args: {region: DE}, on_error: blank}
tests:
  - name: an address is folded
    given: {id: "1", mail: " Ann@Example.COM "}
    expect: {email: ann@example.com}
"""
ROWS = """\
id,mail,first,last,phone
1, Ann@Example.COM ,Ann,Lee,030 901820
2,ann(at)example,Bob,Lee,
"""
PROJECT = """\
project: first
sources:
  shop:
    connector: {type: files, path: customers.csv}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project that works: one file, one good row and one that is quarantined."""
    folder = tmp_path / "first"
    (folder / "mappings").mkdir(parents=True)
    (folder / "isthmus.yaml").write_text(PROJECT, encoding="utf-8")
    (folder / "customers.csv").write_text(ROWS, encoding="utf-8")
    (folder / "mappings" / "shop.yaml").write_text(MAPPING, encoding="utf-8")
    return folder


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command; bugs are raised, problems are results."""
    monkeypatch.delenv("ISTHMUS_PROJECT", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*words: object, **options: Any) -> Result:
        try:
            return CliRunner().invoke(app, [str(word) for word in words], **options)
        finally:
            structlog.reset_defaults()  # it writes to a stream that is closed by now

    return run


def document(result: Result) -> Any:
    """The one JSON document of a command's answer."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)


@pytest.fixture
def isthmus(run, small):
    """Run a command on the project that a test module calls `small`."""
    return lambda *words: run(*words, "--project", small.folder)
