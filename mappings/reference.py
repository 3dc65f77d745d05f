"""The tables of the reference page, made of the registries; a test keeps the page true."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from mappings.functions import FUNCTIONS, Function
from mappings.functions.spec import SAME
from mappings.schema import CUSTOMER, Attribute, Schema
from mappings.steps import STEPS, StepSpec


def attributes_table(schema: Schema = CUSTOMER) -> str:
    """Return the canonical attributes as a Markdown table."""
    rows = [
        (_code(a.name), _type(a), _short(a), a.pii or "", a.doc) for a in schema.attributes.values()
    ]
    return table(("attribute", "type", "short name", "personal data", "meaning"), rows)


def steps_table() -> str:
    """Return the named steps as a Markdown table."""
    rows = [
        (_code(step.name), step.doc, _arguments(step), step.gives.value, step.reason or "")
        for step in STEPS.values()
    ]
    return table(("step", "what it does", "arguments", "gives", "refuses what is"), rows)


def functions_table() -> str:
    """Return the functions of expressions as a Markdown table."""
    rows = [(_code(_call(f)), f.doc, _result(f)) for f in FUNCTIONS.values()]
    return table(("function", "what it gives", "type"), rows)


TABLES = {"attributes": attributes_table, "steps": steps_table, "functions": functions_table}
"""Every table by the name of its place in a page: ``<!-- table: steps -->``."""


def with_tables(page: str, tables: Mapping[str, Callable[[], str]] = TABLES) -> str:
    """Return a page with the tables between its marks made anew."""
    for name, made in tables.items():
        begin, end = f"<!-- table: {name} -->\n", "\n<!-- end -->"
        if begin in page:
            before, rest = page.split(begin, 1)
            _, after = rest.split(end, 1)
            page = f"{before}{begin}{made()}{end}{after}"
    return page


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, cells))} |" for cells in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _code(text: str) -> str:
    return f"`{text}`"


def _type(attribute: Attribute) -> str:
    if attribute.parts is None:
        return attribute.type.value
    return "list of " + ", ".join(_code(part) for part in attribute.parts)


def _short(attribute: Attribute) -> str:
    if attribute.short is None:
        return ""
    if attribute.value_part is None:
        return _code(f"{attribute.short}.{next(iter(attribute.parts or ()))}") + " …"
    return _code(attribute.short)


def _arguments(step: StepSpec) -> str:
    told = []
    for name, argument in step.arguments.items():
        need = " (needed)" if argument.required else ""
        words = f" One of {', '.join(argument.choices)}." if argument.choices else ""
        told.append(f"{_code(name)}, {argument.accepts.value}{need}: {argument.doc}{words}")
    return "<br>".join(told)


def _call(function: Function) -> str:
    words = [str(parameter) for parameter in function.parameters]
    first_optional = len(words) - function.optional
    words = [f"[{word}]" if i >= first_optional else word for i, word in enumerate(words)]
    if function.rest is not None:
        words.append("...")
    named = ", ".join("any" if word == SAME else word for word in words)
    return f"{function.name}({named})"


def _result(function: Function) -> str:
    return "that of its arguments" if function.result == SAME else str(function.result)
