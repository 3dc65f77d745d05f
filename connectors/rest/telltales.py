"""Telltales: what tells an answer, or an entry of a list, from others by what it says somewhere."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, model_validator

from connectors.rest.calls import CONFIG
from connectors.rest.pointers import every

Words = str | int | bool | tuple[str | int, ...]


def pattern(text: str) -> str:
    """Return a regular expression as it is; ValueError when it is none."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return text


class Telltale(BaseModel):
    """What tells an answer from others. All that is set must hold."""

    model_config = CONFIG

    status: int | tuple[int, ...] = ()
    """The status, or several; any when left out."""
    at: str | None = None
    """A place in the answer, such as `error.code`; `*` stands for any part."""
    equals: Words | None = None
    """What stands there, or several; anything that is not empty when left out."""
    matches: Annotated[str, AfterValidator(pattern)] | None = None
    """A regular expression that is found in the text there; in the whole answer without `at`."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.status or self.at or self.matches):
            raise ValueError("set status, at or matches: this would hold for every answer")
        if self.equals is not None and not self.at:
            raise ValueError("equals needs at: the place it is compared with")
        return self

    def holds(self, status: int, body: Any) -> bool:
        """Whether it speaks of this answer; `body` is JSON, or None when it is something else."""
        wanted = (self.status,) if isinstance(self.status, int) else self.status
        if wanted and status not in wanted:
            return False
        if not self.at:
            return not self.matches or bool(re.search(self.matches, _text(body)))
        return any(_fits(value, self.equals, self.matches) for value in every(body, self.at))

    def code(self, body: Any) -> str:
        """Which of the values in `equals` it was, for a message: these are words of the API."""
        if self.equals is None:
            return ""
        found = every(body, self.at or "")
        said = [value for value in found if _fits(value, self.equals, self.matches)]
        return f" ({said[0]})" if said else ""


class Mark(BaseModel):
    """What tells an entry of a list from others. All that is set must hold."""

    model_config = CONFIG

    at: str
    """A place in the entry, such as `@removed`."""
    equals: Words | None = None
    """What stands there, or several; anything but null, false and "" when left out."""
    matches: Annotated[str, AfterValidator(pattern)] | None = None
    """A regular expression that is found in the text there."""

    def holds(self, entry: Any) -> bool:
        """Whether an entry shows it."""
        found = every(entry, self.at)
        if self.equals is None and self.matches is None:
            return any(value not in (None, False, "") for value in found)
        return any(_fits(value, self.equals, self.matches) for value in found)


def _fits(value: Any, equals: Words | None, matches: str | None) -> bool:
    if matches:
        return bool(re.search(matches, _text(value)))
    if equals is None:
        return value not in (None, False, "", [], {})
    wanted = equals if isinstance(equals, tuple) else (equals,)
    return any(value == each and isinstance(value, bool) is isinstance(each, bool)
               for each in wanted)  # fmt: skip


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
