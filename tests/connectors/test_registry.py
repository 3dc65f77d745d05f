from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from connectors import registry
from connectors.errors import MisconfiguredError
from connectors.kit import CANARY
from connectors.memory import Memory

OURS = ("files", "memory", "rest", "scim", "sql")


def test_our_own_connectors_are_found_as_any_other_is():
    assert set(OURS) <= set(registry.names())
    for name in OURS:
        assert registry.connector_class(name).type == name


def test_a_connector_is_built_from_its_settings():
    assert registry.build("memory", {"store": "a"}, Path()) == Memory(store="a")


def test_paths_start_at_the_project(tmp_path):
    built = registry.build("files", {"path": "drop/a.csv"}, tmp_path)
    assert built.model_dump()["path"] == tmp_path / "drop/a.csv"


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("flies", {}, "unknown connector type 'flies'; did you mean 'files'"),
        ("nothing", {}, "unknown connector type 'nothing'; known: dlt, files"),
        ("memory", {}, "memory: store: is required"),
        ("memory", {"stor": CANARY, "store": "a"}, "stor: unknown setting; did you mean 'store'"),
        ("rest", {"url": CANARY, "objects": {"a": {"path": "a"}}}, "rest: url: "),
        ("rest", {"url": f"http://a:{CANARY}@h/", "objects": {"a": {"path": "a"}}}, "under auth"),
        (
            "rest",
            {"url": "http://h/", "objects": {"a": {"path": "a", "itmes": CANARY}}},
            r"objects\.a\.itmes: unknown setting; did you mean 'items'",
        ),
        (
            "scim",
            {"url": "http://h/", "auth": {"type": "bearer", "token": CANARY}},
            "not the secret itself",
        ),
        ("scim", {"url": "http://h/", "http": {"atempts": 1}}, "did you mean 'attempts'"),
    ],
)
def test_wrong_settings_are_named_with_the_mend_and_without_their_value(kind, settings, message):
    with pytest.raises(MisconfiguredError, match=message) as caught:
        registry.build(kind, settings, Path())
    assert CANARY not in str(caught.value)


def test_every_wrong_setting_is_named_at_once():
    with pytest.raises(MisconfiguredError, match=r"encoding: .*; delimiter: "):
        registry.build("files", {"path": "a", "encoding": "x", "delimiter": "ab"}, Path())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["no_such_module:X"], "cannot be loaded from no_such_module:X"),
        (["pathlib:Path"], "is not a Connector class"),
        (["a:B", "c:D"], "is offered by a:B and c:D; uninstall one"),
    ],
)
def test_a_broken_plug_in_is_named(monkeypatch, values, message):
    points = EntryPoints(EntryPoint("x", value, registry.GROUP) for value in values)
    monkeypatch.setattr(registry, "entry_points", lambda **_: points)
    with pytest.raises(MisconfiguredError, match=message):
        registry.build("x", {}, Path())


@pytest.mark.parametrize("name", OURS)
def test_every_option_is_described(name):
    described = registry.describe(name)
    assert described
    assert [option.name for option in described if not option.doc] == []


def test_options_tell_type_default_and_whether_they_are_needed():
    options = {option.name: option for option in registry.describe("files")}
    assert options["path"].required
    assert (options["encoding"].type, options["encoding"].default) == ("str", "utf-8")
