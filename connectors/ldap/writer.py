"""One change at a time, carried out: found, compared, sent, its result told."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from connectors.contract import Action, Change, Outcome
from connectors.errors import (
    ConflictError,
    ConnectorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    TransientError,
    UncertainError,
)
from connectors.exchange import Exchange, kept
from connectors.ldap.answers import Entry, Result
from connectors.ldap.changes import (
    ACTIVE,
    entry_name,
    modifications,
    new_entry,
    raw_values,
    texts_of,
)
from connectors.ldap.failures import SUCCESS, refused, word_of
from connectors.ldap.filters import equal
from connectors.ldap.ldif import as_ldif, kind_of
from connectors.ldap.names import fields_of, normal, parent_of, split
from connectors.ldap.protocol import (
    Request,
    add_request,
    delete_request,
    modify_request,
    rename_request,
)
from connectors.ldap.rows import ACCOUNT_CONTROL, LOCKED, Rows
from connectors.ldap.session import Session, held
from connectors.ldap.values import READ, WRITE

_MEANWHILE = {16, 20}
"""noSuchAttribute, attributeOrValueExists: the entry is not any more as it was read."""


@dataclass(slots=True)
class Writer:
    """Writes the entries of one object in one session."""

    session: Session
    rows: Rows

    def write(self, change: Change) -> Outcome:
        """Carry out one change; what the directory refuses is the outcome's error.

        Raises MisconfiguredError, and TransientError when the line is lost.
        """
        try:
            return self._write(change)
        except (MisconfiguredError, TransientError):
            raise
        except ConnectorError as error:
            return Outcome(change, error, id=change.id)

    def _write(self, change: Change) -> Outcome:
        if change.action is Action.CREATE:
            return Outcome(change, id=self._created(change))
        if change.id is None:
            raise RejectedError(f"{change.action} {change.key}: the account's id is not known")
        if change.action is Action.DELETE:
            self._delete(change, change.id)
        elif change.action is Action.DEACTIVATE:
            self._update(change._replace(after={**change.after, ACTIVE: False}), change.id)
        else:
            self._update(change, change.id)
        return Outcome(change, id=change.id)

    def _created(self, change: Change) -> str:
        name, attributes = new_entry(self.rows, change)
        self._send(add_request(name, attributes), change, attributes)
        try:
            entry = self.session.one(name, [self.rows.key])
        except TransientError as error:
            raise UncertainError(f"{change.action} {change.key}: {error}") from None
        values = held(entry, self.rows.key) if entry else []
        if not values:
            raise RejectedError(
                f"{change.action} {change.key}: it was made, but we may not read its "
                f"{self.rows.key}; give us that right"
            )
        return str(READ[self.rows.column(self.rows.key).kind](values[0]))

    def _update(self, change: Change, identifier: str) -> None:
        for attempt in (1, 2):
            entry = self._renamed(change, self._found(change, identifier))
            wanted = modifications(self.rows, change, entry)
            if not wanted:
                return
            names = {name for name, *_ in wanted}
            request = modify_request(entry.dn, wanted)
            result = self._result(request, change)
            if result.code in _MEANWHILE and attempt == 1:
                continue  # somebody was faster: look again
            self._checked(request, result, change, names)
            return

    def _renamed(self, change: Change, entry: Entry) -> Entry:
        """The entry under the name and at the place that its templates make with the change."""
        spec, changed = self.rows.spec, raw_values(self.rows, change.after)
        moving = {name.lower() for name in changed}
        templates = [one for one in (spec.rdn, spec.parent) if one and _reads(one, moving)]
        if not templates:
            return entry
        texts = texts_of(entry.attributes) | texts_of(changed)
        rdn, parent = entry_name(self.rows, texts)
        rdn = rdn if spec.rdn in templates else split(entry.dn)[0]
        parent = parent if spec.parent in templates else parent_of(entry.dn)
        if normal(f"{rdn},{parent}") == normal(entry.dn):
            return entry
        moved = normal(parent) != normal(parent_of(entry.dn))
        self._send(rename_request(entry.dn, rdn, parent if moved else None), change, changed)
        renamed = self.session.one(f"{rdn},{parent}", self._attributes(change))
        if renamed is None:
            raise NotFoundError(f"{change.action} {change.key}: it was renamed, and is gone now")
        return renamed

    def _delete(self, change: Change, identifier: str) -> None:
        try:
            entry = self._found(change, identifier)
            self._send(delete_request(entry.dn), change)
        except NotFoundError:  # gone already: what was wanted
            return

    def _found(self, change: Change, identifier: str) -> Entry:
        rows = self.rows
        try:
            value = WRITE[rows.column(rows.key).kind](identifier)
        except ValueError:
            raise NotFoundError(f"{change.action} {change.key}: no entry has this id") from None
        spec = rows.spec
        condition = equal(rows.key, value)
        found = list(
            self.session.entries(spec.base, spec.scope, condition, self._attributes(change))
        )
        if len(found) > 1:
            raise ConflictError(f"{change.action} {change.key}: several entries have this id")
        if not found:
            raise NotFoundError(f"{change.action} {change.key}: no entry has this id")
        return found[0]

    def _attributes(self, change: Change) -> list[str]:
        """What must be known of an entry to change it."""
        rows, spec = self.rows, self.rows.spec
        names = [*raw_values(rows, change.after), rows.key, ACCOUNT_CONTROL, LOCKED.attribute]
        names += [spec.disabled.attribute] if spec.disabled else []
        for template in filter(None, (spec.rdn, spec.parent)):
            names += fields_of(template)
        return list(dict.fromkeys(names))

    def _send(self, request: Request, change: Change, names: Iterable[str] = ()) -> None:
        self._checked(request, self._result(request, change), change, names)

    def _result(self, request: Request, change: Change) -> Result:
        try:
            return self.session.request(request)
        except TransientError as error:
            raise UncertainError(f"{change.action} {change.key}: {error}") from None

    def _checked(
        self, request: Request, result: Result, change: Change, names: Iterable[str]
    ) -> None:
        if result.code != SUCCESS:
            known = {name.lower() for name in names} | self.session.known()
            error = refused(result, f"{change.action} {change.key}", known)
            raise error.after(_exchange(request, result))


def _exchange(request: Request, result: Result) -> Exchange:
    """What was said of the one entry: a change record, and the server's own words."""
    said = {"sent": kept(as_ldif(request)), "answered": kept(result.diagnostic)}
    return Exchange("LDAP", kind_of(request), result.code, word_of(result.code), **said)


def _reads(template: str, names: Container[str]) -> bool:
    return any(name.lower() in names for name in fields_of(template))
