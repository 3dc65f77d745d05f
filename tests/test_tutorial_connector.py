"""The tutorial of a connector, followed as it is written, with its own server."""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from pipelines.cli.main import app

FOLDER = Path(__file__).parents[1] / "docs/tutorials"
TEXT = (FOLDER / "a-connector-for-a-system-we-have-never-seen.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
YAML = [text for kind, text in BLOCKS if kind == "yaml"]
ANSWERS = [text for kind, text in BLOCKS if not kind]
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
FILE = Path("connectors/fidelia.yaml")


@pytest.fixture
def club() -> Iterator[str]:
    """Fidelia on a free port."""
    spec = importlib.util.spec_from_file_location("fidelia", FOLDER / "fidelia.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = module.club_at(0)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def isthmus(club: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[str, int]]:
    """Run a command of the tutorial, which must be one; what it prints and its exit code."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("ISTHMUS_LOG_LEVEL", "error")
    monkeypatch.setenv("CLUB_PASSWORD", "let-me-in")

    def run(line: str) -> tuple[str, int]:
        assert f"isthmus {line}" in COMMANDS
        result = CliRunner().invoke(app, line.split())
        assert result.exception is None or isinstance(result.exception, SystemExit)
        printed = (result.stdout + result.stderr).replace(club, "http://127.0.0.1:8765")
        port = club.rpartition(":")[2]
        return printed.replace(f":{port}/", ":8765/"), result.exit_code

    return run


def says(answer: str, printed: str) -> bool:
    """Whether what was printed has every line of an answer of the tutorial."""

    def words(text: str) -> set[str]:
        return {" ".join(line.split()) for line in text.splitlines() if line.strip()}

    return words(answer) <= words(printed)


def answer(start: str) -> str:
    """The answer of the tutorial that begins so."""
    return next(each for each in ANSWERS if each.startswith(start))


def yaml(start: str) -> str:
    """The YAML of the tutorial that begins so."""
    return next(each for each in YAML if each.lstrip().startswith(start))


def test_the_tutorial_does_what_it_says(isthmus, club, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert isthmus("init club")[1] == 0
    monkeypatch.chdir(tmp_path / "club")
    FILE.parent.mkdir()
    first = yaml("system: Fidelia").replace("http://127.0.0.1:8765", club)
    trial = "connector test connectors/fidelia.yaml"

    def tried(text: str, line: str = trial) -> str:
        FILE.write_text(text, encoding="utf-8")
        return str(isthmus(line)[0])

    assert says(answer("connectors/fidelia.yaml:18:10"), tried(first))
    text = first.replace("key: no", 'key: "no"')
    assert says(answer("fail identity"), tried(text))
    text = text.replace("path: v1/members\n", "path: v1/members\n    items: members\n")
    assert says(answer("ok   identity"), tried(text))
    text += yaml("pagination:")
    assert says(answer("ok   members: reading: 25"), tried(text))
    by_moment = f"{trial} --cursor modified"
    assert says(answer("fail members: reading"), tried(text, by_moment))
    text += yaml("params:")
    assert "fail" not in tried(text, by_moment)
    assert says(answer("fail members: filter"), tried(text + yaml("cursor:"), by_moment))
    text += yaml("cursor:").replace("since", "modified_from")
    assert says(answer("ok   members: order"), tried(text, by_moment))
    text += yaml("deletions:")
    assert "fail" not in tried(text, by_moment)
    _profiles(isthmus, club)
    canary = next(line.removeprefix("isthmus ") for line in COMMANDS if "--write" in line)
    text += yaml("write:")
    assert says(answer("fail members: create again"), tried(text, canary))
    assert says(answer("ok   members: create"), tried(text + yaml("errors:"), canary))


def _profiles(isthmus: Any, club: str) -> None:
    settings = Path("isthmus.yaml")
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("sources:\n", f"sources:\n{yaml('club:')}"), encoding="utf-8")
    Path("mappings/club.yaml").write_text(yaml("mapping: club"), encoding="utf-8")
    printed, code = isthmus("mapping check")
    assert code == 0, printed
    assert says(answer("club: 25 rows"), isthmus("sync --source club")[0])
    known = {"user": "isthmus", "password": "let-me-in"}
    token = requests.post(f"{club}/session", json=known, timeout=9).json()["data"]["token"]
    headers = {"X-Session": token}
    told = {"person": {"last": "Lee-Okafor"}}
    requests.patch(f"{club}/v1/members/F-001", json=told, headers=headers, timeout=9)
    requests.delete(f"{club}/v1/members/F-025", headers=headers, timeout=9)
    assert "1 changed, 1 deleted, 0 dead letters" in isthmus("sync --source club")[0]
