"""The connector contract: one page to read, some of it to implement.

A connector is a frozen pydantic model: its fields are its configuration, its methods are what it
can do. It implements the protocols it can honour and no others; whoever calls asks with
``isinstance``. Rows are in the remote system's own words; nothing here knows a profile.

`connectors.kit` holds the test classes that a new connector inherits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from connectors.errors import ConnectorError

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]
"""One record of the remote system: JSON values, or date, datetime, Decimal and bytes."""


class Connector(BaseModel):
    """What every connector is: frozen configuration with a `type` name, never shown with values."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
    )

    type: ClassVar[str]
    """The name used in ``isthmus.yaml`` and as the entry point in group ``isthmus.connectors``."""
    by_column: ClassVar[bool] = False
    """Whether readers are to name the columns they want: each costs, or is had by its name only."""
    by_element: ClassVar[bool] = False
    """Whether a change may write one element of a list, as `connectors.elements` says."""
    unique: ClassVar[frozenset[str]] = frozenset()
    """Attributes of which the system lets no two accounts hold one value, in whatever case."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in a stream: the last value of the cursor field and the key that breaks ties."""

    value: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What to read. A new wish is a new field, never a new argument.

    `object` names a table, a path or an object type. `fields` are the columns wanted, None for
    all. With `cursor` (a field name), rows come by (`cursor`, `key`) ascending, and `after` leaves
    out everything up to and including that position.
    """

    object: str
    fields: tuple[str, ...] | None = None
    key: str | None = None
    cursor: str | None = None
    after: Cursor | None = None
    page_size: int = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows and the position after them.

    `rows` is an Arrow record batch or a sequence of JSON rows. `cursor` is where a later read may
    start once these rows are durable; None when the source cannot be resumed here. `rejected`
    holds what could not be read as a row, with its place, so that nothing is lost.
    """

    rows: pa.RecordBatch | Sequence[Row] = field(repr=False)
    cursor: Cursor | None = None
    rejected: Sequence[RejectedRow] = ()


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """Input that is not a row: where it stands, why it was refused, and its raw text."""

    place: str
    reason: str
    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a remote object: its name and its type in the remote system's own words."""

    name: str
    type: str
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    """One readable or writable object and its columns.

    `key` is its primary key where known. `about` says in a few words how the object is stored,
    such as the delimiter that was found.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Health:
    """The answer of a system that was asked who it is: `identity` names product and instance."""

    identity: str
    details: Mapping[str, str] = field(default_factory=dict)


class Action(StrEnum):
    """What a change does to an account."""

    CREATE = "create"
    UPDATE = "update"
    DEACTIVATE = "deactivate"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Account:
    """What a target holds: `id` is its own identifier, `key` ours (SCIM ``externalId``)."""

    id: str
    key: str | None
    attributes: Row = field(repr=False)
    version: str | None = None


_NOTHING: Row = MappingProxyType({})


class Change(NamedTuple):
    """One write. `before` and `after` hold only the attributes we own, by the target's paths.

    `key` is our stable key of the account, `id` the target's own once known. A value of None in
    `after` clears the attribute. `number` ties the outcome to the journal. `token` names this write
    for good: it is the same when the write is sent again, even by another process, and no other
    write has it; "" where nobody gave one.

    There is one for each write, so it is a tuple: those are made in a fourth of the time.
    """

    number: int
    object: str
    action: Action
    key: str
    id: str | None = None
    before: Row = _NOTHING
    after: Row = _NOTHING
    version: str | None = None
    token: str = ""

    def __repr__(self) -> str:
        """Show no value of a customer."""
        known = f"{self.object!r}, {self.action}, {self.key!r}, id={self.id!r}"
        return f"Change({self.number}, {known})"


class Outcome(NamedTuple):
    """What became of one change: `error` is None when the target now holds it.

    `held` is what the target says it holds under each path of `change.after` now, None where it
    does not say: some rewrite what they are given, and some drop it without a word.

    It is a tuple as a change is.
    """

    change: Change
    error: ConnectorError | None = None
    id: str | None = None
    version: str | None = None
    held: Row | None = None

    def __repr__(self) -> str:
        """Show no value of a customer."""
        return f"Outcome({self.change!r}, {self.error!r}, id={self.id!r})"


@dataclass(frozen=True, slots=True)
class Request:
    """A write as it would go to the remote system; `body` is None where there is none."""

    method: str
    address: str
    body: Row | None = field(default=None, repr=False)


@runtime_checkable
class Checkable(Protocol):
    """Can say who it is talking to, without changing anything."""

    def check(self) -> Health:
        """Raise MisconfiguredError or TransientError, or return who answered."""


@runtime_checkable
class Discoverable(Protocol):
    """Can list its objects and their columns."""

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List what can be read or written, in a stable order."""


@runtime_checkable
class Source(Protocol):
    """Can be read."""

    def read(self, query: Query) -> Iterator[Page]:
        """Yield pages; each is consistent in itself and carries the position after it."""


@runtime_checkable
class Feed(Protocol):
    """Can say what has changed since a token of its own: a change log, DirSync, syncrepl."""

    def changes(self, query: Query) -> Iterator[Page]:
        """Yield whole rows that changed since the token ``query.after.value``; all when it is None.

        The cursor of a page is a token that a later call may start from. What was deleted comes
        as a row of its key and of the column that the mapping's ``delete:`` reads. Raises
        ExpiredCursorError when the system has forgotten the token.
        """


@runtime_checkable
class Target(Protocol):
    """Can be written to, one outcome per change, in any order."""

    def apply(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Write the changes. Raises only MisconfiguredError; all else is an outcome."""


@runtime_checkable
class Searchable(Protocol):
    """A target whose accounts can be asked for: to adopt, to reconcile, to ask before a retry."""

    def accounts(self, object: str) -> Iterator[Account]:  # noqa: A002 (the contract's word)
        """Every account of this object type."""

    def find(self, object: str, attribute: str, value: str) -> Sequence[Account]:  # noqa: A002
        """The accounts whose attribute equals the value, checked again on our side."""


@runtime_checkable
class Probeable(Protocol):
    """A target whose real behaviour can be tried, pinned in a file, and kept to."""

    def probe(self, object: str, paths: Iterable[str] = ()) -> Mapping[str, Any]:  # noqa: A002
        """Make invented accounts, change them and take them away again; return the quirks as JSON.

        `paths` are those that will be written. Raises the connector's errors.
        """

    def pinned(self, quirks: Mapping[str, Any]) -> Connector:
        """Return this connector, keeping to quirks that were found earlier."""

    def deviations(self, quirks: Mapping[str, Any]) -> Sequence[str]:
        """Return in sentences what the system does otherwise than its standard says."""


@runtime_checkable
class Previewable(Protocol):
    """A target that can say how it would write."""

    def preview(self, change: Change) -> Request:
        """Return the request that `apply` would send first; nothing is written."""
