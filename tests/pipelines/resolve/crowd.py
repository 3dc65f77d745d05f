"""A crowd whose truth is known, with the mistakes people make; the same for the same seed."""

from __future__ import annotations

import random
from typing import Any

from idp_core.profiles.model import SourceProfile, SourceRef
from tests.pipelines.resolve.people import person

FIRST = (
    *("anna", "bela", "carla", "dana", "emil", "fritz", "gustav", "hanna"),
    *("ida", "jonas", "karl", "lena", "mia", "noah", "otto", "paula"),
)
LAST = (
    *("abel", "brandt", "cordes", "dietz", "engel", "fuchs", "gruber", "hahn"),
    *("iske", "jung", "kern", "lang", "moser", "nagel", "ott"),
)
STREETS = ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Grove", "Hazel"]


def crowd(people: int, seed: int = 1) -> tuple[list[SourceProfile], dict[SourceRef, int]]:
    """Return two or three records a person, without identifiers in common; and who each is."""
    chance = random.Random(seed)
    records: list[SourceProfile] = []
    truth: dict[SourceRef, int] = {}
    for number in range(people):
        given, family = chance.choice(FIRST), f"{chance.choice(LAST)}{chance.choice(LAST)}"
        born = f"{chance.randint(1940, 2004)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        street = f"{chance.randint(1, 900)} {chance.choice(STREETS)} St"
        for copy in range(chance.choice((2, 2, 3))):
            said = {"given_name": given, "family_name": family, "street": street}
            said = {
                name: _mistyped(text, chance) if chance.random() < 0.25 else text
                for name, text in said.items()
            }
            if chance.random() < 0.85:
                said["birth_date"] = born
            record = person(f"{number}-{copy}", ("crm", "shop", "mkt")[copy], **said)
            records.append(record)
            truth[record.ref] = number
    return records, truth


def nations(
    people: int, count: int = 4, seed: int = 1
) -> tuple[list[SourceProfile], dict[SourceRef, int]]:
    """Return two records a person of people who share few names in few towns, by nation.

    Half of the records say no date of birth; then name and town are all that they share.
    """
    chance = random.Random(seed)
    records: list[SourceProfile] = []
    truth: dict[SourceRef, int] = {}
    for number in range(people):
        nation = ("ka", "ri", "so", "tu")[chance.randrange(count)]
        given = chance.choice(FIRST) + nation
        family = chance.choice(LAST) + nation
        town = chance.choice(STREETS) + nation
        born = f"{chance.randint(1940, 2004)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        for source in ("crm", "shop"):
            said: dict[str, Any] = {"given_name": given, "family_name": family}
            said["addresses"] = [{"locality": town}]
            if chance.random() < 0.5:
                said["birth_date"] = born
            ref = SourceRef(source, str(number))
            records.append(SourceProfile(ref, said, source, ""))
            truth[ref] = number
    return records, truth


def _mistyped(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text) - 1)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
