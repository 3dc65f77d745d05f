"""What is wrong with settings, told by their names: from pydantic's errors to words with a mend."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from connectors.errors import MisconfiguredError
from connectors.fields import did_you_mean

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong setting: the names that lead to it, and what is wrong with the mend."""

    path: Path
    message: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path)) or 'settings'}: {self.message}"


class SettingsError(MisconfiguredError):
    """Settings that a connector cannot be built from; `problems` are all of them."""

    def __init__(self, type_name: str, problems: Sequence[Problem]) -> None:
        super().__init__(f"{type_name}: " + "; ".join(map(str, problems)))
        self.problems = tuple(problems)


def problems_of(error: ValidationError, model: type[BaseModel], data: Any) -> list[Problem]:
    """Return what is wrong with `data`, each setting once, without its value.

    Names of alternatives, which pydantic puts into its paths, are left out.
    """
    found: dict[Path, Problem] = {}
    for detail in error.errors(include_url=False):
        path = _standing(detail, data)
        found.setdefault(path, Problem(path, _message(detail, path, model)))
    return list(found.values())


def _standing(detail: ErrorDetails, data: Any) -> Path:
    """Return those parts of an error's path that stand in the data, and a missing last one."""
    path: list[str | int] = []
    parts = detail["loc"]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if _has(data, part):
            data = data[part]
        elif not (last and detail["type"] == "missing"):
            continue
        path.append(part)
    return tuple(path)


def _has(data: Any, part: str | int) -> bool:
    if isinstance(data, list | tuple):
        return isinstance(part, int) and part < len(data)
    return isinstance(data, dict) and part in data


def _message(detail: ErrorDetails, path: Path, model: type[BaseModel]) -> str:
    context = detail.get("ctx") or {}
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown setting{did_you_mean(str(path[-1]), _names_beside(path, model))}"
        case "missing":
            return "is required"
        case "union_tag_invalid":
            known = [word.strip(" '") for word in str(context.get("expected_tags")).split(",")]
            return f"unknown type{did_you_mean(str(context.get('tag')), known)}"
        case "union_tag_not_found":
            return "the key 'type' is missing"
        case "literal_error":
            known = [word.strip(" '") for word in re.split(",| or ", str(context["expected"]))]
            near = did_you_mean(str(detail["input"]), known)
            return f"must be {context['expected']}{near if near.endswith('?') else ''}"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{message[:1].lower()}{message[1:]}"


def _names_beside(path: Path, model: type[BaseModel]) -> list[str]:
    """Return the settings that may stand where the wrong one stands, as far as models tell."""
    models: list[type[BaseModel]] = [model]
    for part in path[:-1]:
        inner = [found for each in models for found in _models_in(each, str(part))]
        models = inner or models
    return [field.alias or name for each in models for name, field in each.model_fields.items()]


def _models_in(model: type[BaseModel], part: str) -> Iterator[type[BaseModel]]:
    field = model.model_fields.get(part)
    pending: list[Any] = [field.annotation] if field else []
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        pending.extend(get_args(annotation))
