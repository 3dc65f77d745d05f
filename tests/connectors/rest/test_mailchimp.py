from __future__ import annotations

from pathlib import Path

import pytest

from connectors.contract import Action, Change, Query
from connectors.errors import ConflictError, RejectedError
from connectors.registry import build
from tests.connectors.rest.conftest import QUICK, asked
from tests.connectors.rest.mailchimp import KEY, LIST, Mailchimp, named
from tests.real.shipped import Shipped, rows


@pytest.fixture
def mailchimp(system, monkeypatch):
    monkeypatch.setenv("KEY", KEY)
    account = Mailchimp()
    return account, system(account.answer)


def connector(server, **more):
    given = {"file": "mailchimp", "url": server.url, "key": "env:KEY", "list": LIST, "http": QUICK}
    return build("rest", given | {"page_size": 3} | more, Path())


def member(number, action=Action.CREATE, **more):
    more.setdefault("after", {"merge_fields.FNAME": f"F{number}"})
    return Change(number, "members", action, f"m{number}@example.test", **more)


class TestShippedDescription(Shipped):
    object = "members"
    edited = ("merge_fields.LNAME", "Müller-日本")
    found_by = "email_address"
    gone = "0" * 32
    cursor = "last_changed"

    @pytest.fixture
    def connector(self, mailchimp):
        return connector(mailchimp[1])

    @pytest.fixture
    def refused(self, mailchimp, monkeypatch):
        monkeypatch.setenv("WRONG", "wrong")
        return connector(mailchimp[1], key="env:WRONG")

    @pytest.fixture(autouse=True)
    def _account(self, mailchimp):
        self.account = mailchimp[0]

    def our_key(self, number):
        return f"{('ann', 'a+b', 'o.brien', 'x=y')[number % 4]}.{number}@example.test"

    def attributes(self, number):
        return {"merge_fields.FNAME": f"Zoë {number}", "merge_fields.LNAME": f"L{number}"}

    def change_at_source(self, connector, row):
        self.account.write(row["id"], {"merge_fields": {"LNAME": "at the source"}})

    def delete_at_source(self, connector, row):
        del self.account.members[row["id"]]

    def read(self, connector, **more):
        found = super().read(connector, **more)
        return [{**row, self.edited[0]: row["merge_fields"].get("LNAME")} for row in found]


def test_many_members_are_one_call_with_an_outcome_each(mailchimp):
    account, server = mailchimp
    account.write(named("m2@example.test"), {"email_address": "m2@example.test"})
    bad = Change(3, "members", Action.CREATE, "no address")
    outcomes = list(connector(server).apply([member(1), member(2), bad, member(4)]))
    assert [type(each.error) for each in outcomes] == [
        type(None),
        ConflictError,
        RejectedError,
        type(None),
    ]
    assert outcomes[0].id == named("m1@example.test")
    assert len([each for each in asked(server) if each.method == "POST"]) == 1


def test_who_left_is_never_subscribed_again_and_is_told_as_a_row(mailchimp):
    account, server = mailchimp
    target = connector(server)
    made = list(target.apply([member(1), member(2), member(3)]))
    pages = list(target.read(Query("members", key="id", cursor="last_changed")))
    account.leave("m1@example.test")
    account.leave("m2@example.test", "cleaned")
    back = member(1, Action.UPDATE, id=made[0].id, after={"active": True})
    (outcome,) = target.apply([back])
    assert isinstance(outcome.error, RejectedError)
    assert "the person unsubscribed or was removed" in str(outcome.error)
    after = Query("members", key="id", cursor="last_changed", after=pages[-1].cursor)
    told = {row["email_address"]: row["status"] for row in rows(target.read(after))}
    assert told == {"m1@example.test": "unsubscribed", "m2@example.test": "cleaned"}
    held = {each.key: each.attributes["active"] for each in target.accounts("members")}
    assert held == {"m1@example.test": False, "m2@example.test": False, "m3@example.test": True}


def test_a_deactivated_member_is_unsubscribed_and_new_ones_may_be_asked_first(mailchimp):
    account, server = mailchimp
    target = connector(server, status_if_new="pending")
    (made,) = target.apply([member(1)])
    assert account.members[str(made.id)]["status"] == "pending"
    (outcome,) = target.apply([member(1, Action.DEACTIVATE, id=made.id, after={})])
    assert outcome.error is None
    assert account.members[str(made.id)]["status"] == "unsubscribed"


def test_members_of_a_tag_come_and_go(mailchimp):
    account, server = mailchimp
    target = connector(server, tag="5")
    list(target.apply([member(1)]))
    tag = Change(1, "tag_members", Action.CREATE, "m1@example.test")
    (outcome,) = target.apply([tag])
    assert (outcome.error, outcome.id) == (None, named("m1@example.test"))
    assert [each.key for each in target.accounts("tag_members")] == ["m1@example.test"]
    (gone,) = target.apply([Change(1, "tag_members", Action.DELETE, "x", id=outcome.id)])
    assert (gone.error, account.tagged) == (None, [])


def test_no_address_stands_in_what_is_called(mailchimp):
    _, server = mailchimp
    target = connector(server)
    list(target.apply([member(1)]))
    target.find("members", "externalId", "m1@example.test")
    assert not any("example.test" in "/".join(each.path) for each in asked(server))
