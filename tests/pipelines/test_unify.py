from __future__ import annotations

from idp_core.db.engine import reading, writing
from idp_core.profiles import policy, store, survivorship_rules
from idp_core.profiles.model import SourceProfile, SourceRef
from mappings.schema import CUSTOMER
from pipelines.unify import golden_step, resolve_step


def put(engine, *rows):
    """Store one record for each key, given name and e-mail; unify; return the addresses shown."""
    rules, identifiers = survivorship_rules.default(), policy.default()
    with writing(engine) as conn:
        found = []
        for key, given, email in rows:
            said = {"given_name": given, "family_name": f"F{key}", "emails": [{"value": email}]}
            ref = SourceRef("shop", key)
            found.append(SourceProfile(ref, said, "shop@1", store.digest_of(said)))
        store.put_source_profiles(conn, found, "run")
    resolve_step(engine, identifiers, CUSTOMER, fingerprint=1)
    golden_step(engine, rules, identifiers, CUSTOMER, fingerprint=1)
    with reading(engine) as conn:
        assert not store.read_stale(conn)
        profiles = list(store.read_profiles(conn))
    return {
        each.attributes["family_name"]: each.attributes["emails"][0]["value"]
        if "emails" in each.attributes
        else None
        for each in profiles
    }


def test_an_address_that_becomes_everybodys_leaves_all_profiles_and_comes_back(engine):
    shared = "kunde@laden.ch"
    names = ["Ada", "Bruno", "Cleo", "Dora", "Emil", "Fritz", "Gerda", "Hugo", "Ida"]
    people = [(str(number), name, shared) for number, name in enumerate(names)]
    assert put(engine, *people[:8]) == {f"F{number}": shared for number in range(8)}
    assert put(engine, people[8]) == {f"F{number}": None for number in range(9)}
    own = put(engine, ("8", "Ida", "ida@laden.ch"))
    assert own == {f"F{number}": shared for number in range(8)} | {"F8": "ida@laden.ch"}
