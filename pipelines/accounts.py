"""Accounts taken over from another system, and looked after by those who run the login."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from idp_core.accounts import email as emails
from idp_core.accounts import store
from idp_core.admin import acts, roles
from idp_core.db.engine import writing
from idp_core.login.registration import invitation
from idp_core.passwords import store as passwords
from idp_core.passwords.hashing import is_importable
from idp_core.site.part import ASKED
from mappings.suggest import did_you_mean
from pipelines.errors import JobError, ProjectError

if TYPE_CHECKING:
    from idp_core.site.site import Site

_COLUMNS = ("email", "password_hash", "language", *ASKED)


def take_over(site: Site, file: Path, actor: str) -> Mapping[str, int]:
    """Make an account of each row of a CSV file; count what became of the rows.

    Columns: `email`, and as they are there `password_hash`, `language` and attributes. A row whose
    address is none or has an account, or whose hash is of no known form, makes no account.
    """
    counted: Counter[str] = Counter(made=0, taken=0, bad_email=0, bad_hash=0)
    for row in _rows(file):
        counted[_take(site, row, actor)] += 1
    return dict(counted)


def _take(site: Site, row: Mapping[str, str], actor: str) -> str:
    address = emails.cleaned(row.get("email", ""))
    hashed = row.get("password_hash", "").strip()
    if address is None:
        return "bad_email"
    if hashed and not is_importable(hashed):
        return "bad_hash"
    said = {name: row[name].strip() for name in ASKED if row.get(name, "").strip()}
    now = site.clock()
    try:
        with writing(site.engine) as conn:
            made = store.create(conn, address, said, now, row.get("language", "").strip() or None)
            if hashed:
                passwords.put(conn, made.id, hashed, now)
            site.note(conn, "account.imported", "done", made.id, actor)
    except store.TakenError:
        return "taken"
    return "made"


def _rows(file: Path) -> Iterator[Mapping[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as source:
            reader = csv.DictReader(source, restval="")
            unknown = sorted(set(reader.fieldnames or ()) - set(_COLUMNS))
            if "email" not in (reader.fieldnames or ()) or unknown:
                named = f"unknown column {unknown[0]!r}; " if unknown else "no column 'email'; "
                raise ProjectError(f"{file}:1 {named}there may be {', '.join(_COLUMNS)}")
            yield from ({k: v for k, v in row.items() if k} for row in reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ProjectError(f"{file}: cannot be read as CSV ({type(error).__name__})") from None


def find(site: Site, address: str) -> store.Account:
    """Return the account of an address. Raises JobError when there is none."""
    with writing(site.engine) as conn:
        found = store.by_email(conn, address)
    if found is None:
        raise JobError("no account has this address")
    return found


def block(site: Site, address: str, why: str, actor: str) -> int:
    """Let an account log in no more, and end its sessions; return how many these were."""
    found = find(site, address)
    with writing(site.engine) as conn:
        return acts.block(conn, site, found, why, actor)


def invite(
    site: Site, address: str, attributes: Mapping[str, str], language: str | None, actor: str
) -> str:
    """Begin an account: its owner is mailed a link to finish it, which is returned, too.

    Raises JobError for an address that is none, or has an account, and for an unknown attribute.
    """
    cleaned = emails.cleaned(address)
    if cleaned is None:
        raise JobError("that is no address mail can go to")
    unknown = sorted(set(attributes) - set(ASKED))
    if unknown:
        raise JobError(f"{unknown[0]}: not known; there is {', '.join(ASKED)}")
    try:
        with writing(site.engine) as conn:
            words = language or site.config.languages[0]
            return invitation.invite(conn, site, cleaned, attributes, words, actor)
    except store.TakenError:
        raise JobError("this address has an account") from None


def delete(site: Site, address: str, why: str, actor: str) -> int:
    """Delete an account with all that lets somebody log in to it; return the sessions it ended.

    What the person's systems say of them stays: to erase the person there is `profile erase`.
    """
    found = find(site, address)
    with writing(site.engine) as conn:
        return acts.delete(conn, site, found, why, actor)


def unblock(site: Site, address: str, actor: str) -> bool:
    """Let an account log in again; False when it was not blocked."""
    found = find(site, address)
    with writing(site.engine) as conn:
        return acts.unblock(conn, site, found, actor)


def give_roles(site: Site, address: str, wanted: Sequence[str], actor: str) -> None:
    """Give an account these roles of administration. Raises JobError for an unknown one."""
    for role in wanted:
        if role not in roles.ROLES:
            raise JobError(f"there is no role {role!r}{did_you_mean(role, roles.ROLES)}")
    found = find(site, address)
    with writing(site.engine) as conn:
        acts.give_roles(conn, site, found, wanted, actor)
