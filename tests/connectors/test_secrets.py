from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from connectors import secrets
from connectors.errors import MisconfiguredError
from connectors.kit import CANARY
from connectors.secrets import Secret


class Settings(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    password: Secret


def secret(reference: str, base: Path | None = None) -> Secret:
    context = {"base": base} if base else None
    return Settings.model_validate({"password": reference}, context=context).password


def private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(text.encode())
    return path


def test_a_secret_is_looked_up_when_it_is_needed(monkeypatch):
    held = secret("env:PASSWORD")
    monkeypatch.setenv("PASSWORD", "first")
    assert held.reveal() == "first"
    monkeypatch.setenv("PASSWORD", "second")
    assert held.reveal() == "second"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_gives_its_content_without_one_line_end(tmp_path, end):
    private(tmp_path / "password", f" {CANARY}{end}")
    assert secret("file:password", tmp_path).reveal() == f" {CANARY}"


def test_a_file_that_anyone_can_read_is_refused_unless_it_was_mounted(tmp_path, monkeypatch):
    private(tmp_path / "password", CANARY).chmod(0o644)
    with pytest.raises(MisconfiguredError, match="chmod o-r"):
        secret("file:password", tmp_path).reveal()
    monkeypatch.setattr(secrets, "RUN_SECRETS", tmp_path)
    assert secret("file:password", tmp_path).reveal() == CANARY


def test_only_what_is_mounted_itself_may_be_read_by_anybody(tmp_path, monkeypatch):
    """A container's secret has mode 0444; a path or link that only leads over there has not."""
    mounted = tmp_path / "run/secrets"
    mounted.mkdir(parents=True)
    monkeypatch.setattr(secrets, "RUN_SECRETS", mounted)
    private(mounted / "database_url", CANARY).chmod(0o444)
    (tmp_path / "var").symlink_to(tmp_path / "run")  # as /var/run is
    assert secret(f"file:{tmp_path}/var/secrets/database_url", tmp_path).reveal() == CANARY
    private(tmp_path / "elsewhere", CANARY).chmod(0o444)
    (mounted / "link").symlink_to(tmp_path / "elsewhere")
    for path in ("run/secrets/../../elsewhere", "run/secrets/link", "run/secrets-too"):
        if path == "run/secrets-too":
            private(tmp_path / path, CANARY).chmod(0o444)
        with pytest.raises(MisconfiguredError, match="chmod o-r"):
            secret(f"file:{path}", tmp_path).reveal()


def test_a_keyring_entry_is_found_by_service_and_user(monkeypatch):
    keyring = types.SimpleNamespace(
        get_password=lambda service, user: CANARY if (service, user) == ("a/b", "c") else None
    )
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert secret("keyring:a/b/c").reveal() == CANARY
    with pytest.raises(MisconfiguredError, match="run keyring set a d"):
        secret("keyring:a/d").reveal()
    with pytest.raises(MisconfiguredError, match="write keyring:SERVICE/USER"):
        secret("keyring:a").reveal()


def test_without_the_key_store_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MisconfiguredError, match=r"isthmus\[keyring\]"):
        secret("keyring:a/b").reveal()


@pytest.mark.parametrize(
    ("reference", "content", "message"),
    [
        ("env:ISTHMUS_NOT_SET", None, "export ISTHMUS_NOT_SET first"),
        ("file:gone", None, "No such file"),
        ("file:password", b"", "is empty"),
        ("file:password", b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_a_secret_that_cannot_be_had_is_named_with_the_mend(tmp_path, reference, content, message):
    if content is not None:
        private(tmp_path / "password", "").write_bytes(content)
    with pytest.raises(MisconfiguredError, match=message):
        secret(reference, tmp_path).reveal()


@pytest.mark.parametrize("wrong", [CANARY, f"evn:{CANARY}", "", "env:", 7, None])
def test_a_secret_written_out_is_refused_and_not_repeated(wrong):
    with pytest.raises(ValidationError, match="write env:NAME, file:PATH") as caught:
        Settings.model_validate({"password": wrong})
    assert CANARY not in str(caught.value)


def test_neither_repr_nor_dump_shows_more_than_the_reference(monkeypatch):
    monkeypatch.setenv("PASSWORD", CANARY)
    settings = Settings.model_validate({"password": "env:PASSWORD"})
    settings.password.reveal()
    assert CANARY not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert settings.model_dump_json() == '{"password":"env:PASSWORD"}'
