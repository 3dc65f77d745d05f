"""Answers as they are compared, and what is none worth keeping. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

LEAST = 3
"""Letters and digits of an answer at least."""
LONGEST = 200


def normal(text: str) -> str:
    """Return the letters and digits of an answer, folded: people write it otherwise each time."""
    folded = unicodedata.normalize("NFKD", text[:LONGEST]).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def problem(
    questions: Sequence[str], answers: Sequence[str], known: Iterable[str], least: int
) -> str:
    """Return why these cannot be kept (``few``, ``same``, ``short``, ``known``), "" when they can.

    `known` is what others may know of the person: the address, names.
    """
    plain = [normal(each) for each in answers]
    if len(questions) < least or len(answers) != len(questions):
        return "few"
    if any(len(each) < LEAST for each in plain):
        return "short"
    if len(set(plain)) < len(plain) or len({normal(each) for each in questions}) < len(questions):
        return "same"
    words = {normal(each) for each in known} - {""}
    if any(each in words for each in plain):
        return "known"
    pairs = zip(questions, plain, strict=True)
    return "known" if any(answer in normal(asked) for asked, answer in pairs) else ""
