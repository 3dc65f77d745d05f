"""Suites that people write: ``quality/<source>.json`` in Great Expectations' own format.

A user's file adds to the generated suite. An expectation of the same type on the same columns
takes the generated one's place; ``"meta": {"isthmus": {"without": ["<rule>"]}}`` drops one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from mappings.suggest import did_you_mean
from mappings.tree import Document
from pipelines.quality.compiler import KINDS, check_arguments
from pipelines.quality.engine import ENGINE
from pipelines.quality.errors import SuiteError
from pipelines.quality.generate import generate_suite
from pipelines.quality.model import Expectation, Severity, Suite

_SUITE_KEYS = ("name", "expectations", "meta", "notes", "id", "suite_parameters")
_KEYS = ("type", "kwargs", "meta", "severity", "notes", "description", "id")
_IGNORED = ("success_on_last_run", "expectation_context", "rendered_content")


def suite_for(document: Document, own: Path | None, *, name: str, today: date) -> Suite:
    """Return the suite of a source: what its mapping implies and what the user's file adds.

    `own` may be a path where no file is. Raises SuiteError.
    """
    generated = generate_suite(document, name=name, today=today)
    if own is None or not own.exists():
        return generated
    return merge(generated, load_suite(own), str(own))


def merge(generated: Suite, own: Suite, file: str) -> Suite:
    """Add a user's suite to the generated one. Raises SuiteError for a rule nobody knows."""
    known = {one.rule: one for one in generated.expectations}
    without = _without(own, file)
    for rule in without:
        if rule not in known:
            raise SuiteError(
                f"{file}: meta.isthmus.without: no generated rule {rule!r}"
                f"{did_you_mean(rule, known)}"
            )
    written = {one.rule for one in own.expectations}
    kept = [one for rule, one in known.items() if rule not in written and rule not in without]
    return Suite(generated.name, (*kept, *own.expectations), {**generated.meta, **own.meta})


def _without(own: Suite, file: str) -> list[str]:
    """Return the generated rules that a user's file drops."""
    ours = own.meta.get("isthmus") or {}
    found = ours.get("without") or [] if isinstance(ours, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(rule, str) for rule in found):
        raise SuiteError(
            f'{file}: meta.isthmus.without must be a list of rules: {{"without": '
            '["expect_column_values_to_not_be_null(email)"]}'
        )
    return found


def load_suite(path: Path) -> Suite:
    """Read a suite file. Raises SuiteError naming file, line, expectation and mend."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SuiteError(
            f"{path}: cannot be read: byte {error.start + 1} is not UTF-8; save it as UTF-8 text"
        ) from None
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read: {error.strerror}") from None
    return read_suite(text, str(path))


def read_suite(text: str, file: str) -> Suite:
    """Read a suite from text; `file` is only the name that errors carry. Raises SuiteError."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{file}:{error.lineno}:{error.colno}"
        raise SuiteError(f"{place}: not JSON: {error.msg}") from None
    suite = _object(found, file)
    _known(suite, _SUITE_KEYS, file)
    entries = suite.get("expectations")
    if not isinstance(entries, list):
        raise SuiteError(f'{file}: needs "expectations", a list')
    reader = _Reader(file, _lines(text), _object(suite.get("suite_parameters") or {}, file))
    expectations = [reader.expectation(number, entry) for number, entry in enumerate(entries)]
    _no_twins(expectations)
    meta = _object(suite.get("meta") or {}, f"{file} meta")
    return Suite(str(suite.get("name") or Path(file).stem), tuple(expectations), meta)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the expectations of one file."""

    file: str
    lines: Mapping[int, int]
    parameters: Mapping[str, Any]

    def expectation(self, number: int, entry: object) -> Expectation:
        line = f":{self.lines[number]}" if number in self.lines else ""
        place = f"{self.file}{line} expectations[{number}]"
        given = _object(entry, place)
        if "expectation_type" in given:
            raise SuiteError(f"{place}: 'expectation_type' is called 'type' since version 1.0")
        _known(given, _KEYS + _IGNORED, place)
        kwargs = _object(given.get("kwargs", {}), f"{place} kwargs")
        found = Expectation(
            type=_type(given.get("type"), place),
            kwargs={name: self._value(value, place) for name, value in kwargs.items()},
            severity=_severity(given.get("severity", Severity.CRITICAL.value), place),
            place=place,
            meta=_object(given.get("meta") or {}, f"{place} meta"),
            notes=given.get("notes"),
            description=given.get("description"),
            id=given.get("id"),
        )
        check_arguments(found)
        return found

    def _value(self, value: object, place: str) -> object:
        if not (isinstance(value, dict) and "$PARAMETER" in value):
            return value
        name = str(value["$PARAMETER"])
        if name not in self.parameters:
            mend = did_you_mean(name, self.parameters) or "; add it to suite_parameters"
            raise SuiteError(f"{place}: no suite parameter {name!r}{mend}")
        return self.parameters[name]


def _object(found: object, place: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise SuiteError(f"{place}: must be an object {{...}}")
    return found


def _known(found: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for name in found:
        if name not in known:
            raise SuiteError(f"{place}: unknown key {name!r}{did_you_mean(name, known)}")


def _type(name: object, place: str) -> str:
    if not isinstance(name, str):
        raise SuiteError(f'{place}: needs "type", the name of an expectation')
    judged = KINDS.keys() | ENGINE.keys()
    if name in judged:
        return name
    if name in _of_the_library():
        raise SuiteError(
            f"{place}: {name} cannot be judged here: it needs a SQL database of Great "
            f"Expectations or has no engine{did_you_mean(name, judged)}"
        )
    raise SuiteError(f"{place}: unknown expectation {name!r}{did_you_mean(name, judged)}")


def _severity(word: object, place: str) -> Severity:
    try:
        return Severity(str(word))
    except ValueError:
        mend = did_you_mean(str(word), list(Severity))
        raise SuiteError(f"{place}: unknown severity {word!r}{mend}") from None


def _no_twins(expectations: list[Expectation]) -> None:
    seen: dict[str, str] = {}
    for one in expectations:
        told = json.dumps([one.type, dict(one.kwargs)], sort_keys=True, default=str)
        if told in seen:
            raise SuiteError(f"{one.place}: says the same as {seen[told]}; take one of them out")
        seen[told] = one.place


def _lines(text: str) -> dict[int, int]:
    """Return the line of each expectation. JSON is YAML but for tabs: then there are none."""
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return {}
    if not isinstance(root, yaml.MappingNode):
        return {}
    for key, value in root.value:
        if key.value == "expectations" and isinstance(value, yaml.SequenceNode):
            return {at: node.start_mark.line + 1 for at, node in enumerate(value.value)}
    return {}


@cache
def _of_the_library() -> frozenset[str]:
    """Return the expectations of the installed library."""
    spec = find_spec("great_expectations")  # found, not imported: that takes seconds
    folders = list(spec.submodule_search_locations or ()) if spec else []
    files = [file for one in folders for file in Path(one).glob("expectations/core/expect_*.py")]
    return frozenset(file.stem for file in files)
