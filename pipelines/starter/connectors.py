"""Writes the files of a new connector: a description with its mapping and test, or a package."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from connectors.fields import did_you_mean
from connectors.registry import names
from connectors.rest.description import shipped
from pipelines.errors import ProjectError

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_YAML = {
    "system.yaml": "{name}.yaml",
    "mapping.yaml": "mappings/{name}.yaml",
    "test.py": "tests/test_{module}.py",
}
_PYTHON = {
    "connector.py": "{module}.py",
    "pyproject.toml": "pyproject.toml",
    "mapping.yaml": "mappings/{name}.yaml",
    "test.py": "test_{module}.py",
}


def make_connector(folder: Path, name: str, *, python: bool) -> tuple[Path, ...]:
    """Write a connector into a folder and return its files: it works, on a server of its test.

    With `python` it is a package of its own. Raises ProjectError, with nothing written, for a name
    that is none or taken, and when one of the files is there.
    """
    if not _NAME.fullmatch(name):
        raise ProjectError(f"{name!r}: a connector's name is small letters, digits, - and _")
    taken = names() if python else shipped()
    if name in taken:
        raise ProjectError(f"{name!r} is there already{did_you_mean(name, taken)}")
    kind, places = ("python", _PYTHON) if python else ("yaml", _YAML)
    words = _words(name)
    found = {source: folder / place.format(**words) for source, place in places.items()}
    there = [str(file) for file in found.values() if file.exists()]
    if there:
        raise ProjectError(f"{', '.join(there)} is there already; nothing was written")
    templates = files("pipelines.starter").joinpath("connector", kind)
    for source, file in found.items():
        text = templates.joinpath(f"{source}.txt").read_text("utf-8")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(_filled(text, words), encoding="utf-8")
        except OSError as error:
            raise ProjectError(f"{file}: cannot be written ({error.strerror})") from None
    return tuple(found.values())


def _words(name: str) -> dict[str, str]:
    parts = [part for part in re.split(r"[-_]", name) if part]
    return {
        "name": name,
        "module": name.replace("-", "_"),
        "class": "".join(part.capitalize() for part in parts),
        "title": " ".join(part.capitalize() for part in parts),
        "upper": name.replace("-", "_").upper(),
    }


def _filled(text: str, words: dict[str, str]) -> str:
    return re.sub(r"@(NAME|MODULE|CLASS|TITLE|UPPER)@", lambda m: words[m[1].lower()], text)
