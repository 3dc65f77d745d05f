"""What a list does not say of a row: a second call for its record, further calls for its lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import structlog

from connectors.contract import RejectedRow
from connectors.errors import MisconfiguredError, NotFoundError, RejectedError
from connectors.rest import template
from connectors.rest.lists import Detail, holds
from connectors.rest.objects import RestObject
from connectors.rest.paging import pages
from connectors.rest.pairs import as_objects
from connectors.rest.pointers import get
from connectors.rest.sending import Caller

log = structlog.get_logger(__name__)


class Completer:
    """Completes rows of one object by calls of their own."""

    def __init__(self, api: Caller, name: str, wanted: RestObject) -> None:
        self._api, self._name, self._wanted = api, name, wanted
        self.needed = bool(wanted.details or wanted.joins or wanted.pairs)
        """Whether rows are not what they are to be: most need calls of their own."""
        self.gone = 0
        self.rejected: list[RejectedRow] = []
        self._read: set[str] = set()

    def complete(self, row: dict[str, Any], key: object) -> dict[str, Any] | None:
        """Return the whole row, or None when it has gone meanwhile or was refused.

        What was refused stands in `rejected` then. Raises the errors of the session that are not
        about this row alone.
        """
        try:
            if self._wanted.details:
                row = {**row, **self._details(self._wanted.details, row)}
            for column, join in self._wanted.joins.items():
                found = pages(self._api, join, row, quiet=column in self._read)
                self._read.add(column)
                row = {**row, column: [each for batch in found for each in batch.rows]}
        except NotFoundError:
            self.gone += 1
            return None
        except RejectedError as error:
            self.refuse(row, key, str(error))
            return None
        return as_objects(row, self._wanted.pairs)

    def refuse(self, row: Mapping[str, Any], key: object, reason: str) -> None:
        """Keep a row that cannot be read as one."""
        place = f"{self._name} {key}" if key is not None else self._name
        raw = json.dumps(row, ensure_ascii=False, default=str)
        self.rejected.append(RejectedRow(place, reason, raw))

    def taken(self) -> tuple[RejectedRow, ...]:
        """Return what was refused since the last time."""
        taken, self.rejected = tuple(self.rejected), []
        return taken

    def report(self) -> None:
        """Say how many rows went away while they were read."""
        if self.gone:
            log.info("rest.rows_gone", object=self._name, rows=self.gone)

    def _details(self, details: Detail, row: Mapping[str, Any]) -> Mapping[str, Any]:
        if details.optional and any(get(row, n) is None for n in template.names(details.path)):
            return {}
        reply = self._api.send(details, row, reads=True)
        record = get(reply.root, details.item)
        if details.where and isinstance(record, list):
            record = next((each for each in record if holds(each, details.where)), {})
        if not isinstance(record, dict):
            raise MisconfiguredError(
                f"{reply.answer.call}: no record at {details.item or 'the top'!r}, set "
                f"objects.{self._name}.details.item"
            )
        return {details.column: record} if details.column else record
