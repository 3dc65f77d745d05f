"""How alike two personal names are: nicknames, initials, compound names, slips of the pen.

Everything here is a pure function of folded text (`fold`); the nickname list is data
(``nicknames.txt``). A name is known when it stands in that list: two known names that are not
each other's short forms (Paul, Paula) are different people, never a slip of the pen.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files

_SPECIAL = str.maketrans(
    {"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "\u0131": "i"}
)
_DROPPED = "'\u2019`."
_NO_NAME = 5  # letters from which a word that is no known name may be one with two slips
_PLAIN = str.maketrans(
    {mark: None if mark in _DROPPED else " " for mark in map(chr, range(128)) if not mark.isalnum()}
)
_SUFFIXES = {
    "jr": "jr",
    "junior": "jr",
    "filho": "jr",
    "sr": "sr",
    "senior": "sr",
    "ii": "ii",
    "2nd": "ii",
    "iii": "iii",
    "3rd": "iii",
    "iv": "iv",
    "4th": "iv",
}
_PARTICLES = frozenset(
    re.findall(
        r"\w+",
        "al bin da das de del della den der des di do dos du el la le los ter van vom von y zu",
    )
)
_TITLES = frozenset(
    re.findall(r"\w+", "dr herr frau m mr mrs ms miss mme mlle monsieur madame prof sir")
)


class Likeness(StrEnum):
    """What comparing two names gives, best first; UNKNOWN when one of them is missing."""

    SAME = "same"
    NICKNAME = "nickname"
    PART = "part"
    TYPO = "typo"
    INITIAL = "initial"
    UNKNOWN = "unknown"
    DIFFERENT = "different"


ALIKE = frozenset({Likeness.SAME, Likeness.NICKNAME, Likeness.PART, Likeness.TYPO})
"""What names of one person give, and those of two people seldom; an initial is many people's."""


@lru_cache(maxsize=200_000)
def fold(text: str) -> str:
    """Return `text` in lower case without accents, marks and doubled spaces; hyphens become spaces.

    Letters of other alphabets are kept. Folding twice is folding once.
    """
    if text.isascii():
        return " ".join(text.lower().translate(_PLAIN).split())
    lowered = unicodedata.normalize("NFKD", text.casefold()).translate(_SPECIAL)
    kept = "".join(
        mark if mark.isalnum() else "" if mark in _DROPPED or unicodedata.combining(mark) else " "
        for mark in unicodedata.normalize("NFKD", lowered.casefold())
    )
    return " ".join(kept.split())


def suffix(*texts: str | None) -> str:
    """Return the generation mark (``jr``, ``sr``, ``ii``…) among folded texts, or ``""``.

    Only the last word of a text of several words counts, or a text that is nothing else.
    """
    for text in texts:
        last = text.rsplit(" ", 1)[-1] if text else ""
        if last in _SUFFIXES:
            return _SUFFIXES[last]
    return ""


def bare(folded: str) -> str:
    """Return a folded name without titles before it and generation marks after it."""
    words = folded.split()
    while words and words[0] in _TITLES:
        words = words[1:]
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words = words[:-1]
    return " ".join(words)


@cache
def _roots() -> dict[str, frozenset[str]]:
    """Map each known name to the names it stands for, itself included where it heads a line."""
    roots: dict[str, set[str]] = {}
    text = files("idp_core.profiles").joinpath("nicknames.txt").read_text("utf-8")
    for line in text.splitlines():
        head, colon, forms = line.partition(":")
        if not colon or line.startswith("#"):
            continue
        name = fold(head)
        for form in (name, *map(fold, forms.split(","))):
            if form:
                roots.setdefault(form, set()).add(name)
    return {name: frozenset(heads) for name, heads in roots.items()}


@cache
def _forms() -> dict[str, tuple[str, ...]]:
    """Map each formal name to the names that may stand for it."""
    forms: dict[str, list[str]] = {}
    for name, heads in sorted(_roots().items()):
        for head in heads:
            forms.setdefault(head, []).append(name)
    return {head: tuple(names) for head, names in forms.items()}


def known(name: str) -> bool:
    """Whether this folded given name stands in the list of names."""
    return name in _roots()


def roots(name: str) -> frozenset[str]:
    """Return the formal names a folded given name may stand for; itself when it is not listed."""
    return _roots().get(name) or frozenset({name})


