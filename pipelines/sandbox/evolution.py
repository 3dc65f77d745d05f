"""What happens to the world overnight: `evolve` edits records at the sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from pipelines.sandbox import noise
from pipelines.sandbox.people import Person, Registry
from pipelines.sandbox.shapes import COLUMNS, EPOCH, SHAPES, Row
from pipelines.sandbox.world import SOURCES, Edit, Record, World, next_key, records_of, replaced

EDITS: Mapping[str, str] = {
    "new customer": "someone nobody knew, in one to four systems",
    "changed e-mail": "a new address in the shop",
    "moved": "a new home, told to the CRM only",
    "opted out": "no more marketing mail from the shop",
    "deleted": "gone from the shop, by its own mark",
    "dropped": "no longer in the newsletter's file",
    "linking record": "a CRM contact that knows two records to be one person",
    "mended": "a row that was refused is right now",
}
"""What can happen, in plain words."""


@dataclass(slots=True)
class _Night:
    """The state of one night's edits: a world being changed, with its own chance and clock."""

    rng: Random
    now: datetime
    world: World
    people: list[Person]
    records: dict[str, dict[str, Record]]
    touched: set[tuple[str, str]]

    def pick(self, source: str, wanted: Callable[[Record], bool]) -> Record | None:
        """Return a record of this system that fits and was not edited tonight."""
        candidates = list(self.records[source].values())
        for _ in range(200 if candidates else 0):
            record = self.rng.choice(candidates)
            if (source, record.key) not in self.touched and wanted(record):
                return record
        return None

    def put(self, record: Record, what: str) -> Edit:
        """Store an edited or new record and say what was done."""
        self.touched.add((record.source, record.key))
        self.records[record.source][record.key] = record
        return Edit(what, record.source, record.key)

    def stamped(self, record: Record, **values: object) -> Record:
        """Return the record with columns changed and its time of change set to tonight."""
        if record.source == "shop":
            values["modified_at"] = self.now
        elif record.source == "crm":
            values["updated_at"] = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        return record._replace(row=replaced(record.source, record.row, **values))


def evolve(world: World) -> World:
    """Return the world one day later; `edits` of the result tells what was done.

    About one record in a thousand sees each kind of edit, at least one where any fits.
    """
    step = world.step + 1
    night = _Night(
        rng=Random(f"{world.seed}/{step}"),  # noqa: S311 (reproducible on purpose)
        now=EPOCH + timedelta(days=step),
        world=world,
        people=list(world.people),
        records={source: dict(world.records[source]) for source in SOURCES},
        touched=set(),
    )
    edits = list(_newcomers(night))
    for change in (_changed_mail, _moved, _opted_out, _deleted, _dropped, _linked, _mended):
        for _ in range(_times(world)):
            edits += change(night)
    return replace(world, step=step, people=night.people, records=night.records, edits=edits)


def _times(world: World) -> int:
    return max(1, world.size // 1000)


def _newcomers(night: _Night) -> Iterator[Edit]:
    taken = frozenset(mail for person in night.people for mail in person.emails)
    registry = Registry(night.rng, first=len(night.people), taken=taken)
    wanted = _times(night.world)
    for household in registry.households():
        for person in household:
            night.people.append(person)
            for record in records_of(night.rng, person, night.records):
                yield night.put(_tonight(night, record), "new customer")
        wanted -= len(household)
        if wanted <= 0:
            return


def _tonight(night: _Night, record: Record) -> Record:
    """Return a new record as made tonight; one that is no readable row stays as it is."""
    if record.source == "shop":
        return night.stamped(record, created_at=night.now)
    return night.stamped(record)


def _changed_mail(night: _Night) -> Iterator[Edit]:
    record = night.pick("shop", lambda r: not r.flaw and _alive(r) and bool(_get(r, "email")))
    if record:
        number = f"{night.world.step + 1}{len(night.touched)}"
        person = night.people[record.person]
        mail = f"{person.emails[0].split('@')[0]}.new{number}@{person.locale.domains[0]}"
        night.people[record.person] = replace(person, emails=(mail, *person.emails))
        yield night.put(night.stamped(record, email=mail), "changed e-mail")


def _moved(night: _Night) -> Iterator[Edit]:
    record = night.pick("crm", lambda r: not r.flaw and _alive(r))
    if record:
        locale = night.people[record.person].locale
        town, street = night.rng.choice(locale.towns), night.rng.choice(locale.streets)
        number = 140 + night.rng.randrange(60)
        line = f"{number} {street}" if locale.number_first else f"{street} {number}"
        home = {"street": line, "postal_code": town.postcode, "city": town.name}
        yield night.put(night.stamped(record, **home), "moved")


def _opted_out(night: _Night) -> Iterator[Edit]:
    record = night.pick("shop", lambda r: not r.flaw and _alive(r) and _get(r, "newsletter") == "Y")
    if record:
        yield night.put(night.stamped(record, newsletter="N"), "opted out")


def _deleted(night: _Night) -> Iterator[Edit]:
    record = night.pick("shop", lambda r: not r.flaw and _alive(r))
    if record:
        yield night.put(night.stamped(record, deleted=True), "deleted")


def _dropped(night: _Night) -> Iterator[Edit]:
    newest = next(reversed(night.records["newsletter"]), None)  # its number would be given again
    record = night.pick("newsletter", lambda r: not r.flaw and r.key != newest)
    if record:
        del night.records["newsletter"][record.key]
        yield Edit("dropped", "newsletter", record.key)


def _linked(night: _Night) -> Iterator[Edit]:
    """Add a CRM contact with the shop number of one record and the address of another."""
    mails = {
        record.person: str(_get(record, "E-Mail")).strip().lower()
        for record in night.records["newsletter"].values()
        if not record.flaw
    }
    record = night.pick(
        "shop",
        lambda r: (
            not r.flaw
            and _alive(r)
            and r.person in mails
            and mails[r.person] != str(_get(r, "email")).strip().lower()
        ),
    )
    if record is None:
        return
    person = night.people[record.person]
    key = next_key("crm", person, night.records)
    row = SHAPES["crm"](night.rng, person, key)
    knows = {
        "name": f"{person.family}, {person.given}",
        "email": mails[record.person],
        "shop_number": record.key,
        "birthdate": f"{person.birth:%d.%m.%Y}",
        "mobile": noise.notation(night.rng, person.locale, person.mobile),
        "is_deleted": 0,
    }
    linking = Record("crm", key, person.number, replaced("crm", row, **knows))
    yield night.put(night.stamped(linking), "linking record")


def _mended(night: _Night) -> Iterator[Edit]:
    record = night.pick("shop", lambda r: r.flaw == "no mail address")
    if record:
        mail = night.people[record.person].emails[0]
        mended = night.stamped(record, email=mail)._replace(flaw=None)
        yield night.put(mended, "mended")


def _alive(record: Record) -> bool:
    """Whether the row is readable and not marked as deleted."""
    mark = {"shop": "deleted", "crm": "is_deleted"}.get(record.source)
    return mark is None or not _get(record, mark)


def _get(record: Record, column: str) -> object:
    row: Row = record.row
    return row[COLUMNS[record.source].index(column)]
