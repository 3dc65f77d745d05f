"""Makes one value by compiled closures: expression, steps, lookup, default, type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from mappings.closures import Form, kind_of_value, texts
from mappings.pipeline import (
    LOOKUP,
    NOT_FOUND,
    TYPE,
    WRONG_TYPE,
    Recipe,
    StepCall,
    lookup_table,
    step_calls,
)
from mappings.terms import Translator
from mappings.values import CONVERT, SPACES, Kind, to_text


class Refusal(NamedTuple):
    """Why a value was refused: the step's name and its fixed reason, never the value."""

    step: str
    reason: str


Maker = Callable[[Any, "list[Any]"], Any]
"""Makes a value in an environment; what reports a refusal is appended to the list."""

Report = Callable[[str, str], Any]
"""Makes what reports a refusal, from the step's name and its reason; asked when compiling."""

_NESTED = (list, dict)
"""What a text cannot be made of without saying how."""

_Stage = Callable[[Any, Any, "list[Any]"], Any]
"""Makes a value from one that is there, in an environment."""


def compile_maker(
    recipe: Recipe, translator: Translator[Form], kind: Kind | None, report: Report = Refusal
) -> Maker:
    """Compile a recipe into a closure that gives a value of this kind; None: of its own.

    At most one refusal is reported for a value.

    Raises ValueError with the mend.
    """
    term = translator.term(recipe.expression)
    held = term.kind
    stages: list[_Stage] = []
    for calls in _grouped(step_calls(recipe.steps)):
        stages.append(_step(calls, translator, report))
        held = calls[-1].spec.gives
    if recipe.lookup is not None:
        values, held = lookup_table(recipe.lookup)
        missing = None if recipe.default is not None else report(LOOKUP, NOT_FOUND)
        stages.append(_lookup(values, missing))
    if kind is not None and held is not kind:
        stages.append(_typed(kind, report))
    make = _chain(term.form, stages)
    if recipe.default is None:
        return make
    fallback = translator.term(recipe.default)
    default = fallback if kind is None else translator.converted(fallback, kind)
    return _defaulted(make, default.form)


def _grouped(calls: Sequence[StepCall]) -> list[list[StepCall]]:
    """Put plain steps from text to text together, so that they run in one go."""
    groups: list[list[StepCall]] = []
    for call in calls:
        if groups and _is_plain(call) and _is_plain(groups[-1][-1]):
            groups[-1].append(call)
        else:
            groups.append([call])
    return groups


def _is_plain(call: StepCall) -> bool:
    spec = call.spec
    return (
        spec.takes is Kind.TEXT
        and spec.gives is Kind.TEXT
        and spec.reason is None
        and not spec.row_arguments
    )


def _chain(start: Form, stages: Sequence[_Stage]) -> Maker:
    if not stages:
        return lambda env, _: start(env)
    if len(stages) == 1:
        only = stages[0]

        def make_one(env: Any, refusals: list[Any]) -> Any:
            value = start(env)
            return None if value is None else only(value, env, refusals)

        return make_one

    def make(env: Any, refusals: list[Any]) -> Any:
        value = start(env)
        for stage in stages:
            if value is None:
                return None
            value = stage(value, env, refusals)
        return value

    return make


def _defaulted(make: Maker, default: Form) -> Maker:
    def made(env: Any, refusals: list[Any]) -> Any:
        value = make(env, refusals)
        return default(env) if value is None else value

    return made


def _step(calls: Sequence[StepCall], translator: Translator[Form], report: Report) -> _Stage:
    nested = report(TYPE, WRONG_TYPE[Kind.TEXT])
    if _is_plain(calls[0]):
        return _plain([call.spec.python(call.values) for call in calls], nested)
    call = calls[0]
    run = _with_row(call, translator)
    refusal = report(call.spec.name, call.spec.reason) if call.spec.reason else None
    if call.spec.takes is Kind.LIST:
        return lambda value, env, _: _on_list(run, value, env)
    passes = call.spec.passes
    convert: Callable[[Any], Any] = CONVERT.get(call.spec.gives, to_text)

    def stage(value: Any, env: Any, refusals: list[Any]) -> Any:
        if type(value) is str:
            result = run(value, env)
        elif kind_of_value(value) in passes:
            result = convert(value)
        elif isinstance(value, _NESTED):
            refusals.append(nested)
            return None
        else:
            result = run(to_text(value), env)
        if result is None and refusal is not None and not _blank(value):
            refusals.append(refusal)
        return result

    return stage


def _with_row(call: StepCall, translator: Translator[Form]) -> Callable[[Any, Any], Any]:
    """Return the step as a function of the value and the environment."""
    run = call.spec.python(call.values)
    row = [_argument(call, name, translator) for name in call.spec.row_arguments]
    if not row:

        def alone(value: Any, _: Any) -> Any:
            return run(value)

        return alone
    if len(row) == 1:
        only = row[0]
        return lambda value, env: run(value, only(env))
    return lambda value, env: run(value, *[argument(env) for argument in row])


def _on_list(run: Callable[[Any, Any], Any], value: Any, env: Any) -> Any:
    items = texts(value)
    return None if items is None else run(items, env)


def _plain(runs: Sequence[Callable[[str], Any]], nested: Any) -> _Stage:
    def stage(value: Any, _: Any, refusals: list[Any]) -> Any:
        if type(value) is not str:
            if isinstance(value, _NESTED):
                refusals.append(nested)
                return None
            value = to_text(value)
        for run in runs:
            value = run(value)
            if value is None:
                return None
        return value

    return stage


def _argument(call: StepCall, name: str, translator: Translator[Form]) -> Form:
    if name not in call.expressions:
        return lambda _: None
    return translator.converted(translator.term(call.expressions[name]), Kind.TEXT).form


def _blank(value: Any) -> bool:
    return type(value) is str and not value.strip(SPACES)


def _lookup(held: Mapping[str, Any], refusal: Any) -> _Stage:
    def stage(value: Any, _: Any, refusals: list[Any]) -> Any:
        key = to_text(value) or ""
        if key in held:
            return held[key]
        if refusal is not None and not _blank(key):
            refusals.append(refusal)
        return None

    return stage


def _typed(kind: Kind, report: Report) -> _Stage:
    convert = _text_alone if kind is Kind.TEXT else CONVERT[kind]
    refusal = report(TYPE, WRONG_TYPE[kind])

    def stage(value: Any, _: Any, refusals: list[Any]) -> Any:
        result = convert(value)
        if result is None and not _blank(value):
            refusals.append(refusal)
        return result

    return stage


def _text_alone(value: Any) -> str | None:
    return None if isinstance(value, _NESTED) else to_text(value)
