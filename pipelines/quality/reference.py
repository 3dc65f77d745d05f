"""The tables of the reference page on quality, made of the registries; a test keeps it true."""

from __future__ import annotations

from mappings.reference import table
from pipelines.quality.compiler import KINDS, Kind
from pipelines.quality.engine import ENGINE


def expectations_table() -> str:
    """Return the expectations with SQL of ours as a Markdown table."""
    rows = [(f"`{name}`", kind.doc, _arguments(kind)) for name, kind in KINDS.items()]
    return table(("expectation", "what it expects", "arguments"), rows)


def engine_table() -> str:
    """Return the expectations that Great Expectations' own engine judges as a Markdown table."""
    rows = [(f"`{name}`", words) for name, words in ENGINE.items()]
    return table(("expectation", "what it expects"), rows)


TABLES = {"expectations": expectations_table, "engine": engine_table}
"""Every table by the name of its place in the page: ``<!-- table: expectations -->``."""


def _arguments(kind: Kind) -> str:
    """Name the arguments of one kind; those of every kind are left out, optional ones in ()."""
    told = [f"`{name}`" for name in kind.required]
    told += [f"(`{name}`)" for name in kind.optional if name not in _COMMON]
    return ", ".join(told)


_COMMON = ("mostly", "row_condition", "condition_parser")
