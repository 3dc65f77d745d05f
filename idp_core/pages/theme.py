"""A theme as pages and mails need it: what the place is called, and where its look comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Theme:
    """The look of the installation, or of some of its clients. `style` and `logo` are URLs."""

    place: str
    style: str | None = None
    logo: str | None = None
    sender: str = ""
    """From whom its mails are; "": from whom all mails are."""
