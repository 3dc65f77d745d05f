"""The SQL our expressions are read as: DuckDB's, with every call left as it was written.

sqlglot turns the calls it knows into nodes of their own and forgets the written name. Here a call
stays ``Anonymous(name, arguments)``, so that one closed list of names decides what may be called.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, TokenError

_DuckParser: Any = DuckDB.Parser


class Text(DuckDB):
    """DuckDB's grammar of scalar expressions; only casts and CASE have a syntax of their own."""

    class Parser(_DuckParser):  # type: ignore[misc]  # sqlglot makes it when it is imported
        """The parser with the lists of known functions and statements emptied."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parser
            for name, parser in _DuckParser.FUNCTION_PARSERS.items()
            if name in {"CAST", "TRY_CAST"}
        }
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            "CASE": _DuckParser.NO_PAREN_FUNCTION_PARSERS["CASE"]
        }
        STATEMENT_PARSERS: ClassVar[dict[Any, Any]] = {}


class SyntaxProblem(ValueError):  # noqa: N818 (a problem is what the files of this package have)
    """A text that is no expression, and where (an offset into the text)."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


_DIALECT = Text()


def read(text: str) -> exp.Expr:
    """Parse one expression; positions are in each node's ``meta["start"]``.

    Raises SyntaxProblem.
    """
    try:
        words = _DIALECT.tokenize(text)
        trees = _DIALECT.parser().parse(words, text)
    except TokenError:
        raise SyntaxProblem("cannot be read; is a quote left open?") from None
    except ParseError as error:
        raise _problem(error, text) from None
    except RecursionError:
        raise SyntaxProblem("is nested too deeply; split it into steps or fields") from None
    if len(trees) != 1 or trees[0] is None:
        raise SyntaxProblem("write exactly one expression" if words else "is empty")
    return trees[0]


def _problem(error: ParseError, text: str) -> SyntaxProblem:
    detail = error.errors[0] if error.errors else {}
    line, column = int(detail.get("line") or 1), int(detail.get("col") or 1)
    word = str(detail.get("highlight") or "")
    before = sum(len(row) + 1 for row in text.split("\n")[: line - 1])
    offset = max(0, min(before + column - len(word), len(text)))
    reason = str(detail.get("description") or "")
    if reason.startswith("Expecting "):
        return SyntaxProblem(
            f"{reason.removeprefix('Expecting ')} is missing after {word!r}", offset
        )
    if reason.startswith("Required keyword"):
        return SyntaxProblem(f"something is missing beside {word!r}", offset)
    return SyntaxProblem(f"{word!r} was not expected here", offset)
