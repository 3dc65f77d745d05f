"""The push source: what a receiver has kept of another system's pushes, in the order it came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar, Self

from pydantic import ByteSize, PositiveInt, PrivateAttr

from connectors.contract import Connector, Cursor, Health, ObjectSchema, Page, Query
from connectors.errors import MisconfiguredError
from connectors.fields import LocalPath
from connectors.files.lines import kinds
from connectors.push.inbox import FileInbox, Inbox, old
from connectors.push.proofs import Proof

_SAMPLE = 1_000


class Push(Connector):
    """Rows that were pushed: `isthmus serve` takes them at ``/hooks/<source>``."""

    type: ClassVar[str] = "push"

    inbox: LocalPath | None = None
    """A file of this host that pushed rows are kept in until they were read. When left out: the
    project's database where that is PostgreSQL, otherwise `<source>.inbox` in the data folder."""
    proof: Proof
    """How a push proves whom it is from."""
    object: str = "events"
    """What mappings call the rows."""
    items: str = ""
    """Where the rows stand in a push that is no CloudEvent; empty when it is the row, or a list."""
    record: str = ""
    """Where the record stands in each of them, or in a CloudEvent; there it is `data` by itself."""
    largest: ByteSize = ByteSize(1_000_000)
    """A larger push is refused."""
    keep_days: PositiveInt = 30
    """Rows that were read are kept so long, to be read anew after an edit of the mapping."""
    most: ByteSize = ByteSize(1_000_000_000)
    """What the inbox may hold: where room is needed, rows that were read go earlier; when all of it
    waits to be read, pushes are answered with 503."""
    _kept_in: Inbox | None = PrivateAttr(default=None)

    def check(self) -> Health:
        """See that the secrets are there and the inbox can be opened."""
        for secret in self.proof.secrets:
            secret.reveal()
        inbox = self.box()
        held = str(inbox.count())
        return Health(f"inbox {inbox.named}", {"held": held, "proof": self.proof.type})

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List the columns of the newest rows."""
        rows = [json.loads(row) for row in self.box().newest(_SAMPLE)]
        return (ObjectSchema(self.object, kinds(rows)),)

    def box(self) -> Inbox:
        """Return the inbox; MisconfiguredError where nobody said which."""
        if self._kept_in is not None:
            return self._kept_in
        if self.inbox is None:
            raise MisconfiguredError("push: outside of a project, name the file of the inbox")
        return FileInbox(self.inbox, int(self.most))

    def kept_in(self, inbox: Inbox) -> Self:
        """Return this source, its rows in an inbox of the caller's."""
        made = self.model_copy()
        made._kept_in = inbox  # noqa: SLF001 (of the copy)
        return made

    def waits(self, after: Cursor | None) -> bool:
        """Whether rows are held behind a position. Raises as `changes`."""
        return bool(self.box().after(_number(after), 1))

    def read(self, query: Query) -> Iterator[Page]:
        """Yield the rows behind the position, or all that are held."""
        yield from self.changes(query)

    def changes(self, query: Query) -> Iterator[Page]:
        """Yield the rows behind the position, in the order they came; rows long read are removed.

        The position is a number that no other row will have.
        """
        if query.object != self.object:
            raise MisconfiguredError(f"push: no object {query.object!r}; known: {self.object}")
        inbox = self.box()
        number = _number(query.after)
        inbox.forget(number, old(self.keep_days, datetime.now(UTC)))
        while found := inbox.after(number, query.page_size):
            number = found[-1][0]
            rows = [row for _, row in found]
            if query.fields is not None:
                rows = [{name: row[name] for name in query.fields if name in row} for row in rows]
            yield Page(rows, Cursor(str(number)))


def _number(after: Cursor | None) -> int:
    if after is None:
        return 0
    if not after.value.isdecimal():
        raise MisconfiguredError(
            "the stored position is not one of an inbox; was the source another one before? "
            "Read once in full"
        )
    return int(after.value)
