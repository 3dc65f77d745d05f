"""Secrets by reference: configuration names where a secret is, never what it is.

    env:NAME              the environment variable NAME
    file:PATH             the file's content, one trailing newline left out
    keyring:SERVICE/USER  the operating system's key store (extra ``keyring``)

A reference is resolved when the secret is needed and not before: a changed secret is seen by the
next connection, and no object holds one for longer than a call.
"""

from __future__ import annotations

import importlib
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from connectors.errors import MisconfiguredError
from connectors.fields import base_of

RUN_SECRETS = Path("/run/secrets")
"""Where containers mount secrets: readable by all, and fine."""

_REFERENCE = re.compile(r"(env|file|keyring):(.+)", re.DOTALL)
_MEND = "write env:NAME, file:PATH or keyring:SERVICE/USER, not the secret itself"


@dataclass(frozen=True, slots=True)
class Secret:
    """A reference to a secret. Its repr shows the reference, `reveal` gives the secret."""

    reference: str
    base: Path = field(default=Path(), repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _REFERENCE.fullmatch(self.reference):
            # The text may be a secret written in the wrong place: it is not repeated.
            raise ValueError(_MEND)

    def reveal(self) -> str:
        """Return the secret; raise MisconfiguredError that names the reference and its mend."""
        scheme, _, rest = self.reference.partition(":")
        value = _RESOLVERS[scheme](rest, self.base)
        if not value:
            raise MisconfiguredError(f"{self.reference}: the secret is empty")
        return value

    def __str__(self) -> str:
        return self.reference

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Accept a reference as text; plain text is refused and not repeated."""
        return core_schema.with_info_plain_validator_function(
            _validate, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Editors learn the pattern."""
        return {"type": "string", "pattern": "^(env|file|keyring):.+"}


def _validate(value: object, info: ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not _REFERENCE.fullmatch(value):
        raise PydanticCustomError("secret_reference", _MEND)
    return Secret(value, base_of(info))


def _from_env(name: str, base: Path) -> str:  # noqa: ARG001 (one signature for all resolvers)
    try:
        return os.environ[name]
    except KeyError:
        raise MisconfiguredError(f"env:{name}: not set; export {name} first") from None


def _from_file(name: str, base: Path) -> str:
    path = base / Path(name).expanduser()
    try:
        mode = path.stat().st_mode
        if mode & stat.S_IROTH and not path.resolve().is_relative_to(RUN_SECRETS):
            raise MisconfiguredError(
                f"file:{name}: anyone on this machine can read it; run chmod o-r on it"
            )
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise MisconfiguredError(f"file:{name}: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError:
        raise MisconfiguredError(f"file:{name}: is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r")


def _from_keyring(name: str, base: Path) -> str:  # noqa: ARG001
    service, slash, user = name.rpartition("/")
    if not slash:
        raise MisconfiguredError(f"keyring:{name}: write keyring:SERVICE/USER")
    try:
        keyring = importlib.import_module("keyring")
    except ModuleNotFoundError:
        raise MisconfiguredError(
            f"keyring:{name}: needs the extra 'keyring'; pip install 'isthmus[keyring]'"
        ) from None
    value: str | None = keyring.get_password(service, user)
    if value is None:
        raise MisconfiguredError(f"keyring:{name}: no such entry; run keyring set {service} {user}")
    return value


_RESOLVERS: dict[str, Callable[[str, Path], str]] = {
    "env": _from_env,
    "file": _from_file,
    "keyring": _from_keyring,
}
