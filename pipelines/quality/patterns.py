r"""Python's regular expressions in the words of RE2, which DuckDB speaks.

Both know the same notation and mean different things by parts of it: ``\d``, ``\w`` and ``\s``
are Unicode in Python, ``$`` also stands before a last line feed. What RE2 cannot say at all
(looking around or back, word borders, possessive repeats) is not translated.
"""

from __future__ import annotations

import re

_SPACE = r"\t-\r\x1c- \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_SETS = {"d": r"\p{Nd}", "w": r"\p{L}\p{N}_", "s": _SPACE}
_CONTROLS = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11, "a": 7}
_FLAGS = re.compile(r"\(\?([a-zA-Z]+)\)")
_REPEAT = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_CODE = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})")
_GROUP = re.compile(r"\(\?:|\(\?P<\w+>|\((?!\?)")


class UntranslatableError(ValueError):
    """The pattern says something that RE2 cannot."""


def to_re2(pattern: str) -> str:
    """Return the pattern, valid in Python, for RE2, so that both find the same texts.

    Raises UntranslatableError.
    """
    return _Translation(pattern).run()


class _Translation:
    """One walk over a pattern."""

    def __init__(self, pattern: str) -> None:
        self.rest = pattern
        self.out: list[str] = []
        flags = _FLAGS.match(pattern)
        self.flags = flags[1] if flags else ""
        if flags:
            if set(self.flags) - {"i", "s"}:
                raise UntranslatableError(self.flags)
            self.rest = pattern[flags.end() :]
            self.out.append("(?i)" if "i" in self.flags else "")

    def run(self) -> str:
        while self.rest:
            self._step()
        return "".join(self.out)

    def _put(self, words: str, length: int) -> None:
        self.out.append(words)
        self.rest = self.rest[length:]

    def _step(self) -> None:
        match self.rest[0]:
            case "\\":
                self._escape()
            case "[":
                self._class()
            case "(":
                self._group()
            case "{" | "*" | "+" | "?":
                self._repeat()
            case ".":
                self._put("(?s:.)" if "s" in self.flags else r"[^\n]", 1)
            case "^":
                self._put(r"\A", 1)
            case "$":
                if self.rest[1:2] not in {"", ")", "|"}:
                    raise UntranslatableError("$")
                self._put(r"(?:\n?\z)", 1)
            case letter:
                self._put(letter, 1)

    def _group(self) -> None:
        found = _GROUP.match(self.rest)
        if found is None:
            raise UntranslatableError(self.rest[:3])
        self._put("(?:" if found[0] != "(" else "(", found.end())

    def _repeat(self) -> None:
        found = _REPEAT.match(self.rest)
        if self.rest[0] == "{" and (found is None or found[0] in {"{}", "{,}"}):
            if found is not None:
                raise UntranslatableError(found[0])
            self._put(r"\{", 1)
            return
        length = found.end() if found else 1
        words = self.rest[:1] if found is None else self._times(found)
        if self.rest[length : length + 1] == "+":
            raise UntranslatableError("possessive")
        if self.rest[length : length + 1] == "?":
            words, length = words + "?", length + 1
        self._put(words, length)

    @staticmethod
    def _times(found: re.Match[str]) -> str:
        return f"{{{found[1] or 0}{found[2] or ''}{found[3] or ''}}}"

    def _escape(self) -> None:
        letter = self.rest[1]
        if letter in _SETS:
            self._put(f"[{_SETS[letter]}]", 2)
        elif letter.lower() in _SETS:
            self._put(f"[^{_SETS[letter.lower()]}]", 2)
        elif letter in "AZ":
            self._put(r"\A" if letter == "A" else r"\z", 2)
        else:
            self._put(*self._sign())

    def _sign(self) -> tuple[str, int]:
        """Return an escaped character and the length of what wrote it."""
        code = _CODE.match(self.rest, 1)
        if code:
            return f"\\x{{{code[1] or code[2] or code[3]}}}", code.end()
        letter = self.rest[1]
        if letter in _CONTROLS:
            return f"\\x{{{_CONTROLS[letter]:x}}}", 2
        if letter.isascii() and letter.isalnum():
            raise UntranslatableError(letter)
        return f"\\x{{{ord(letter):x}}}", 2

    def _class(self) -> None:
        negated = self.rest.startswith("[^")
        self._put("[^" if negated else "[", 2 if negated else 1)
        first = True
        while first or self.rest[0] != "]":
            self._member()
            first = False
        self._put("]", 1)

    def _member(self) -> None:
        letter = self.rest[0]
        if letter == "-":
            plain = self.rest[1] == "]" or self.out[-1] in {"[", "[^"}
            self._put(r"\-" if plain else "-", 1)
        elif letter == "\\" and self.rest[1] in _SETS:
            self._put(_SETS[self.rest[1]], 2)
        elif letter == "\\":
            self._put(*self._sign())
        else:
            self._put(f"\\x{{{ord(letter):x}}}" if not letter.isalnum() else letter, 1)
