"""What ``serve.yaml`` says of how pages look."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from idp_core.site import colours
from idp_core.site.part import Part

Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
KINDS = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
}
"""Pictures that browsers know, by the end of their names."""
_LETTERS = 4.5
_MARKS = 3.0


class ThemeSettings(Part):
    """How pages look."""

    accent: Colour | None = None
    """The colour of buttons and links, `#rrggbb`; where it is dark, a lighter one is made of it."""
    ground: Colour | None = None
    """The colour around the page; where it is dark, the usual one is taken."""
    logo: Path | None = None
    """A picture in the place of the name; the path starts at this file's folder."""
    css: Path | None = None
    """A style sheet that comes after ours; the path starts at this file's folder."""

    @field_validator("accent")
    @classmethod
    def _readable(cls, accent: str | None) -> str | None:
        if accent is not None and colours.contrast("#ffffff", accent) < _LETTERS:
            raise ValueError("white letters on it cannot be read (WCAG: contrast below 4.5)")
        return accent

    @field_validator("ground")
    @classmethod
    def _written_on(cls, ground: str | None) -> str | None:
        if ground is not None and colours.contrast(colours.SOFT, ground) < _LETTERS:
            raise ValueError("our grey letters on it cannot be read (WCAG: contrast below 4.5)")
        return ground

    @field_validator("logo")
    @classmethod
    def _picture(cls, logo: Path | None) -> Path | None:
        if logo is not None and ("://" in str(logo) or ":/" in str(logo)):
            raise ValueError("write the path of a file; pages load nothing from elsewhere")
        if logo is not None and logo.suffix not in KINDS:
            raise ValueError(f"write a file that ends in {', '.join(KINDS)}")
        return logo


class ClientTheme(ThemeSettings):
    """How pages and mails look on the way to the clients that name it; nothing is inherited."""

    name: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """What the place is called; without it as everywhere."""
    sender: Annotated[str, Field(pattern=r"^[^\r\n@]+@[^\r\n@]+$")] | None = None
    """From whom mails are; without it as everywhere."""
