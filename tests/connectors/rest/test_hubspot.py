from __future__ import annotations

from pathlib import Path

import pytest

from connectors.contract import Action, Change, Query
from connectors.errors import NotFoundError, RejectedError
from connectors.registry import build
from tests.connectors.rest.conftest import QUICK, asked
from tests.connectors.rest.hubspot import SEARCHED, TOKEN, HubSpot
from tests.real.shipped import Shipped, rows


@pytest.fixture
def hubspot(system, monkeypatch):
    monkeypatch.setenv("TOKEN", TOKEN)
    account = HubSpot()
    server = system(account.answer)
    return account, server


def connector(server, **more):
    given = {"file": "hubspot", "url": server.url, "token": "env:TOKEN", "http": QUICK}
    return build("rest", given | more, Path())


def contact(number, action=Action.CREATE, **more):
    more.setdefault("after", {"properties.firstname": f"F{number}"})
    return Change(number, "contacts", action, f"c{number}@example.test", **more)


class TestShippedDescription(Shipped):
    object = "contacts"
    edited = ("properties.lastname", "Müller-日本")
    found_by = "properties.email"
    gone = "999999"
    upserts = True

    @pytest.fixture
    def connector(self, hubspot):
        return connector(hubspot[1])

    @pytest.fixture
    def refused(self, hubspot, monkeypatch):
        monkeypatch.setenv("WRONG", "wrong")
        return connector(hubspot[1], token="env:WRONG")

    @pytest.fixture(autouse=True)
    def _account(self, hubspot):
        self.account = hubspot[0]

    def our_key(self, number):
        return f"{('ann', 'a+b', 'o.brien', 'x=y')[number % 4]}.{number}@example.test"

    def attributes(self, number):
        return {"properties.firstname": f"Zoë {number}", "properties.lastname": f"L{number}"}

    def change_at_source(self, connector, row):
        self.account.write(row["id"], {"lastname": "at the source"})

    def delete_at_source(self, connector, row):
        self.account.contacts[row["id"]]["archived"] = True

    def read(self, connector, **more):
        found = super().read(connector, **more)
        return [{**row, "properties.lastname": row["properties"].get("lastname")} for row in found]


def test_a_hundred_contacts_are_one_call_and_one_bad_one_stands_alone(hubspot):
    account, server = hubspot
    bad = contact(41, after={"properties.firstname": "bad"})
    changes = [contact(n) if n != 41 else bad for n in range(1, 101)]
    outcomes = {each.change.number: each for each in connector(server).apply(changes)}
    failed = [number for number, each in outcomes.items() if each.error]
    assert failed == [41]
    assert isinstance(outcomes[41].error, RejectedError)
    assert len(account.contacts) == 99
    assert len([each for each in asked(server) if each.path[-1] == "upsert"]) <= 16
    assert {
        account.contacts[str(each.id)]["properties"]["email"]
        for each in outcomes.values()
        if not each.error
    } == {each.change.key for each in outcomes.values() if not each.error}


def test_a_contact_that_is_gone_costs_no_other_its_update(hubspot):
    _, server = hubspot
    made = list(connector(server).apply([contact(1), contact(2)]))
    after = {"properties.lastname": "Lee"}
    changes = [
        contact(1, Action.UPDATE, id=made[0].id, after=after),
        contact(2, Action.UPDATE, id="999999", after=after),
    ]
    first, second = connector(server).apply(changes)
    assert first.error is None
    assert isinstance(second.error, NotFoundError)


def test_more_changes_than_a_search_gives_are_read_and_unsubscribes_and_bounces_with_them(hubspot):
    account, server = hubspot
    for number in range(SEARCHED * 3):
        account.write(str(number), {"email": f"c{number}@example.test"})
    account.write("3", {"hs_email_optout": "true"})
    account.write("4", {"hs_email_hard_bounce_reason_enum": "UNKNOWN_USER"})
    source = connector(server)
    small = source.objects["changed_contacts"]
    paging = small.pagination.model_copy(update={"size": 5})
    objects = {
        **source.objects,
        "changed_contacts": small.model_copy(update={"pagination": paging}),
    }
    source = source.model_copy(update={"objects": objects})
    query = Query("changed_contacts", key="id", cursor="updatedAt")
    pages = list(source.read(query))
    found = {row["id"]: row for row in rows(pages)}
    assert found.keys() == account.contacts.keys()
    assert found["3"]["properties"]["hs_email_optout"] == "true"
    account.write("7", {"hs_email_optout": "true"})
    account.contacts["8"] |= {"archived": True, "archivedAt": "2026-03-01T00:00:00.000Z"}
    after = Query("changed_contacts", key="id", cursor="updatedAt", after=pages[-1].cursor)
    news = rows(source.read(after))
    assert {row["id"]: row.get("archived") for row in news} == {"7": False, "8": True}


def test_a_property_of_its_own_may_hold_our_key(system, monkeypatch):
    monkeypatch.setenv("TOKEN", TOKEN)
    account = HubSpot(unique="global_id")
    target = connector(system(account.answer), key_property="global_id")
    change = Change(1, "contacts", Action.CREATE, "g/1", after={"properties.email": "a@b.test"})
    (outcome,) = target.apply([change])
    assert outcome.error is None
    (found,) = target.find("contacts", "externalId", "g/1")
    assert found.id == outcome.id
    assert [each.id for each in target.find("contacts", "properties.email", "A@b.test")] == []
    assert [each.id for each in target.find("contacts", "properties.email", "a@b.test")] == [
        found.id
    ]


def test_list_members_come_and_go(hubspot):
    account, server = hubspot
    target = connector(server, list="7")
    added = [Change(n, "list_members", Action.CREATE, str(n)) for n in (1, 2)]
    assert [each.error for each in target.apply(added)] == [None, None]
    assert [each.key for each in target.accounts("list_members")] == ["1", "2"]
    (gone,) = target.apply([Change(1, "list_members", Action.DELETE, "1", id="1")])
    assert (gone.error, account.members["7"]) == (None, ["2"])