def spells(local: str, given: str, family: str) -> bool:
    """Whether a mailbox's name is a folded personal name written out, and so says no more than it.

    Family and given name, its short forms, or an initial, in any order and with any marks between
    them; digits make it say more.
    """
    letters = fold(local).replace(" ", "")
    if not letters.isalpha():
        return False
    firsts, last = _written_out(given), family.replace(" ", "")
    if letters == last or letters in firsts:
        return True
    if not last:
        return False
    before, after = letters.removesuffix(last), letters.removeprefix(last)
    for rest in (before, after):
        if rest != letters and (rest in firsts or any(rest == first[0] for first in firsts)):
            return True
    return letters[-1] == last[0] and letters[:-1] in firsts


@lru_cache(maxsize=50_000)
def _written_out(given: str) -> frozenset[str]:
    """Return a folded given name and its short forms, without spaces."""
    ours = {given, *(form for root in roots(given) for form in _forms().get(root, ()))}
    return frozenset(name.replace(" ", "") for name in ours if name)


def edits(left: str, right: str, most: int) -> int:
    """Count insertions, deletions, changes and swaps of neighbours; stop at `most` + 1."""
    if abs(len(left) - len(right)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def _slip(left: str, right: str, *, two_from: int = 7) -> bool:
    """Whether two words may be one word mistyped: one slip, or two from `two_from` letters on."""
    longest = max(len(left), len(right))
    most = 0 if longest < 3 else 1 if longest < two_from else 2
    return edits(left, right, most) <= most


def _initials(left: str, right: str) -> bool:
    """Whether one is written as initials that the other has (``j``, ``j p`` for ``jean paul``)."""
    short, long = sorted((left.split(), right.split()), key=_length)
    if not short or any(len(word) > 1 for word in short):
        return False
    return all(a == b[0] for a, b in zip(short, long, strict=False))


def _length(words: list[str]) -> tuple[int, int]:
    """Return the letters of all words and of the longest: initials come before a word as long."""
    return sum(map(len, words)), max(map(len, words), default=0)


@lru_cache(maxsize=500_000)
def compare_given(left: str, right: str) -> Likeness:
    """Compare two folded given names, in any order of the two."""
    if not left or not right:
        return Likeness.UNKNOWN
    if left == right or left.replace(" ", "") == right.replace(" ", ""):
        return Likeness.SAME
    if roots(left) & roots(right):
        return Likeness.NICKNAME
    if _initials(left, right):
        return Likeness.INITIAL
    a, b = left.split(), right.split()
    if (len(a) > 1 or len(b) > 1) and _compound(a, b):
        return Likeness.PART
    return Likeness.TYPO if _mistyped(left, right) else Likeness.DIFFERENT


def _mistyped(left: str, right: str) -> bool:
    """Whether one is no known name, and a slip of the other or of one of its short forms."""
    if known(left) and known(right):
        return False
    if mistyped(left, right):
        return True
    return any(
        _slip(odd, form, two_from=_NO_NAME) or _scrambled(odd, form)
        for odd, name in ((left, right), (right, left))
        if not known(odd) and known(name)
        for root in roots(name)
        for form in _forms().get(root, ())
    )


def mistyped(left: str, right: str) -> bool:
    """Whether two words, whatever they are, may be one word mistyped."""
    long = min(len(left), len(right)) >= _NO_NAME
    return _slip(left, right) or (long and _scrambled(left, right))


def _scrambled(left: str, right: str) -> bool:
    """Whether two words of some length are the same letters but for one, in another order."""
    if min(len(left), len(right)) < 4 or abs(len(left) - len(right)) > 1:
        return False
    ours, theirs = Counter(left), Counter(right)
    return max((ours - theirs).total(), (theirs - ours).total()) <= 1


def _compound(left: list[str], right: list[str]) -> bool:
    """Whether the first name of one, or its short form, stands in the other."""
    short, long = sorted((left, right), key=len)
    first = roots(short[0])
    if len(short) == 1:
        return any(first & roots(word) for word in long if len(word) > 1)
    return bool(first & roots(long[0]))


@lru_cache(maxsize=500_000)
def compare_family(left: str, right: str) -> Likeness:
    """Compare two folded family names: double-barrelled ones agree by a part, particles aside."""
    if not left or not right:
        return Likeness.UNKNOWN
    a = [word for word in left.split() if word not in _PARTICLES] or left.split()
    b = [word for word in right.split() if word not in _PARTICLES] or right.split()
    if a == b or "".join(a) == "".join(b) or left.replace(" ", "") == right.replace(" ", ""):
        return Likeness.SAME
    if len(a) != len(b) or len(a) > 1:
        common = set(a) & set(b)
        if any(len(word) > 2 for word in common):
            return Likeness.PART
    if _initials(" ".join(a), " ".join(b)):
        return Likeness.INITIAL
    if _slip("".join(a), "".join(b)):
        return Likeness.TYPO
    return Likeness.DIFFERENT
