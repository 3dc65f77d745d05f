"""Makes one value by compiled closures: expression, steps, lookup, default, type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from mappings.closures import Form, kind_of_value
from mappings.pipeline import (
    LOOKUP,
    NOT_FOUND,
    TYPE,
    WRONG_TYPE,
    Recipe,
    StepCall,
    step_calls,
)
from mappings.terms import Term, Translator
from mappings.values import CONVERT, SPACES, Kind, to_text


class Refusal(NamedTuple):
    """Why a value was refused: the step's name and its fixed reason, never the value."""

    step: str
    reason: str


Maker = Callable[[Any, "list[Refusal]"], Any]
"""Makes a value in an environment; a refusal is appended to the list."""


def compile_maker(recipe: Recipe, translator: Translator[Form], kind: Kind | None) -> Maker:
    """Compile a recipe into a closure that gives a value of this kind; None: of its own.

    Raises ValueError with the mend.
    """
    term = translator.term(recipe.expression)
    start, held = term.form, term.kind
    stages: list[Maker] = []
    for call in step_calls(recipe.steps):
        stages.append(_step(call, held, translator))
        held = call.spec.gives
    if recipe.lookup is not None:
        stages.append(_lookup(recipe.lookup, missing_is_fine=recipe.default is not None))
        held = Kind.ANY
    if recipe.default is not None:
        stages.append(_default(translator.term(recipe.default)))
        held = Kind.ANY
    if kind is not None and held is not kind:
        stages.append(_typed(kind))
    return _chain(start, stages)


class _Value:
    """Hands a value from one stage to the next beside the environment."""

    __slots__ = ("env", "value")

    def __init__(self, env: Any, value: Any) -> None:
        self.env = env
        self.value = value


def _chain(start: Form, stages: Sequence[Maker]) -> Maker:
    if not stages:
        return lambda env, _: start(env)
    if len(stages) == 1:
        only = stages[0]
        return lambda env, refusals: only(_Value(env, start(env)), refusals)

    def make(env: Any, refusals: list[Refusal]) -> Any:
        state = _Value(env, start(env))
        for stage in stages:
            state.value = stage(state, refusals)
        return state.value

    return make


def _step(call: StepCall, kind: Kind, translator: Translator[Form]) -> Maker:
    run = call.spec.python(call.values)
    row = [_argument(call, name, translator) for name in call.spec.row_arguments]
    prepare = _prepare(call, kind)
    refusal = Refusal(call.spec.name, call.spec.reason) if call.spec.reason else None
    convert = CONVERT.get(call.spec.gives)

    def stage(state: _Value, refusals: list[Refusal]) -> Any:
        value = state.value
        if value is None:
            return None
        given = prepare(value)
        if given is _PASSED and convert is not None:
            result = convert(value)
        elif given is None:
            return None
        elif row:
            result = run(given, *[argument(state.env) for argument in row])
        else:
            result = run(given)
        if result is None and refusal is not None and not _blank(value):
            refusals.append(refusal)
        return result

    if not row and refusal is None and kind is Kind.TEXT:
        return lambda state, _: None if state.value is None else run(state.value)
    return stage


_PASSED: Any = object()


def _prepare(call: StepCall, kind: Kind) -> Callable[[Any], Any]:
    """Return what brings a value to the kind the step takes, or says that it passes."""
    if call.spec.takes is Kind.LIST:
        from mappings.closures import texts

        return texts
    allowed = call.spec.passes

    def prepare(value: Any) -> Any:
        if type(value) is str:
            return value
        if allowed and kind_of_value(value) in allowed:
            return _PASSED
        return to_text(value)

    return prepare


def _argument(call: StepCall, name: str, translator: Translator[Form]) -> Form:
    if name not in call.expressions:
        return lambda _: None
    return translator.converted(translator.term(call.expressions[name]), Kind.TEXT).form


def _blank(value: Any) -> bool:
    return type(value) is str and not value.strip(SPACES)


def _lookup(table: Mapping[str, Any], *, missing_is_fine: bool) -> Maker:
    held = dict(table)
    refusal = Refusal(LOOKUP, NOT_FOUND)

    def stage(state: _Value, refusals: list[Refusal]) -> Any:
        key = to_text(state.value)
        if key is None:
            return None
        if key in held:
            return held[key]
        if not missing_is_fine and not _blank(key):
            refusals.append(refusal)
        return None

    return stage


def _default(term: Term[Form]) -> Maker:
    fallback = term.form
    return lambda state, _: fallback(state.env) if state.value is None else state.value


def _typed(kind: Kind) -> Maker:
    convert = CONVERT[kind]
    refusal = Refusal(TYPE, WRONG_TYPE.get(kind, ""))

    def stage(state: _Value, refusals: list[Refusal]) -> Any:
        value = state.value
        if value is None:
            return None
        result = convert(value)
        if result is None and not _blank(value):
            refusals.append(refusal)
        return result

    return stage
