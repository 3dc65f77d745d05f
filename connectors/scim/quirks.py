"""What a service provider really does, as a probe found it; pinned in a file, and kept to.

What the standard (RFC 7644) leaves no doubt about is the default; a quirk is what deviates.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from connectors.errors import MisconfiguredError

MOST_TOGETHER = 100
"""More operations in one request gain nothing and make a lost answer dearer."""


class Form(StrEnum):
    """A way to say a change in a PATCH, or instead of one."""

    PATH = "path"
    """``replace`` with a path."""
    BARE = "bare"
    """``replace`` with an object and no path."""
    ELEMENT = "element"
    """``replace`` with a path that picks an element of a list by a filter."""
    ADD = "add"
    """``add`` to a list."""
    REMOVE = "remove"
    """``remove`` with a path."""
    PUT = "put"
    """The whole resource anew."""


class Truth(StrEnum):
    """What a filter ``eq`` answers."""

    YES = "yes"
    REFUSED = "refused"
    IGNORED = "ignored"
    """Everything, as if there was no filter."""
    BLIND = "blind"
    """Nothing, though there is a match: asking would make duplicates."""


class Quirks(BaseModel):
    """The profile of one object type of one provider."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    filter: Mapping[str, Truth] = Field(default_factory=dict)
    """By attribute, whether it can be searched by."""
    forms: tuple[Form, ...] = tuple(Form)
    """Which forms of change have the effect that they should have."""
    paging: Literal["index", "cursor", "none"] = "index"
    """How lists are paged: by ``startIndex`` and ``count``, by cursors (RFC 9865), or not."""
    deactivation: Literal["kept", "hidden", "none"] = "kept"
    """What ``active: false`` does: the account is kept, is found no more, or stays active."""
    deletion: Literal["gone", "kept"] = "gone"
    """Whether a deleted resource is gone, or kept under its id."""
    duplicate: Literal["conflict", "refused", "failed", "allowed"] = "conflict"
    """How a second resource of the same ``userName`` is answered: 409, 4xx, 5xx, or made."""
    not_held: Mapping[str, str] = Field(default_factory=dict)
    """By attribute, what becomes of a value that is not held as it was given."""
    refused: tuple[str, ...] = ()
    """Attributes with which a creation is refused."""
    required: tuple[str, ...] = ()
    """Attributes besides `userName` that its schema wants in every creation."""
    bulk: NonNegativeInt = 0
    """The most operations that one ``/Bulk`` takes; 0 when it is not offered or does not work."""

    @property
    def together(self) -> int:
        """How many changes go in one request; one where answers must tell what became of values."""
        return 1 if self.not_held else max(1, min(self.bulk, MOST_TOGETHER))

    def searchable(self, path: str, kind: str = "User") -> bool:
        """Whether a filter on this path may be believed; what was not tried may.

        One on groups is believed where none of those that were tried is blind.
        """
        if path not in self.filter and kind == "Group":
            return Truth.BLIND not in self.filter.values()
        return self.filter.get(path, Truth.YES) is Truth.YES


def read_quirks(document: Mapping[str, object]) -> Quirks:
    """Return the quirks that a probe found; raises MisconfiguredError for what is none."""
    try:
        return Quirks.model_validate(dict(document))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise MisconfiguredError(f"quirks.{where}: {first['msg']}; probe it anew") from None


def deviations(quirks: Quirks) -> list[str]:
    """Return in sentences what is not as the standard has it."""
    said = [_FILTERS[truth].format(path) for path, truth in sorted(quirks.filter.items())
            if truth is not Truth.YES]  # fmt: skip
    said += [_FORMS[form] for form in Form if form not in quirks.forms]
    if quirks.paging == "none":
        said.append("lists are not paged: every list is read whole")
    said += [words for words in (
        _DEACTIVATION.get(quirks.deactivation),
        _DUPLICATE.get(quirks.duplicate),
        "what was deleted can still be read" if quirks.deletion == "kept" else None,
    ) if words]  # fmt: skip
    said += [f"{path}: it {how}" for path, how in sorted(quirks.not_held.items())]
    said += [f"{path}: every creation must have it" for path in quirks.required]
    said += [f"{path}: creations that have it are refused" for path in quirks.refused]
    return said


_FILTERS = {
    Truth.REFUSED: "{}: filters are refused; everything is read instead",
    Truth.IGNORED: "{}: filters are ignored; what comes is sifted here",
    Truth.BLIND: "{}: filters find nothing although it is there; everything is read instead",
}
_FORMS = {
    Form.PATH: "PATCH replace with a path has no effect",
    Form.BARE: "PATCH replace without a path has no effect",
    Form.ELEMENT: 'PATCH of an element of a list (emails[type eq "work"]) has no effect',
    Form.ADD: "PATCH add to a list has no effect",
    Form.REMOVE: "PATCH remove has no effect",
    Form.PUT: "PUT has no effect",
}
_DEACTIVATION = {
    "hidden": "a deactivated account is found no more",
    "none": "active: false has no effect; say on_leave: {action: delete} or keep",
}
_DUPLICATE = {
    "refused": "a userName that is taken is refused as any bad value is, not with 409",
    "failed": "a userName that is taken makes the provider fail (5xx)",
    "allowed": "the same userName may be there twice",
}
