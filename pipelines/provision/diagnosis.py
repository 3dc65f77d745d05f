"""Why a target refuses a change: attributes of ours that its schema does not have (any more)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from connectors.contract import Discoverable, Target
from connectors.errors import ConnectorError
from pipelines.provision.plan import PlanItem
from pipelines.provision.rules import Push
from pipelines.provision.withheld import state_of


class Diagnosis:
    """Asks the target once for its schema, when the first change was refused."""

    def __init__(self, target: Target, push: Push) -> None:
        self._target, self._push = target, push
        self._missing: Mapping[str, str] | None = None

    @cached_property
    def state(self) -> str:
        """The digest of what refusals depend on besides their changes."""
        return state_of(self._target, self._push)

    def told(self, error: ConnectorError, item: PlanItem) -> str:
        """Return the error's words, and what of the change the target's schema does not have."""
        if self._missing is None:
            self._missing = dict(self._look())
        written = [d.path for d in item.differences if d.path in self._missing]
        lines = [f"{self._missing[path]} {path}" for path in written]
        if not lines:
            return str(error)
        return (
            f"{error}; the target's schema has no such attribute: {', '.join(lines)} "
            "(take the line out of the push mapping, or have the attribute back)"
        )

    def _look(self) -> Iterator[tuple[str, str]]:
        """Yield the missing paths with their lines; none where the target cannot tell."""
        if not isinstance(self._target, Discoverable):
            return
        try:
            objects = {each.name: each for each in self._target.discover()}
        except ConnectorError:
            return
        known = objects.get(self._push.object)
        if known is None or not known.columns:
            return
        names = {column.name.lower() for column in known.columns}
        for line in self._push.lines:
            if line.path != self._push.key_path and not names & set(_names(line.path.lower())):
                yield line.path, line.place


def _names(path: str) -> Iterator[str]:
    """Yield how a schema may call what a path writes: whole, without its test, its attribute."""
    yield path
    head = path.partition("[")[0]
    yield head
    if "." in head.rpartition(":")[2]:
        yield head.rpartition(".")[0]
