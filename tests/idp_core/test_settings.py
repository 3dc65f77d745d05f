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


@pytest.mark.parametrize("format_", ["console", "json"])
def test_a_logged_exception_tells_where_it_was_and_neither_its_message_nor_variables(
    restored, format_
):
    stream = io.StringIO()
    logs.configure("info", format_, stream)
    secret = "ann" + "@example.org"
    try:
        int(secret)
    except ValueError:
        logs.logger().exception("broken")
        logging.getLogger("library").exception("broken, too")
    assert stream.getvalue().count("ValueError") == 2
    assert stream.getvalue().count("int(secret)") == 2
    assert "ann@" not in stream.getvalue()


def test_of_what_a_library_warns_the_values_are_left_out(restored):
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    logging.getLogger("urllib3.x").warning("Failed to parse headers (url=%s)", "/ann@example.org")
    event = json.loads(stream.getvalue())
    assert (event["logger"], event["event"]) == ("urllib3.x", "Failed to parse headers (url=%s)")


def test_a_traceback_without_messages_has_all_that_led_to_it():
    value = "ann".upper()

    def fail():
        try:
            {}[value]
        except KeyError as first:
            raise ExceptionGroup(value, [ValueError(value)]) from first

    with pytest.raises(ExceptionGroup) as caught:
        fail()
    told = logs.without_messages(caught.value)
    kinds = ("builtins.KeyError", "builtins.ExceptionGroup", "builtins.ValueError")
    assert [line for line in told.splitlines() if line in kinds] == list(kinds)
    assert "{}[value]" in told
    assert value not in told
