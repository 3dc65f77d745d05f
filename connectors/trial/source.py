"""A live source: who answers, stable discovery, keys, order, positions, pages of one, its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from connectors.contract import (
    Checkable,
    Connector,
    Cursor,
    Discoverable,
    Feed,
    ObjectSchema,
    Page,
    Query,
    Source,
)
from connectors.errors import ConnectorError, MisconfiguredError
from connectors.trial.findings import Finding, Verdict, hides_secrets, watched

_FEW = 5
_PAGE = 100
_END = ", to the end"


@dataclass(frozen=True, slots=True)
class Wish:
    """What to read: `key` and `cursor` are columns; at most about `rows` rows are asked for.

    With `feed` its changes are read, too.
    """

    object: str
    key: str | None = None
    cursor: str | None = None
    rows: int = 1000
    feed: bool = False

    def query(self, **more: Any) -> Query:
        """Return the query for it."""
        given = {"page_size": _PAGE} | more
        return Query(self.object, key=self.key, cursor=self.cursor, **given)


def try_system(connector: Connector) -> Iterator[Finding]:
    """Ask who answers and what there is, without changing anything."""
    if isinstance(connector, Checkable):
        yield _tried("identity", lambda: connector.check().identity)
    if isinstance(connector, Discoverable):
        yield _tried("discovery", lambda: _discovered(connector))


def try_source(connector: Connector, wish: Wish) -> Iterator[Finding]:
    """Try an object of a source; a failure ends what depends on it, never the rest."""
    if not isinstance(connector, Source):
        raise MisconfiguredError(f"type {connector.type!r} cannot be read from")
    said: list[Finding] = []
    for finding in _trial(connector, wish):
        said.append(finding)
        yield finding
    yield hides_secrets(connector, said)


def _trial(connector: Source, wish: Wish) -> Iterator[Finding]:
    sample = _Sample(connector, wish)
    found: list[Finding] = []
    with watched("reading", found):
        found.append(_tried("reading", sample.read))
    if any(each.rule == "paging" for each in found):
        found[0] = replace(found[0], seen=found[0].seen.replace(_END, ", all that it asks for"))
    yield from found
    if found[0].verdict is not Verdict.OK or not sample.rows:
        return
    yield _tried("keys", sample.keys)
    if wish.feed:
        yield _tried("feed", sample.feed)
    if wish.cursor is None:
        yield Finding("positions", Verdict.SKIP, "read without a cursor", "")
        return
    yield _tried("order", sample.order)
    found = []
    with watched("filter", found):
        found.append(_tried("going on", sample.goes_on))
        found.append(_tried("pages of one row", sample.pages_of_one))
        found.append(_tried("nothing new", sample.nothing_new))
    yield from found
    if not any(each.rule == "filter" for each in found):
        yield Finding("filter", Verdict.OK, "no row came that was to be left out")


class _Broken(Exception):  # noqa: N818 (not an error of ours: a rule that does not hold)
    def __init__(self, seen: str, mend: str) -> None:
        super().__init__(seen)
        self.seen, self.mend = seen, mend


class _Sample:
    """The first rows of an object, and questions about them."""

    def __init__(self, connector: Source, wish: Wish) -> None:
        self._connector, self._wish = connector, wish
        self.pages: list[Page] = []
        self.rows: list[dict[str, Any]] = []
        self.ended = False

    def read(self) -> str:
        """Read up to the wanted number of rows; whether that is all."""
        found = self._connector.read(self._wish.query())
        rejected = 0
        for page in found:
            self.pages.append(page)
            self.rows += _rows(page)
            rejected += len(page.rejected)
            if len(self.rows) >= self._wish.rows:
                break
        else:
            self.ended = True
        said = f"{len(self.rows):,} rows on {len(self.pages):,} pages"
        said += _END if self.ended else ", and there are more"
        if rejected:
            raise _Broken(f"{said}; {rejected:,} were no rows", "see the dead letters of a sync")
        return said if self.rows else "no row; what follows needs some"

    def keys(self) -> str:
        """Every row has its own key."""
        key = self._wish.key
        if key is None:
            return "not known: name one by --key"
        keys = [_at(row, key) for row in self.rows]
        if any(each is None for each in keys):
            raise _Broken(
                f"{sum(each is None for each in keys):,} rows have no {key!r}", "name another key"
            )
        double = len(keys) - len({str(each) for each in keys})
        if double:
            raise _Broken(
                f"{double:,} rows have a key that another has", "name another key, or check paging"
            )
        return f"{key!r} is unique"

    def order(self) -> str:
        """Every row has its moment; the connector itself refuses rows that go back."""
        cursor = self._wish.cursor or ""
        empty = sum(_at(row, cursor) is None for row in self.rows)
        if empty:
            raise _Broken(f"{empty:,} rows have no {cursor!r}", "these are read only in full")
        return f"by {cursor!r}"

    def goes_on(self) -> str:
        """A read after a page gives what came after it, and nothing again."""
        tried = 0
        for number, page in enumerate(self.pages[:-1] if self.ended else self.pages[:-2]):
            if page.cursor is None or tried >= _FEW:
                continue
            tried += 1
            rest = self._after(page.cursor)
            following = _rows(self.pages[number + 1])
            again = list(islice(rest, len(following)))
            if _keys(again, self._wish) != _keys(following, self._wish):
                raise _Broken(
                    f"after page {number + 1} come other rows than before",
                    "see whether rows changed meanwhile; else set ordered: cursor or false",
                )
        return f"after {tried} pages" if tried else "one page has it all"

    def pages_of_one(self) -> str:
        """Pages of one row lose nothing: many rows may share a moment."""
        pages = islice(self._connector.read(self._wish.query(page_size=1)), _FEW * 2)
        rows = [row for page in pages for row in _rows(page)]
        if _keys(rows, self._wish) != _keys(self.rows[: len(rows)], self._wish):
            raise _Broken("other rows than in larger pages", "see whether rows changed meanwhile")
        return f"the same {len(rows)} rows"

    def nothing_new(self) -> str:
        """After the last position there is nothing."""
        last = self.pages[-1].cursor
        if not self.ended or last is None:
            return "not asked: there are more rows than were read"
        left = len(list(islice(self._after(last), 100)))
        return f"{left} rows since" if left else "none"

    def feed(self) -> str:
        """A first read of changes gives all there is, and the position after it nothing again."""
        if not isinstance(self._connector, Feed):
            raise _Broken("it has no feed of changes", "take mode: cursor or mode: full")
        if not self.ended:
            return "not asked: there are more rows than were read"
        first = list(self._connector.changes(self._wish.query()))
        count, last = sum(len(page.rows) for page in first), first[-1].cursor
        if last is None:
            raise _Broken("the last page has no position", "check where it says how to go on")
        if count != len(self.rows):
            raise _Broken(
                f"{count:,} rows come as changes, {len(self.rows):,} in full",
                "see whether rows changed meanwhile",
            )
        again = sum(
            len(page.rows) for page in self._connector.changes(self._wish.query(after=last))
        )
        if again and again >= count:
            raise _Broken(
                f"all {again:,} rows come again",
                "check delta: the system goes on from somewhere else than the last page said",
            )
        return f"{again} rows since" if again else "nothing since"

    def _after(self, position: Cursor) -> Iterator[dict[str, Any]]:
        for page in self._connector.read(self._wish.query(after=position)):
            yield from _rows(page)


def _discovered(connector: Discoverable) -> str:
    first, second = connector.discover(), connector.discover()
    if first != second:
        raise _Broken("two looks gave two answers", "declare columns")
    return ", ".join(f"{each.name} ({_told(each)})" for each in first)


def _told(found: ObjectSchema) -> str:
    about = "".join(f"; {name} {word}" for name, word in found.about.items())
    return f"{len(found.columns)} columns{about}"


def _tried(rule: str, ask: Any) -> Finding:
    try:
        return Finding(rule, Verdict.OK, ask())
    except _Broken as broken:
        return Finding(rule, Verdict.FAIL, broken.seen, broken.mend)
    except ConnectorError as error:
        seen, _, mend = str(error).partition("; ")
        return Finding(rule, Verdict.FAIL, seen, mend)


def _rows(page: Page) -> list[dict[str, Any]]:
    rows = page.rows
    return [dict(row) for row in (rows.to_pylist() if hasattr(rows, "to_pylist") else rows)]


def _keys(rows: list[dict[str, Any]], wish: Wish) -> list[Any]:
    return [_at(row, wish.key) if wish.key else row for row in rows]


def _at(row: dict[str, Any], name: str) -> Any:
    """A column by its name, or a part of it by a dotted one."""
    value: Any = row
    if name in row:
        return row[name]
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
