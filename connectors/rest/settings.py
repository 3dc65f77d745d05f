"""The settings a description declares, and ``${name}`` in it: filled once, when it is read.

A value that is one ``${name}`` alone becomes the setting itself, with its type; inside a longer
text it is written as text. ``$${`` is ``${`` itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AnyHttpUrl, BaseModel, Field, TypeAdapter, ValidationError, model_validator

from connectors.fields import did_you_mean
from connectors.problems import Problem
from connectors.rest.calls import CONFIG
from connectors.secrets import Secret

_NAME = r"[a-z][a-z0-9_]*"
_PART = re.compile(r"\$\$\{|\$\{(" + _NAME + r")\}")

Kind = Literal["text", "number", "flag", "url", "secret"]
_KINDS: Mapping[str, TypeAdapter[Any]] = {
    "text": TypeAdapter(str),
    "number": TypeAdapter(int),
    "flag": TypeAdapter(bool),
    "url": TypeAdapter(AnyHttpUrl),
    "secret": TypeAdapter(Secret),
}


class Setting(BaseModel):
    """One setting that a project gives beside `file`."""

    model_config = CONFIG

    about: str
    """What it is and where a person finds it."""
    type: Kind = "text"
    """`text`, `number`, `flag` (true or false), `url` or `secret` (a reference to one)."""
    default: str | int | bool | None = None
    """What it is when the project says nothing; without one it is required."""
    example: str | None = None
    """How it may look."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        problem = "" if self.default is None else self.problem(self.default)
        if problem:
            raise ValueError(f"its default is no {self.type}: {problem}")
        return self

    def problem(self, value: Any) -> str:
        """Say what is wrong with a value of this setting, "" when nothing is."""
        try:
            _KINDS[self.type].validate_python(value, strict=self.type in {"number", "flag"})
        except ValidationError as error:
            words = error.errors(include_input=False, include_url=False)[0]["msg"]
            return f"{words[:1].lower()}{words[1:]}"
        return ""


Settings = Mapping[Annotated[str, Field(pattern=f"^{_NAME}$")], Setting]


def used(tree: Any) -> set[str]:
    """Return the settings that a description speaks of."""
    return {found[1] for text in _texts(tree) for found in _PART.finditer(text) if found[1]}


def fill(tree: Any, values: Mapping[str, Any]) -> Any:
    """Return a description with its settings; those without a value stay as they are."""
    if isinstance(tree, str):
        return _filled(tree, values)
    if isinstance(tree, Mapping):
        return {str(_filled(name, values)): fill(value, values) for name, value in tree.items()}
    if isinstance(tree, list):
        return [fill(value, values) for value in tree]
    return tree


def given(
    declared: Mapping[str, Setting], said: Mapping[str, Any], needed: set[str], base: Path
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the value of each setting and what is wrong with those that were said.

    Secrets are references from `base` on, which fit only where a secret is asked for.
    """
    problems = [
        Problem((name,), f"unknown setting{did_you_mean(name, declared)}")
        for name in said
        if name not in declared
    ]
    values: dict[str, Any] = {}
    for name, setting in declared.items():
        value = said.get(name, setting.default)
        if value is None:
            if name in needed and setting.default is None:
                like = f", such as {setting.example}" if setting.example else ""
                problems.append(Problem((name,), f"is required: {setting.about}{like}"))
            continue
        if wrong := setting.problem(value):
            problems.append(Problem((name,), wrong))
        elif setting.type == "secret":
            value = Secret(value, base)
        values[name] = value
    return values, problems


def misused(tree: Any, declared: Mapping[str, Setting]) -> Iterator[Problem]:
    """Yield the places that speak of settings which are not declared, or may not stand there."""
    for path, text in _places(tree, ()):
        for name in [found[1] for found in _PART.finditer(text) if found[1]]:
            if name not in declared:
                hint = did_you_mean(name, declared) or "; declare it under settings"
                yield Problem(path, f"unknown setting ${{{name}}}{hint}")
            elif declared[name].type == "secret" and not _PART.fullmatch(text):
                yield Problem(path, f"the secret ${{{name}}} can only stand alone, under auth")


def _filled(text: str, values: Mapping[str, Any]) -> Any:
    whole = _PART.fullmatch(text)
    if whole and whole[1]:
        return values.get(whole[1], text)

    def one(found: re.Match[str]) -> str:
        if not found[1]:
            return "${"
        value = values.get(found[1])
        return str(value).lower() if isinstance(value, bool) else str(value)

    return _PART.sub(one, text)


def _texts(tree: Any) -> Iterator[str]:
    yield from (text for _, text in _places(tree, ()))


def _places(tree: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(tree, str):
        yield path, tree
    elif isinstance(tree, Mapping):
        for name, value in tree.items():
            yield (*path, name), str(name)
            yield from _places(value, (*path, name))
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from _places(value, (*path, number))
