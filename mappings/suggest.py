"""The mend for a word nobody knows: the nearest known one, or the few that there are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_FEW = 12


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a sentence: ``; did you mean 'lower'?``, ``; known: a, b`` or nothing.

    The case of the letters does not count when looking for the nearest word.
    """
    words = sorted(set(known))
    folded = {name.casefold(): name for name in reversed(words)}
    near = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {folded[near[0]]!r}?"
    if 0 < len(words) <= _FEW:
        return f"; known: {', '.join(words)}"
    return ""
