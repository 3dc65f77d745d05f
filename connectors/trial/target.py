"""A live target: one canary account is created, read back, updated, and deleted again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.contract import Account, Action, Change, Connector, Searchable, Target
from connectors.errors import ConflictError, ConnectorError, MisconfiguredError
from connectors.trial.findings import Finding, Verdict, hides_secrets


@dataclass(frozen=True, slots=True)
class Canary:
    """The account to make: its key, what it holds, and what an update then writes."""

    object: str
    key: str
    attributes: Mapping[str, Any] = field(repr=False)
    edited: Mapping[str, Any] = field(repr=False)


def try_target(connector: Connector, canary: Canary) -> Iterator[Finding]:
    """Write the canary and look at it; it is deleted whatever happens in between."""
    if not isinstance(connector, Target):
        raise MisconfiguredError(f"type {connector.type!r} cannot be written to")
    said: list[Finding] = []
    trial = _Trial(connector, canary)
    with closing(trial.findings()) as findings:
        for finding in findings:
            said.append(finding)
            yield finding
    yield hides_secrets(connector, said)


class _Trial:
    def __init__(self, target: Target, canary: Canary) -> None:
        self._target, self._canary = target, canary
        self._id: str | None = None
        self._version: str | None = None

    def findings(self) -> Generator[Finding]:
        if isinstance(self._target, Searchable) and (held := self._held()):
            yield Finding(
                "create", Verdict.FAIL, f"{len(held)} accounts have the canary's key already",
                "delete them, or name another key by --canary",
            )  # fmt: skip
            return
        created = self._tried("create", self._create)
        if created.verdict is not Verdict.OK:
            yield created
            return
        try:
            yield created
            yield self._tried("read back", lambda: self._read_back(self._canary.attributes))
            yield self._tried("create again", self._create_again)
            yield self._tried("update", self._update)
            yield self._tried("update of nobody", self._update_nobody)
        finally:
            deleted = self._tried("delete", self._delete)
        yield deleted

    def _tried(self, rule: str, ask: Callable[[], str | Finding]) -> Finding:
        try:
            told = ask()
        except ConnectorError as error:
            seen, _, mend = str(error).partition("; ")
            return Finding(rule, Verdict.FAIL, seen, mend)
        return told if isinstance(told, Finding) else Finding(rule, Verdict.OK, told)

    def _write(self, action: Action, **more: Any) -> None:
        given = {"id": self._id, "version": self._version} | more
        change = Change(1, self._canary.object, action, self._canary.key, **given)
        (outcome,) = self._target.apply([change])
        if outcome.error is not None:
            raise outcome.error
        self._version = outcome.version
        if action is Action.CREATE:
            self._id = outcome.id

    def _create(self) -> str:
        self._write(Action.CREATE, after=self._canary.attributes)
        return "made"

    def _create_again(self) -> str | Finding:
        change = Change(
            2, self._canary.object, Action.CREATE, self._canary.key, after=self._canary.attributes
        )
        (outcome,) = self._target.apply([change])
        if outcome.error is None and outcome.id != self._id:
            self._remove(outcome.id)
            return Finding(
                "create again", Verdict.FAIL, "made a second account with the same key",
                "make the key unique in the system, or use an upsert",
            )  # fmt: skip
        if outcome.error is None:
            return "the same account"
        if not isinstance(outcome.error, ConflictError):
            return Finding(
                "create again", Verdict.FAIL, f"{outcome.error}",
                "tell by a rule of `errors` that this is a conflict",
            )  # fmt: skip
        return "refused as a conflict"

    def _update(self) -> str | Finding:
        before = {name: self._canary.attributes.get(name) for name in self._canary.edited}
        if not before:
            return Finding("update", Verdict.SKIP, "no attribute to edit", "name one by --edit")
        self._write(Action.UPDATE, before=before, after=self._canary.edited)
        told = self._read_back({**self._canary.attributes, **self._canary.edited})
        return replace(told, rule="update") if isinstance(told, Finding) else told

    def _update_nobody(self) -> str | Finding:
        change = Change(
            3, self._canary.object, Action.UPDATE, f"{self._canary.key}-nobody",
            id=f"{self._id}9", before={}, after=self._canary.edited,
        )  # fmt: skip
        (outcome,) = self._target.apply([change]) if self._canary.edited else (None,)
        if outcome is not None and outcome.error is None:
            return Finding(
                "update of nobody", Verdict.FAIL, "an account that is not there was updated",
                "tell by a rule of `errors` what such an answer means",
            )  # fmt: skip
        return "refused"

    def _delete(self) -> str | Finding:
        self._write(Action.DELETE)
        if self._held():
            return Finding("delete", Verdict.FAIL, "the account is still there", "delete it there")
        self._write(Action.DELETE)
        return "gone, and deleting it twice is no error"

    def _read_back(self, wanted: Mapping[str, Any]) -> str | Finding:
        if not isinstance(self._target, Searchable):
            return Finding("read back", Verdict.SKIP, "the target cannot be asked", "")
        held = self._held()
        if len(held) != 1:
            return Finding(
                "read back", Verdict.FAIL, f"{len(held)} accounts are found by the canary's key",
                "check where the key stands, and how it is asked for",
            )  # fmt: skip
        other = [name for name, value in wanted.items() if held[0].attributes.get(name) != value]
        if other:
            return Finding(
                "read back", Verdict.FAIL, f"holds another value in {', '.join(sorted(other))}",
                "the system rewrites these, or they are written by another name",
            )  # fmt: skip
        if held[0].key is None:
            return Finding(
                "read back", Verdict.WARN, "holds what was sent, but not our key",
                "name a field for it (write.key); without, a creation whose answer is lost is "
                "found again only by what a push file matches by",
            )  # fmt: skip
        return "holds what was sent"

    def _held(self) -> list[Account]:
        """The accounts that are the canary: by our key, or by its id where it holds no key."""
        target, name = self._target, self._canary.object
        if not isinstance(target, Searchable):
            return []
        found = list(target.find(name, "externalId", self._canary.key))
        if found or self._id is None:
            return found
        return [each for each in target.accounts(name) if each.id == self._id and each.key is None]

    def _remove(self, id_: str | None) -> None:
        change = Change(4, self._canary.object, Action.DELETE, self._canary.key, id=id_)
        list(self._target.apply([change]))
