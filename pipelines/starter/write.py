"""Writes a new project into a folder, all of its files or none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from textwrap import fill
from unicodedata import normalize

from connectors.errors import MisconfiguredError
from connectors.registry import Option, describe
from mappings.schema import CUSTOMER
from pipelines.errors import ProjectError
from pipelines.project import FILE
from pipelines.starter.schemas import write_schemas

_PLACES = {
    FILE: FILE,
    "mappings/customers.yaml": "mappings/customers.yaml",
    "customers.csv": "customers.csv",
    "README.md": "README.md",
    "gitignore": ".gitignore",
}
"""Where each file of the template goes."""

_FILLED = {FILE, "README.md"}
_LEFT = {"README.md": "", ".gitignore": "; let it name data/ and secrets/"}
"""What a folder may have before it is a project: it stays as it is, and this is what to do."""

_WIDTH = 100
_NOT_A_NAME = re.compile(r"[^a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Made:
    """The files that were written, and a line about each that was there and stayed."""

    files: tuple[Path, ...]
    left: tuple[str, ...] = ()


def make_project(folder: Path, *, connector: str | None = None) -> Made:
    """Make a project in a folder that has none.

    With `connector` ``isthmus.yaml`` also has a source of this type, its options commented out.
    Raises ProjectError, with nothing written, when a file of the project is there already or the
    type is unknown.
    """
    more = "" if connector is None else commented(connector)
    there = {place for place in _PLACES.values() if (folder / place).exists()}
    if there - set(_LEFT):
        raise ProjectError(
            f"{folder}: {', '.join(sorted(there - set(_LEFT)))} is there already; nothing was "
            "written. Name another folder: isthmus init FOLDER"
        )
    try:
        made = [_write(folder, name, more) for name in _PLACES if _PLACES[name] not in there]
        made += write_schemas(folder, CUSTOMER)
    except OSError as error:
        raise ProjectError(f"{error.filename}: cannot be written ({error.strerror})") from None
    left = tuple(f"{folder / name}: left as it is{_LEFT[name]}" for name in sorted(there))
    return Made(tuple(made), left)


def _write(folder: Path, name: str, more: str) -> Path:
    text = files("pipelines.starter").joinpath("files", name).read_text("utf-8")
    if name in _FILLED:
        text = Template(text).substitute(name=project_name(folder), more=more)
    file = folder / _PLACES[name]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def project_name(folder: Path) -> str:
    """Return a name that a project may have, as like the folder's as can be."""
    plain = normalize("NFKD", folder.resolve().name).encode("ascii", "ignore").decode()
    name = _NOT_A_NAME.sub("-", plain.lower()).strip("-_")
    return name if name[:1].isalpha() else f"project-{name}".strip("-")


def commented(connector: str) -> str:
    """Return a source of this type with all its options, commented out.

    Raises ProjectError for an unknown type.
    """
    try:
        options = describe(connector)
    except MisconfiguredError as error:
        raise ProjectError(str(error)) from None
    lines = [
        f"  # # A source of type {connector}: take the comment signs away, fill it in,",
        f"  # # and write mappings/my_{connector}.yaml.",
        f"  # my_{connector}:",
        "  #   connector:",
        f"  #     type: {connector}",
        *(line for option in options for line in _option(option)),
    ]
    return "\n".join(lines) + "\n"


def _option(option: Option) -> list[str]:
    said = " ".join(option.doc.replace("``", "`").split())
    need = "" if option.default in ("", "-") else f" By default {option.default}."
    words = fill(f"{'Required' if option.required else 'Optional'}: {said}{need}", _WIDTH - 12)
    name = f"{option.name}:" if option.required else f"# {option.name}:"
    return [*(f"  #     # {line}" for line in words.splitlines()), f"  #     {name}"]
