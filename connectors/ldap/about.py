"""What a directory says of itself, and of the objects that settings name."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.contract import Column, Health, ObjectSchema, Query
from connectors.ldap.answers import Entry, Result
from connectors.ldap.failures import SIZE_LIMIT, SUCCESS, raised
from connectors.ldap.options import LdapObject
from connectors.ldap.rows import DISABLED, DN, Rows
from connectors.ldap.schema import ObjectClass
from connectors.ldap.session import Root, Session, held
from connectors.ldap.values import PHOTOS, SECRETS

_SAMPLE = 200
_LEVELS = {
    "0": "Windows 2000", "2": "Windows Server 2003", "3": "Windows Server 2008",
    "4": "Windows Server 2008 R2", "5": "Windows Server 2012", "6": "Windows Server 2012 R2",
    "7": "Windows Server 2016", "10": "Windows Server 2025",
}  # fmt: skip
"""``domainControllerFunctionality``: what a domain controller can do, by release."""
_EVERYWHERE = ("createTimestamp", "modifyTimestamp")


def health(session: Session, objects: Mapping[str, LdapObject]) -> Health:
    """Name the server and who we are to it. Raises what `failures` says for a base it refuses."""
    for name, spec in objects.items():
        _looked_into(session, name, spec, ["1.1"], 1)
    root = session.root
    details = {
        "server": root.first("dnsHostName") or session.place,
        "version": _version(session),
        "bound as": session.who(),
        "tls": session.wire.tls or "none",
        "naming contexts": "; ".join(root.all("namingContexts")),
    }
    return Health(f"{_product(root)} at {session.place}", {k: v for k, v in details.items() if v})


def described(session: Session, name: str, spec: LdapObject) -> ObjectSchema:
    """The columns of an object: those it names, or what the classes of its entries may hold."""
    rows = Rows.of(session, name, spec, Query(name))
    if rows.wanted is not None:
        columns = [_column(rows, one) for one in rows.wanted]
        return ObjectSchema(name, tuple(columns), (rows.key,))
    classes = _classes(session, name, spec)
    must = {one.lower() for each in classes for one in each.must}
    names = {one.lower(): one for each in classes for one in (*each.must, *each.may)}
    names |= {one.lower(): one for one in (rows.key, *_EVERYWHERE)}
    left_out = SECRETS | PHOTOS
    listed = [names[low] for low in sorted(names) if low not in left_out]
    columns = [_column(rows, one, nullable=one.lower() not in must) for one in listed]
    extra = [Column(DN, "dn", nullable=False), Column(DISABLED, "boolean")]
    return ObjectSchema(name, (*extra, *columns), (rows.key,))


def _column(rows: Rows, name: str, *, nullable: bool = True) -> Column:
    if name in {DN, DISABLED}:
        return Column(name, "dn" if name == DN else "boolean", nullable=name != DN)
    column = rows.column(name)
    kind = str(column.kind) if column.single else f"{column.kind}[]"
    return Column(column.name, kind, nullable=nullable and name != rows.key)


def _classes(session: Session, name: str, spec: LdapObject) -> list[ObjectClass]:
    """The classes that some of the entries have."""
    found: dict[str, None] = {}
    for entry in _looked_into(session, name, spec, ["objectClass"], _SAMPLE):
        found.update(dict.fromkeys(one.decode().lower() for one in held(entry, "objectClass")))
    known = session.schema.classes
    return [known[one] for one in found if one in known]


def _looked_into(
    session: Session, name: str, spec: LdapObject, attributes: list[str], limit: int
) -> list[Entry]:
    entries = []
    for answer in session.search(spec.base, spec.scope, spec.filter, attributes, limit=limit):
        if isinstance(answer, Entry):
            entries.append(answer)
        elif isinstance(answer, Result) and answer.code not in {SUCCESS, SIZE_LIMIT}:
            raise raised(answer, f"{session.place}: {name}", session.known())
    return entries


def _product(root: Root) -> str:
    if root.active_directory:
        vendor = root.first("vendorName")
        return f"{vendor.partition(' (')[0]} Active Directory" if vendor else "Active Directory"
    if "OpenLDAProotDSE" in root.all("objectClass"):
        return "OpenLDAP"
    return root.first("vendorName") or "LDAP directory"


def _version(session: Session) -> str:
    root = session.root
    if said := root.first("vendorVersion"):
        return said
    if root.active_directory:
        level = root.first("domainControllerFunctionality")
        return _LEVELS.get(level, f"functional level {level}")
    monitor = session.one(root.first("monitorContext") or "cn=Monitor", ["monitoredInfo"])
    said_there = held(monitor, "monitoredInfo") if monitor else []
    return said_there[0].decode("utf-8", "replace") if said_there else ""
