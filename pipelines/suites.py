"""Which suite judges a source: what its mapping implies and what the user's file adds.

A suite is proved before a row is read: an expectation that names no column of the mapping, or
compares a date with a number, is told at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb

from idp_core.db.engine import reading
from idp_core.ledger import store as ledger
from mappings.batch import compile_batch
from mappings.errors import MappingError
from mappings.tree import Document
from pipelines.bus import Bus, Workspace
from pipelines.errors import ProjectError
from pipelines.quality.compiler import compiles
from pipelines.quality.docs import build_docs
from pipelines.quality.errors import SuiteError
from pipelines.quality.model import Suite
from pipelines.quality.suite import suite_for
from pipelines.quality.table import checked_view

DOCS = "quality-docs"
"""The folder of the Data Docs, below the project's data folder."""


def suite_of(files: Workspace, source: str, document: Document, *, today: date) -> Suite:
    """Return the suite of a source, proved.

    Raises SuiteError naming file, line, expectation and mend; it is a ProjectError.
    """
    own = files.suite_file(source)
    if files.source_settings(source).quality is not None and not own.exists():
        raise SuiteError(f"{own}: no such file; sources.{source}.quality in isthmus.yaml names it")
    suite = suite_for(document, own, name=source, today=today)
    prove(document, suite, today=today)
    return suite


def suite_json(suite: Suite) -> str:
    """Return a suite as the text of a file in Great Expectations' own format."""
    return json.dumps(suite.to_json(), indent=2, ensure_ascii=False) + "\n"


def prove(document: Document, suite: Suite, *, today: date) -> Sequence[bool]:
    """Compile a suite over what a mapping gives, without a row.

    Returns of each expectation whether our SQL judges it; Great Expectations' own engine judges
    the others. Raises SuiteError for one that nobody can judge.
    """
    plan = compile_batch(document)
    with duckdb.connect() as con:
        plan.prepare(con)
        con.execute("CREATE TABLE landed (_row BIGINT)")
        try:
            select = plan.select("landed", {"_row": "BIGINT"}, today=today)
        except MappingError as error:
            raise ProjectError(str(error)) from None
        con.execute(f"CREATE TABLE mapped AS {select}")
        table = checked_view(con, "mapped", "_checked", document.schema)
        return [compiles(expectation, table) for expectation in suite.expectations]


def write_docs(bus: Bus, runs: Sequence[str]) -> Path:
    """Write the Data Docs pages of what these runs found; return the index. Takes seconds.

    Pages of other runs stay. Raises OSError.
    """
    with reading(bus.engine) as conn:
        found = [each for run in runs for each in ledger.read_quality(conn, run)]
    return build_docs([dict(each.result) for each in found], bus.project.data_folder / DOCS)
