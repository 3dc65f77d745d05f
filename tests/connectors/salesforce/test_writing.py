"""Writing: one outcome for each change, whatever becomes of it, by both ways."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import requests
from simple_salesforce import Salesforce as Library

from connectors.contract import Action, Change
from connectors.errors import (
    ConflictError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    TransientError,
)
from connectors.kit import ODD_KEYS
from connectors.simulators.salesforce import DuplicateRule, ValidationRule
from tests.connectors.salesforce.conftest import Leading
from tests.connectors.salesforce.writes import create, delete, errors, held, update


def test_a_create_is_an_upsert_by_our_key_also_when_the_key_is_odd(sf, org):
    changes = [create(n, key) for n, key in enumerate(ODD_KEYS)]
    first, second = list(sf.apply(changes)), list(sf.apply(changes))
    assert errors(first) == errors(second) == dict.fromkeys(range(len(ODD_KEYS)))
    assert {o.change.key: o.id for o in first} == {o.change.key: o.id for o in second}
    assert {key: row["LastName"] for key, row in held(org).items()} == {
        key: f"L{n}" for n, key in enumerate(ODD_KEYS)
    }


def test_an_unquoted_key_writes_another_record_and_ours_does_not(sf, org, salesforce):
    """What the library does with ``sf.Contact.upsert(f"Isthmus_Id__c/{key}")``."""
    org.seed("Contact", [{"LastName": "Innocent", "Isthmus_Id__c": "x"}])
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", Leading(salesforce.port))
        token = salesforce.access.open()
        library = Library(session_id=token, instance="acme.my.salesforce.com", session=session)
        library.Contact.upsert("Isthmus_Id__c/x?y", {"LastName": "Stranger"})
    assert held(org)["x"]["LastName"] == "Stranger"
    assert errors(sf.apply([create(1, "x?y")])) == {1: None}
    assert held(org)["x"]["LastName"] == "Stranger"
    assert held(org)["x?y"]["LastName"] == "L1"


def test_each_refusal_is_told_by_its_kind_and_spares_the_others(sf, org):
    (locked, other) = org.seed(
        "Contact",
        [
            {"LastName": "a", "Isthmus_Id__c": "a", "Email": "twin@x.example"},
            {"LastName": "b", "Isthmus_Id__c": "b"},
        ],
    )
    (gone,) = org.seed("Contact", [{"LastName": "c", "IsDeleted": True}])
    org.rules.duplicates.append(DuplicateRule("Contact", ("Email",)))
    org.rules.validation.append(
        ValidationRule("Contact", lambda r: r.get("Title") == "bad", "Ann is bad", "Title")
    )
    org.rules.locks[locked] = 1
    outcomes = list(
        sf.apply(
            [
                create(1),
                create(2, LastName="x" * 81),
                create(3, Email="ann(at)example"),
                create(4, Email="TWIN@x.example"),
                create(5, Title="bad"),
                update(6, locked, Title="Dr"),
                update(7, gone, Title="Dr"),
                update(8, "003Qy0000009999IAA", Title="Dr"),
                update(9, other, externalId="a"),
                update(10, "nonsense", Title="Dr"),
                create(11),
            ]
        )
    )
    assert errors(outcomes) == {
        1: None,
        2: RejectedError,
        3: RejectedError,
        4: ConflictError,
        5: RejectedError,
        6: TransientError,
        7: NotFoundError,
        8: NotFoundError,
        9: ConflictError,
        10: RejectedError,
        11: None,
    }
    said = " ".join(str(o.error) for o in outcomes if o.error)
    assert "STRING_TOO_LONG (LastName)" in said
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION (Title)" in said
    assert "xxx" not in said
    assert "ann(at)" not in said
    assert "Ann is bad" not in said


def test_a_refusal_keeps_what_was_said_of_its_record_alone(sf, org):
    (gone,) = org.seed("Contact", [{"LastName": "c", "IsDeleted": True}])
    changes = [
        create(1, Title="other"),
        create(2, Email="ann(at)example"),
        update(3, gone, Title=9),
    ]
    found = {o.change.number: o.error for o in sf.apply(changes)}
    assert found[1] is None
    said, late = found[2].exchange, found[3].exchange
    assert said.path.startswith("/services/data/v")
    assert said.path.endswith(("/composite/sobjects/Contact/Isthmus_Id__c", "/batches"))
    assert (said.status, said.code) == (200, "INVALID_EMAIL_ADDRESS")
    assert "ann(at)example" in said.sent
    assert "ann(at)example" in said.answered
    assert "other" not in said.sent + said.answered
    assert gone in late.sent
    assert late.code == "ENTITY_IS_DELETED"
    assert "ann(at)" not in f"{found[2]!r} {said!r}"


def test_what_is_not_named_stays_and_none_clears(sf, org):
    (made,) = org.seed("Contact", [{"LastName": "Lee", "Title": "Dr", "Phone": "1", "Fax": "2"}])
    assert errors(sf.apply([update(1, made, Title=None, Phone="")])) == {1: None}
    (row,) = held(org).values()
    assert (row.get("Title"), row.get("Phone"), row["Fax"]) == (None, None, "2")


def test_values_of_every_kind_arrive(sf, org):
    given = {
        "Birthdate": date(1999, 12, 31),
        "DoNotCall": True,
        "Description": 'two\nlines, a "quote"',
        "Title": "#N/A",
        "Department": "=1+1",
    }
    assert errors(sf.apply([create(1, **given)])) == {1: None}
    (row,) = held(org).values()
    assert {name: row[name] for name in given} == given
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    person = {"Key__c": "p", "Changed__c": moment, "Points__c": Decimal("12.5"), "Big__c": 7}
    changes = [Change(1, "Person__c", Action.CREATE, "p", after=person)]
    plain = type(sf).model_validate(sf.model_dump() | {"auth": sf.auth, "external_id": "Key__c"})
    assert errors(plain.apply(changes)) == {1: None}
    (row,) = org.records("Person__c")
    assert (row["Changed__c"], row["Points__c"], row["Big__c"]) == (moment, 12.5, "7")


def test_deactivating_sets_the_configured_fields_and_deleting_twice_is_once(sf, org):
    (made,) = org.seed("Contact", [{"LastName": "Lee", "Isthmus_Id__c": "k1"}])
    change = Change(1, "Contact", Action.DEACTIVATE, "k1", id=made, after={"Title": "gone"})
    assert errors(sf.apply([change])) == {1: None}
    assert (held(org)["k1"]["Active__c"], held(org)["k1"]["Title"]) == (False, "gone")
    assert errors(sf.apply([delete(1, made)])) == {1: None}
    assert errors(sf.apply([delete(1, made)])) == {1: None}
    assert errors(sf.apply([delete(1, "003Qy0000009999IAA")])) == {1: None}
    assert held(org) == {}


def test_active_is_what_the_settings_say(connect, org):
    (made,) = org.seed("Contact", [{"LastName": "Lee", "Isthmus_Id__c": "k1", "LeadSource": "Web"}])
    said = {"deactivate": {"Active__c": False, "LeadSource": "Other"}}
    sf = connect(**said, activate={"LeadSource": "Web"})

    def seen():
        (account,) = sf.find("Contact", "externalId", "k1")
        return account.attributes["active"]

    assert seen() is True
    assert errors(sf.apply([update(1, made, active=False)])) == {1: None}
    assert (seen(), held(org)["k1"]["LeadSource"]) == (False, "Other")
    assert errors(sf.apply([update(1, made, active=True, Title="back")])) == {1: None}
    assert (seen(), held(org)["k1"]["LeadSource"]) == (True, "Web")
    with pytest.raises(MisconfiguredError, match="what LeadSource is of an active account"):
        list(connect(**said).apply([update(1, made, active=True)]))


def test_one_record_named_twice_is_written_twice_and_in_order(sf, org):
    (made,) = org.seed("Contact", [{"LastName": "Lee", "Isthmus_Id__c": "k"}])
    changes = [update(n, made, Title=str(n)) for n in range(3)]
    again = [create(n, "same", Title=str(n)) for n in range(3, 6)]
    assert errors(sf.apply([*changes, *again])) == dict.fromkeys(range(6))
    assert (held(org)["k"]["Title"], held(org)["same"]["Title"]) == ("2", "5")
    for last in ("#N/A", "x"):  # the first of them cannot go into a job
        assert errors(
            sf.apply([update(n, made, Title=t) for n, t in enumerate(("#N/A", "x", last))])
        )
        assert held(org)["k"]["Title"] == last


@pytest.mark.parametrize(
    ("change", "more", "said"),
    [
        (create(1, object_="Contcat"), {}, "no object 'Contcat'; did you mean 'Contact'"),
        (create(1, Lastname="x"), {}, "no field 'Lastname'; did you mean 'LastName'"),
        (create(1, Name="x"), {}, "Contact.Name cannot be set by this user"),
        (update(1, "x", SystemModstamp="x"), {}, "SystemModstamp cannot be changed"),
        (create(1), {"external_id": "LastName"}, "LastName is no external id"),
        (create(1), {"external_id": "Nope__c"}, "no field 'Nope__c'"),
        (
            Change(1, "Contact", Action.DEACTIVATE, "k", id="x"),
            {"deactivate": {}},
            "the option deactivate",
        ),
        (
            Change(1, "Contact", Action.DEACTIVATE, "k", id="x"),
            {"deactivate": {"No__c": 1}},
            "no field 'No__c'",
        ),
    ],
)
def test_what_a_person_must_mend_stops_before_anything_is_written(
    connect, salesforce, change, more, said
):
    with pytest.raises(MisconfiguredError, match=said):
        list(connect(**more).apply([change]))
    assert not any(call.startswith(("PATCH", "POST")) for call in salesforce.service.calls)


def test_what_cannot_be_said_is_an_outcome_and_not_sent(sf, org):
    bad = [update(1, None, Title="x"), create(2, Title=object()), create(3)]
    assert errors(sf.apply(bad)) == {1: RejectedError, 2: RejectedError, 3: None}


def test_without_an_external_id_creating_twice_makes_two(connect, org):
    sf = connect(external_id=None)
    assert errors(sf.apply([create(1)])) == errors(sf.apply([create(1)])) == {1: None}
    assert len(list(org.records("Contact"))) == 2
    with pytest.raises(MisconfiguredError, match="needs external_id"):
        sf.find("Contact", "externalId", "k1")


def test_small_writes_take_200_a_request_and_large_ones_a_job(connect, salesforce, org):
    calls = salesforce.service.calls
    assert len(list(connect().apply([create(n) for n in range(401)]))) == 401
    assert calls["PATCH /composite/sobjects"] == 3
    assert calls["POST /jobs/ingest"] == 0
    outcomes = list(connect().apply([create(n) for n in range(2100)]))
    assert errors(outcomes) == dict.fromkeys(range(2100))
    assert (calls["POST /jobs/ingest"], calls["PATCH /composite/sobjects"]) == (1, 3)
    assert salesforce.service.bulk.jobs == {}
    assert len(held(org)) == 2100


def test_no_more_is_drawn_than_is_needed(connect, salesforce):
    drawn = []

    def changes():
        for n in range(1000):
            drawn.append(n)
            yield create(n)

    next(iter(connect(bulk_writes=0).apply(changes())))
    assert len(drawn) == 200


def test_accounts_are_all_live_records_with_what_we_may_write(connect, org):
    org.seed("Contact", [{"LastName": "a", "Isthmus_Id__c": "k"}, {"LastName": "b"}])
    org.seed("Contact", [{"LastName": "gone", "IsDeleted": True}])
    for bulk_reads in (0, 1):
        found = list(connect(bulk_reads=bulk_reads).accounts("Contact"))
        assert [(a.key, a.attributes["LastName"]) for a in found] == [("k", "a"), (None, "b")]
        assert "SystemModstamp" not in found[0].attributes
        assert "Id" not in found[0].attributes
    with pytest.raises(MisconfiguredError, match="no field 'Nope__c'"):
        list(connect(external_id="Nope__c").accounts("Contact"))


@pytest.mark.parametrize(
    ("attribute", "value", "found"),
    [
        ("externalId", "K", 1),
        ("externalId", "k", 0),
        ("Isthmus_Id__c", "K", 1),
        ("LastName", "o'brien \\ co", 1),
        ("LastName", "O'Brien", 0),
        ("Email", "ANN@x.example", 1),
        ("Active__c", "true", 1),
        ("Birthdate", "1999-12-31", 1),
        ("LastName", "' OR LastName != '", 0),
    ],
)
def test_a_record_is_found_by_a_field(connect, org, attribute, value, found):
    row = {"LastName": "O'Brien \\ co", "Email": "ann@x.example", "Birthdate": "1999-12-31"}
    (made,) = org.seed("Contact", [{**row, "Isthmus_Id__c": "K"}])
    org.seed("Contact", [{"LastName": "gone", "Email": "ann@x.example", "IsDeleted": True}])
    assert [a.id for a in connect().find("Contact", attribute, value)] == [made] * found
    assert [a.id for a in connect().find("Contact", "Id", made)] == [made]
