"""Python's collector of cycles, held back where it only costs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG = 20_000
"""So many new objects are looked through at once while what was there is passed by."""


@contextmanager
def paused() -> Iterator[None]:
    """Look for no cycles while the block runs.

    Bulk steps make millions of objects that all stay and hold no cycle; to look through them again
    and again costs a sixth of the time.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def passing_by() -> Iterator[None]:
    """Pass by what is there while the block runs, as a large plan of which all but nothing goes.

    What comes is looked through seldom, too: next to nothing of it is in a cycle.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_YOUNG, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
