"""Registers the Python functions of steps on a DuckDB connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from duckdb import DuckDBPyConnection
from duckdb.func import FunctionNullHandling, PythonUDFType
from duckdb.sqltypes import VARCHAR

from mappings.steps import Udf


def register(con: DuckDBPyConnection, udf: Udf) -> None:
    """Make the function known to the connection's database, once."""
    known = con.execute(
        "SELECT count(*) FROM duckdb_functions() WHERE function_name = ?", [udf.name]
    ).fetchall()
    if known[0][0]:
        return
    con.create_function(
        udf.name,
        _on_arrays(udf.call, udf.arity),
        [VARCHAR] * udf.arity,
        VARCHAR,
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
    )


def _on_arrays(call: Callable[..., str | None], arity: int) -> Callable[..., Any]:
    """Wrap a function of texts into one of Arrow arrays, asked once per distinct value."""
    import pyarrow as pa

    def answer(columns: Sequence[Any]) -> Any:
        rows = list(zip(*[column.to_pylist() for column in columns], strict=True))
        answers = {row: call(*row) for row in dict.fromkeys(rows)}
        return pa.array([answers[row] for row in rows], pa.string())

    # DuckDB counts the parameters of what it is given.
    if arity == 1:
        return lambda first: answer((first,))
    return lambda first, second: answer((first, second))
