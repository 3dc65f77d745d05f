"""What ``serve.yaml`` says of the page on which people see what is known of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from idp_core.site.part import ASKED, Part

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", max_length=60)]
_NEVER = {
    "government_id": "it is compared, never shown",
    "external_ids": "they are other systems' own",
    "active": "it is of records, not of people",
    "created_at": "it is of records, not of people",
    "updated_at": "it is of records, not of people",
}


class ProfileSettings(Part):
    """What people see and change of what is known of them."""

    change: tuple[str, ...] = ()
    """What they may change beside what registration and `ask` ask for."""
    show: tuple[Name, ...] = ()
    """Attributes of the unified profile that they see, whichever system they are from."""
    sources: dict[str, Annotated[str, Field(min_length=1, max_length=60)]] = Field(
        default_factory=dict
    )
    """What sources are called before people; one that is not named is none of their business."""
    words: dict[Name, dict[str, Annotated[str, Field(min_length=1, max_length=60)]]] = Field(
        default_factory=dict
    )
    """What attributes are called, by language, as in `{points: {en: Points, de: Punkte}}`."""

    @field_validator("change")
    @classmethod
    def _known(cls, change: tuple[str, ...]) -> tuple[str, ...]:
        for name in change:
            if name not in ASKED:
                raise ValueError(f"{name} cannot be changed here; there is {', '.join(ASKED)}")
        return change

    @field_validator("show")
    @classmethod
    def _shown(cls, show: tuple[str, ...]) -> tuple[str, ...]:
        for name in show:
            if name in _NEVER:
                raise ValueError(f"{name} cannot be shown: {_NEVER[name]}")
        return show
