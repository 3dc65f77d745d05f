"""The tutorial, followed as it is written: its files, its commands, what they answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli.main import app
from tests.connectors.scim.conftest import serve

TEXT = (Path(__file__).parents[1] / "docs/tutorials/first-project.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
YAML = [text for kind, text in BLOCKS if kind == "yaml"]
(LOYALTY,) = (text for kind, text in BLOCKS if kind == "json")
RIGHT = "mappings/customers.yaml: right (10 fields, 3 tests)\n"
ANSWERS = [text for kind, text in BLOCKS if not kind]


@pytest.fixture
def isthmus(monkeypatch):
    """Run a command line of the tutorial; what it prints, and its exit code."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("ISTHMUS_LOG_LEVEL", "error")

    def run(line: str) -> tuple[str, int]:
        result = CliRunner().invoke(app, line.split())
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.stdout + result.stderr, result.exit_code

    return run


def says(answer: str, printed: str) -> bool:
    """Whether what was printed has every line of an answer of the tutorial, ids aside."""

    def words(text: str) -> list[str]:
        plain = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<gid>", text)
        return [" ".join(line.split()) for line in plain.splitlines() if line.strip(" ─")]

    return set(words(answer)) <= set(words(printed))


def answer(start: str) -> str:
    """The answer of the tutorial that begins so."""
    return next(one for one in ANSWERS if one.lstrip().startswith(start))


def test_the_tutorial_does_what_it_says(isthmus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert isthmus("init first")[1] == 0
    monkeypatch.chdir(tmp_path / "first")
    for line in ("mapping check", "mapping test"):
        assert isthmus(line)[1] == 0
    assert says(answer("customers: 5 rows"), isthmus("sync")[0])
    assert says(answer("profile  "), isthmus("profile find lee")[0])
    _second_source(isthmus)
    _target(isthmus)


def _second_source(isthmus) -> None:
    Path("loyalty.jsonl").write_text(LOYALTY, encoding="utf-8")
    settings, mapping = Path("isthmus.yaml"), Path("mappings/loyalty.yaml")
    text = settings.read_text("utf-8")
    after = "      path: customers.csv\n"
    assert after in text
    settings.write_text(text.replace(after, after + YAML[0]), encoding="utf-8")
    mapping.write_text(YAML[1], encoding="utf-8")
    printed, code = isthmus("mapping check")
    assert says(answer(f"{RIGHT}mappings/loyalty.yaml:6:39"), printed)
    assert code == 2
    mapping.write_text(YAML[1].replace("squeze", "squeeze"), encoding="utf-8")
    printed, code = isthmus("mapping check --live")
    assert says(answer(f"{RIGHT}mappings/loyalty.yaml:6:3 "), printed)
    assert code == 0
    mended = YAML[1].replace("squeze", "squeeze").replace("l.nme", "l.name")
    mapping.write_text(mended, encoding="utf-8")
    assert says(answer("key L-77"), isthmus("mapping preview loyalty --limit 1")[0])
    assert isthmus("sync")[1] == 0
    assert "customers:1001, customers:1004, loyalty:L-77" in isthmus("profile find lee")[0]


def _target(isthmus) -> None:
    server = serve(tokens=("demo-token",))
    url = next(server).removesuffix("/v2")
    with Path("isthmus.yaml").open("a", encoding="utf-8") as file:
        file.write(YAML[2].replace("http://127.0.0.1:8910", url))
    Path("mappings/portal.push.yaml").write_text(YAML[3], encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTAL_TOKEN", "demo-token")
        assert isthmus("mapping check")[1] == 0
        assert says(answer("portal: 3 create"), isthmus("sync --plan-only")[0])
        assert "portal: 3 create" in isthmus("sync")[0]
        assert "portal: 3 unchanged" in isthmus("sync")[0]
        rows = Path("customers.csv")
        text = rows.read_text("utf-8")
        rows.write_text(text.replace("Chloé", "Chloe"), encoding="utf-8")
        assert "portal: 1 update, 2 unchanged" in isthmus("sync")[0]
        rows.write_text(text.splitlines()[0] + "\n", encoding="utf-8")
        printed, code = isthmus("sync")
        assert says(answer("customers: 3 of 3"), printed)
        assert "portal: 3 unchanged" in printed
        assert code == 3
    server.close()
