import io
import json
import logging
from pathlib import Path

import pytest

from idp_core import logs
from idp_core.errors import SettingsError
from idp_core.settings import Settings, load

PAGE = Path(__file__).parents[2] / "docs/reference/settings.md"


def documented():
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        meaning = " ".join((field.description or "").split())
        default = "" if field.default is None else f"`{field.default}`"
        lines.append(f"| `ISTHMUS_{name.upper()}` | {default} | {meaning} |")
    return "\n".join(lines)


def test_the_reference_page_lists_every_setting_as_it_is():
    assert documented() in PAGE.read_text("utf-8")


def test_a_wrong_setting_is_named_and_its_value_is_not(monkeypatch):
    monkeypatch.setenv("ISTHMUS_LOG_LEVEL", "s3cret")
    with pytest.raises(SettingsError, match="ISTHMUS_LOG_LEVEL") as caught:
        load()
    assert "s3cret" not in str(caught.value)


def test_a_password_in_the_database_url_is_not_shown(monkeypatch):
    monkeypatch.setenv("ISTHMUS_DATABASE_URL", "postgresql://u:s3cret@h/d")
    assert "s3cret" not in repr(load())
    assert load().database_url.get_secret_value() == "postgresql://u:s3cret@h/d"


def test_a_terminal_shows_warnings_only_unless_it_is_said_otherwise(monkeypatch):
    assert load().level_on(terminal=True) == "warning"
    assert load().level_on(terminal=False) == "info"
    monkeypatch.setenv("ISTHMUS_LOG_LEVEL", "info")
    assert load().level_on(terminal=True) == "info"


@pytest.fixture
def restored():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logs.structlog.reset_defaults()


def test_an_event_is_one_json_object_per_line(restored):
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    logs.logger(source="crm").info("landed", rows=3)
    logs.logger().debug("quiet")
    logging.getLogger("library").warning("slow")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["rows"], first["source"]) == ("landed", 3, "crm")
    assert second["event"] == "slow"


def test_the_console_shows_no_local_variables_with_a_traceback(restored):
    stream = io.StringIO()
    logs.configure("info", "console", stream)
    secret = "ann" + "@example.org"
    try:
        int(secret[:0])
    except ValueError:
        logs.logger().exception("broken")
    assert "ValueError" in stream.getvalue()
    assert "ann@example.org" not in stream.getvalue()
