"""CSV as bulk jobs have it: a delimiter and a line end by name, all values in quotes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.simulators.salesforce.errors import ApiError

_DELIMITERS = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
_LINES = {"LF": "\n", "CRLF": "\r\n"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the CSV of one job is written."""

    name: str
    line_name: str

    @classmethod
    def of(cls, name: str, line_name: str) -> Dialect:
        """The dialect of these names; INVALIDJOB for others."""
        if name not in _DELIMITERS or line_name not in _LINES:
            raise ApiError(
                "INVALIDJOB", f"Unknown columnDelimiter or lineEnding: {name}, {line_name}"
            )
        return cls(name, line_name)

    def write(self, names: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
        """A header and rows."""
        text = io.StringIO()
        writer = csv.writer(
            text,
            delimiter=_DELIMITERS[self.name],
            lineterminator=_LINES[self.line_name],
            quoting=csv.QUOTE_ALL,
        )
        writer.writerow(names)
        writer.writerows(rows)
        return text.getvalue().encode()

    def read(self, data: bytes) -> tuple[list[str], list[list[str]]]:
        """Header and rows. INVALIDBATCH for what is no UTF-8 or has no header."""
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ApiError("INVALIDBATCH", "InvalidBatch : the data is not UTF-8") from None
        if self.line_name == "LF" and "\r\n" in text:
            raise ApiError(
                "CLIENTINPUTERROR",
                "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting "
                "is LF",
            )
        rows = [
            row
            for row in csv.reader(io.StringIO(text, ""), delimiter=_DELIMITERS[self.name])
            if row
        ]
        if not rows:
            raise ApiError("INVALIDBATCH", "InvalidBatch : Failed to parse CSV header")
        return rows[0], rows[1:]
