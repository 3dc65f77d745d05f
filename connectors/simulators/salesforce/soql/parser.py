"""Reads a query. What is not known here is refused, never ignored."""

from __future__ import annotations

from datetime import date

from connectors.simulators.salesforce.errors import ApiError, malformed
from connectors.simulators.salesforce.soql.dates import span
from connectors.simulators.salesforce.soql.syntax import (
    Both,
    Comparison,
    Condition,
    Literal,
    Not,
    Order,
    Select,
)
from connectors.simulators.salesforce.soql.words import Word, split, unquote
from connectors.simulators.salesforce.values import read_day, read_moment

_RESERVED = frozenset(
    {"AND", "ASC", "DESC", "FROM", "GROUP", "HAVING", "IN", "LIKE", "LIMIT", "NOT", "NULLS"}
    | {"OFFSET", "OR", "ORDER", "SELECT", "USING", "WHERE", "WITH", "FOR", "UPDATE", "TYPEOF"}
)
_SIGNS = ("=", "!=", "<>", "<", "<=", ">", ">=")
_LONGEST = 100_000


def parse(text: str, today: date) -> Select:
    """The query, or MALFORMED_QUERY; `today` is what date literals count from."""
    if len(text) > _LONGEST:
        raise ApiError(
            "QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100000 characters."
        )
    return _Parser(split(text), today).query()


class _Parser:
    def __init__(self, words: list[Word], today: date) -> None:
        self._words = words
        self._at = 0
        self._today = today

    def query(self) -> Select:
        self._need("SELECT")
        count, every, paths = self._selected()
        self._need("FROM")
        name = self._name()
        prefixes = {name.lower()} | ({self._name().lower()} if self._is_name() else set())
        where = self._condition() if self._take("WHERE") else None
        order = self._order() if self._take("ORDER") else ()
        limit = self._number() if self._take("LIMIT") else None
        offset = self._number() if self._take("OFFSET") else None
        if self._next.kind != "end":
            raise self._unexpected()
        if every and (limit is None or limit > 200) and every != "STANDARD":
            raise malformed("The SOQL FIELDS function must have a LIMIT of at most 200")
        found = Select(name, paths, count, every, where, order, limit, offset)
        return _without_alias(found, prefixes)

    @property
    def _next(self) -> Word:
        return self._words[self._at]

    def _pop(self) -> Word:
        word = self._next
        self._at += word.kind != "end"
        return word

    def _take(self, *words: str) -> bool:
        """Go past the next word if it is one of these."""
        return self._next.says(*words) and bool(self._pop())

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected()

    def _unexpected(self) -> ApiError:
        word = self._next
        shown = word.text if word.kind == "end" else f"'{word.text}'"
        return malformed(f"unexpected token: {shown} at position {word.at}")

    def _is_name(self) -> bool:
        return self._next.kind == "name" and self._next.text.upper() not in _RESERVED

    def _name(self) -> str:
        if not self._is_name() or ":" in self._next.text:
            raise self._unexpected()
        return self._pop().text

    def _number(self) -> int:
        if self._next.kind != "number" or not self._next.text.isdigit():
            raise self._unexpected()
        return int(self._pop().text)

    def _selected(self) -> tuple[bool, str | None, tuple[str, ...]]:
        """Whether it counts, which word FIELDS has, and the fields."""
        if self._next.says("COUNT"):
            self._pop()
            self._need("(")
            if not self._take(")"):
                raise malformed("the simulator knows COUNT() and no other aggregate")
            return True, None, ()
        if self._next.says("FIELDS"):
            self._pop()
            self._need("(")
            word = self._name().upper()
            self._need(")")
            if word not in {"ALL", "STANDARD", "CUSTOM"}:
                raise malformed(f"unexpected token: '{word}'")
            return False, word, ()
        paths = [self._name()]
        while self._take(","):
            paths.append(self._name())
        return False, None, tuple(paths)

    def _order(self) -> tuple[Order, ...]:
        self._need("BY")
        found = [self._one_order()]
        while self._take(","):
            found.append(self._one_order())
        return tuple(found)

    def _one_order(self) -> Order:
        path = self._name()
        descending = self._take("DESC")
        if not descending:
            self._take("ASC")
        last = False
        if self._take("NULLS"):
            last = self._take("LAST")
            if not last:
                self._need("FIRST")
        return Order(path, descending, last)

    def _condition(self) -> Condition:
        """AND and OR may not stand side by side without parentheses."""
        parts = [self._factor()]
        word = next((each for each in ("AND", "OR") if self._next.says(each)), None)
        if word is None:
            return parts[0]
        while self._take(word):
            parts.append(self._factor())
        if self._next.says("AND", "OR"):
            raise self._unexpected()
        return Both(word, tuple(parts))

    def _factor(self) -> Condition:
        if self._take("NOT"):
            return Not(self._factor())
        if self._take("("):
            found = self._condition()
            self._need(")")
            return found
        return self._comparison()

    def _comparison(self) -> Comparison:
        path = self._name()
        if self._take("LIKE"):
            return Comparison(path, "LIKE", (self._literal(like=True),))
        if self._take("IN"):
            return Comparison(path, "IN", self._literals())
        if self._take("NOT"):
            self._need("IN")
            return Comparison(path, "NOT IN", self._literals())
        if not self._next.says(*_SIGNS):
            raise self._unexpected()
        sign = self._pop().text
        return Comparison(path, "!=" if sign == "<>" else sign, (self._literal(),))

    def _literals(self) -> tuple[Literal, ...]:
        self._need("(")
        found = [self._literal()]
        while self._take(","):
            found.append(self._literal())
        self._need(")")
        return tuple(found)

    def _literal(self, *, like: bool = False) -> Literal:
        word = self._next
        match word.kind:
            case "string":
                value = Literal(unquote(word.text, like=like), word.text, quoted=True)
            case "number":
                number = float(word.text) if "." in word.text else int(word.text)
                value = Literal(number, word.text)
            case "moment" | "day":
                moment = (read_moment if word.kind == "moment" else read_day)(word.text)
                if moment is None:
                    raise self._unexpected()
                value = Literal(moment, word.text)
            case "name" if word.text.upper() in {"TRUE", "FALSE", "NULL"}:
                value = Literal({"TRUE": True, "FALSE": False}.get(word.text.upper()), word.text)
            case _:
                days = span(word.text, self._today) if word.kind == "name" else None
                if days is None:
                    raise self._unexpected()
                value = Literal(days, word.text)
        self._pop()
        return value


def _without_alias(found: Select, prefixes: set[str]) -> Select:
    """The query with ``c.Name`` or ``Contact.Name`` written as ``Name``."""

    def bare(path: str) -> str:
        first, dot, rest = path.partition(".")
        return rest if dot and first.lower() in prefixes else path

    def walk(condition: Condition) -> Condition:
        if isinstance(condition, Comparison):
            return Comparison(bare(condition.path), condition.operator, condition.literals)
        if isinstance(condition, Not):
            return Not(walk(condition.part))
        return Both(condition.word, tuple(walk(part) for part in condition.parts))

    return Select(
        object=found.object,
        paths=tuple(bare(path) for path in found.paths),
        count=found.count,
        every=found.every,
        where=walk(found.where) if found.where else None,
        order=tuple(Order(bare(o.path), o.descending, o.nulls_last) for o in found.order),
        limit=found.limit,
        offset=found.offset,
    )
