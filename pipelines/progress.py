"""How long work tells how far it is: a function of (done, of how many; 0 when not known)."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]


def silent(done: int, of: int) -> None:
    """Tell nobody."""
