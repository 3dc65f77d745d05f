"""Changes in, outcomes out: alone or several to a call, one call or several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from connectors.contract import Change, Outcome
from connectors.rest import bulk
from connectors.rest.objects import RestObject
from connectors.rest.sending import Caller
from connectors.rest.writes import Bulk, Write
from connectors.rest.writing import Writer

Writable = Callable[[str], tuple[RestObject, Write]]
"""The object of this name and how it is written; MisconfiguredError when there is none."""


def apply(api: Caller, writable: Writable, changes: Iterable[Change]) -> Iterator[Outcome]:
    """Write the changes; raises MisconfiguredError, all else is an outcome.

    A group of changes is under way at a time, or as many as the first object's `concurrency`.
    """
    writers: dict[str, Writer] = {}

    def writer(name: str) -> Writer:
        if name not in writers:
            writers[name] = Writer(api, name, *writable(name))
        return writers[name]

    def write(group: list[Change]) -> list[Outcome]:
        ours = writer(group[0].object)
        call = bulk.call_for(ours, group[0].action)
        if call is None:
            return [ours.write(change) for change in group]
        return list(bulk.write(api, ours, call, group))

    groups = _grouped(changes, writer)
    first = next(groups, None)
    if first is None:
        return
    at_once = writer(first[0].object).settings.concurrency
    if at_once == 1:
        yield from write(first)
        for group in groups:
            yield from write(group)
        return
    yield from _at_once(write, first, groups, at_once)


def _at_once(
    write: Callable[[list[Change]], list[Outcome]],
    first: list[Change],
    groups: Iterator[list[Change]],
    most: int,
) -> Iterator[Outcome]:
    with ThreadPoolExecutor(most, "isthmus-rest") as pool:
        pending: set[Future[list[Outcome]]] = {pool.submit(write, first)}
        try:
            while True:
                while len(pending) < most and (group := next(groups, None)) is not None:
                    pending.add(pool.submit(write, group))
                if not pending:
                    return
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for each in done:
                    yield from each.result()
        finally:
            for each in pending:
                each.cancel()


def _grouped(changes: Iterable[Change], writer: Callable[[str], Writer]) -> Iterator[list[Change]]:
    """Yield changes of one object and action together, as many as go into one call."""
    group: list[Change] = []
    for change in changes:
        call = bulk.call_for(writer(change.object), change.action)
        if group and not _together(group, change, call):
            yield group
            group = []
        group.append(change)
        if len(group) >= (call.size if call else 1):
            yield group
            group = []
    if group:
        yield group


def _together(group: list[Change], change: Change, call: Bulk | None) -> bool:
    same = (group[0].object, group[0].action) == (change.object, change.action)
    return call is not None and same
