"""The settings of a delta feed: a list whose end says where its changes are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Self
from urllib.parse import unquote

from pydantic import BaseModel, Field, model_validator

from connectors.rest.calls import CONFIG
from connectors.rest.pointers import get
from connectors.rest.telltales import Mark, Telltale

GONE = Telltale(status=410)
"""What every system says of a position that it has forgotten."""
_ENTITY = re.compile(r"\((?:\w+=)?('(?:[^']|'')*'|[^'(),=]+)\)$")
"""The key at the end of an OData address: ``People('O''Neil')``, ``People(ID=7)``."""


class Delta(BaseModel):
    """How a list tells what changed since it was last read to its end."""

    model_config = CONFIG

    link: str | None = None
    """Where the last page says which address to read next time, such as `@odata.deltaLink`."""
    token: str | None = None
    """Or where it says a token, such as `nextSyncToken`."""
    param: str | None = None
    """The parameter that carries the token."""
    removed: Mark | None = None
    """What tells the entry of a record that was deleted, such as `{at: "@removed"}`."""
    key: str | None = None
    """Where the key stands in such an entry; where it stands in a row when left out."""
    key_is: Literal["value", "entity_id"] = "value"
    """What stands there: the key, or OData's address of the record, `People('ann')`."""
    set: Mapping[str, Any] = Field(default_factory=lambda: {"deleted": True})
    """What a tombstone holds beside the key, for the mapping's `delete`."""
    expired: tuple[Telltale, ...] = ()
    """Answers that mean that the position was forgotten, beside the status 410."""

    @model_validator(mode="after")
    def _goes_on(self) -> Self:
        if (self.link is None) is (self.token is None):
            raise ValueError("set link, or token and param: where the next read goes on")
        if (self.token is None) is not (self.param is None):
            raise ValueError("token and param need each other")
        return self

    @property
    def place(self) -> str:
        """Where the last page says how to go on."""
        return self.link or self.token or ""

    def buries(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry says that its record was deleted."""
        return self.removed is not None and self.removed.holds(entry)

    def key_of(self, entry: Mapping[str, Any], column: str) -> Any:
        """Return the key of a deleted record, None where the entry has none that can be read."""
        said = get(entry, self.key or column)
        if self.key_is == "value" or not isinstance(said, str):
            return said
        found = _ENTITY.search(unquote(said))
        if found is None:
            return said if "(" not in said and "/" not in said else None
        text = found[1]
        if text.startswith("'"):
            return text[1:-1].replace("''", "'")
        return int(text) if text.isdecimal() else text
