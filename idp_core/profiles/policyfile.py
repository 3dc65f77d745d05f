"""Reading a policy file: YAML with the place of every key, checked by a pydantic model.

Errors are PolicyError, one line per problem, as
``policies/identifiers.yaml:12:3 identifiers.emial: unknown key; did you mean 'email'?``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from idp_core.errors import PolicyError
from mappings.errors import MappingError
from mappings.yamltext import compose

Steps = tuple[str | int, ...]
Context = Mapping[str, Any] | None


class Strict(BaseModel):
    """A part of a policy: frozen, no unknown keys, and it never shows what it was given."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True
    )


AnyPolicy = TypeVar("AnyPolicy", bound=BaseModel)


def read(model: type[AnyPolicy], path: Path, context: Context = None) -> AnyPolicy:
    """Read the file at `path` as a `model`. Raises PolicyError naming file, place, key and mend.

    `context` is for the model's own checks.
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(
            f"{path}: cannot be read: byte {error.start + 1} is not UTF-8; save it as UTF-8 text"
        ) from None
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror}") from None
    return parse(model, text, str(path), context)


def parse(model: type[AnyPolicy], text: str, name: str, context: Context = None) -> AnyPolicy:
    """Check YAML `text` as a `model`; `name` is what errors call it. Raises PolicyError."""
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        return _checked(model, {}, {(): "1:1"}, name, context)
    try:
        root, problems = compose(text, name)
        data = yaml.safe_load(text)
    except MappingError as error:
        raise PolicyError(str(error)) from None
    except (ValueError, yaml.YAMLError):  # such as the day 2024-02-30
        raise PolicyError(f"{name}: a value is none that YAML can hold; put it in quotes") from None
    if problems:
        raise PolicyError("\n".join(map(str, problems)))
    if not isinstance(data, dict):
        raise PolicyError(f"{name}:1:1 file: write keys and values, such as key: value")
    places: dict[Steps, str] = {}
    _note_places(root, (), places)
    return _checked(model, data, places, name, context)


def _checked(
    model: type[AnyPolicy],
    data: object,
    places: Mapping[Steps, str],
    name: str,
    context: Context,
) -> AnyPolicy:
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        problems = [_problem(model, found, places, name) for found in error.errors()]
    raise PolicyError("\n".join(problems))


def _note_places(node: yaml.Node, steps: Steps, places: dict[Steps, str]) -> None:
    """Write the place of every key and item below `node`."""
    places.setdefault(steps, _place(node.start_mark))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _note_places(item, (*steps, index), places)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*steps, key.value)
            places[below] = _place(key.start_mark)
            _note_places(value, below, places)


def _place(mark: yaml.Mark) -> str:
    return f"{mark.line + 1}:{mark.column + 1}"


def _problem(
    model: type[BaseModel], found: Mapping[str, Any], places: Mapping[Steps, str], name: str
) -> str:
    given: Steps = found["loc"]
    steps = tuple(given[: _depth(given, places)])
    if found["type"] == "extra_forbidden":
        near = get_close_matches(str(given[-1]), list(_keys(model, given[:-1])), n=1)
        message = "unknown key" + (f"; did you mean {near[0]!r}?" if near else "")
    elif found["type"] == "missing":
        message = f"needs the key {given[-1]!r}"
    else:
        message = str(found["msg"]).removeprefix("Value error, ")
    return f"{name}:{places.get(steps, '1:1')} {_dotted(steps) or 'file'}: {message}"


def _depth(steps: Steps, places: Mapping[Steps, str]) -> int:
    """How far `steps` lead into the file; pydantic adds steps of its own for unions."""
    depth = len(steps)
    while depth and steps[:depth] not in places:
        depth -= 1
    return depth


def _dotted(steps: Steps) -> str:
    return ".".join(map(str, steps))


def _keys(model: type[BaseModel], steps: Steps) -> Iterable[str]:
    """The keys that may stand at `steps` below `model`."""
    models: list[type[BaseModel]] = [model]
    for step in steps:
        below = [_models(m.model_fields[str(step)].annotation) for m in models if _has(m, step)]
        models = [inner for group in below for inner in group] or models
    return [field.alias or key for m in models for key, field in m.model_fields.items()]


def _has(model: type[BaseModel], step: str | int) -> bool:
    return str(step) in model.model_fields


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The pydantic models inside a type, such as the values of a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, UnionType, dict, Mapping, tuple) or get_args(annotation):
        return [found for part in get_args(annotation) for found in _models(part)]
    return []
