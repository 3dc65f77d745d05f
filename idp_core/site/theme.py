"""What ``serve.yaml`` says of how pages look."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from idp_core.site.part import Part


def _contrast_with_white(colour: str) -> float:
    """Return WCAG's contrast of white letters on a colour, 1 to 21."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


class ThemeSettings(Part):
    """How pages look."""

    accent: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None
    """The colour of buttons and links, `#rrggbb`; dark enough for white letters on it."""
    logo: Annotated[str, Field(pattern=r"^(https://|/static/)[^\s\"<>]+$")] | None = None
    """A picture in the place of the name."""

    @field_validator("accent")
    @classmethod
    def _readable(cls, accent: str | None) -> str | None:
        if accent is not None and _contrast_with_white(accent) < 4.5:
            raise ValueError("white letters on it cannot be read (WCAG: contrast below 4.5)")
        return accent
