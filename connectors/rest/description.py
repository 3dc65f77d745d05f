"""A system described in a file of its own: found, filled with a project's settings, explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from connectors import yamlfile
from connectors.fields import did_you_mean
from connectors.problems import Problem, SettingsError, problems_of
from connectors.rest import settings
from connectors.rest.pointers import get
from connectors.rest.settings import Setting, Settings
from connectors.yamlfile import FileError, YamlFile

OVER = ("auth", "http")
"""What a project may say itself beside the file's settings; it takes the place of the file's."""
_SUFFIXES = (".yaml", ".yml")
_DECLARED: TypeAdapter[Mapping[str, Setting]] = TypeAdapter(Settings)


@dataclass(frozen=True, slots=True)
class Description:
    """A file that describes a system: what it says, and the settings it declares."""

    file: YamlFile
    declared: Mapping[str, Setting]
    tree: Mapping[str, Any] = field(repr=False)

    def filled(self, said: Mapping[str, Any], base: Path) -> dict[str, Any]:
        """Return the connector's own settings, from those that a project in `base` gives.

        Raises SettingsError for what the project said wrongly.
        """
        over = {name: said[name] for name in OVER if name in said}
        if "http" in over and isinstance(over["http"], Mapping):
            over["http"] = {**(self.tree.get("http") or {}), **over["http"]}
        tree = {**self.tree, **over}
        rest = {name: value for name, value in said.items() if name not in (*OVER, "file")}
        values, problems = settings.given(self.declared, rest, settings.used(tree), base)
        if problems:
            raise SettingsError("rest", problems)
        return {**settings.fill(tree, values), "file": said["file"]}

    def explain(self, error: ValidationError, model: type[BaseModel], data: Any) -> FileError:
        """Return what is wrong as lines with places in the file."""
        lines = []
        for problem in problems_of(error, model, data):
            pointer = ".".join(map(str, problem.path))
            from_settings = sorted(settings.used(get(self.tree, pointer)))
            if from_settings and isinstance(get(self.tree, pointer), str):
                names = " and ".join(from_settings)
                problem = Problem(problem.path, f"{problem.message} (the setting {names})")  # noqa: PLW2901
            lines.append(f"{self.file.place(problem.path)} {problem}")
        return FileError("\n".join(lines))


def shipped() -> tuple[str, ...]:
    """The systems whose descriptions come with the connector, by the name to write as `file`."""
    folder = files("connectors.rest") / "systems"
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir()
                        if f.name.endswith(".yaml")))  # fmt: skip


def load(name: str, base: Path) -> Description:
    """Read the description called `name`: a file below `base`, or a shipped one.

    Raises FileError with the place of everything that is wrong, MisconfiguredError when there is
    no such file.
    """
    file = yamlfile.read(*_text(name, base))
    tree = dict(file.data)
    tree.pop("about", None)
    said = tree.pop("settings", None) or {}
    try:
        declared = _DECLARED.validate_python(said)
    except ValidationError as error:
        problems = [
            Problem(("settings", *problem.path), problem.message)
            for problem in problems_of(error, Setting, said)
        ]
        raise FileError("\n".join(f"{file.place(p.path)} {p}" for p in problems)) from None
    if wrong := list(settings.misused(tree, declared)):
        raise FileError("\n".join(f"{file.place(p.path)} {p}" for p in wrong))
    return Description(file, declared, tree)


def _text(name: str, base: Path) -> tuple[str, str]:
    """Return a description's text and the name it has in messages."""
    if name.endswith(_SUFFIXES):
        path = base / Path(name).expanduser()
        try:
            return path.read_text(encoding="utf-8"), str(path)
        except FileNotFoundError:
            raise SettingsError("rest", [Problem(("file",), f"{path}: no such file")]) from None
        except (OSError, UnicodeDecodeError):
            problem = Problem(("file",), f"{path}: cannot be read as UTF-8 text")
            raise SettingsError("rest", [problem]) from None
    if name not in shipped():
        hint = did_you_mean(name, shipped())
        message = f"no description of {name!r} is shipped{hint}; a file of yours ends in .yaml"
        raise SettingsError("rest", [Problem(("file",), message)])
    found = files("connectors.rest") / "systems" / f"{name}.yaml"
    return found.read_text(encoding="utf-8"), f"{name}.yaml"
