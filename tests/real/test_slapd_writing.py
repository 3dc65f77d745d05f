"""The LDAP connector against OpenLDAP: write."""

from __future__ import annotations

import signal
import uuid
from typing import ClassVar

import pytest

from connectors.contract import Action, Change
from connectors.errors import (
    ConflictError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    TransientError,
    UncertainError,
)
from connectors.kit import TargetContract
from connectors.ldap.names import normal, pairs, split
from tests.real.directory import Troubles, ldap
from tests.real.openldap import READER

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("ldap_passwords")]


def accounts_at(base, **more):
    spec = {
        "base": base,
        "filter": "(objectClass=inetOrgPerson)",
        "single": ["uid", "cn", "sn", "givenName", "title", "employeeNumber"],
        "external_id": "employeeNumber",
        "rdn": "uid={uid}",
        "classes": ["inetOrgPerson"],
    }
    return {"people": spec | more}


class TestSlapdAsTarget(Troubles, TargetContract):
    name = "people"
    unique = "uid"
    fixed: ClassVar = {"givenName": "Zoë", "sn": "Lee", "cn": "Zoë Lee"}
    edited = ("title", "Lee", "O'Brien-日本")

    @pytest.fixture
    def target(self, slapd, place):
        return ldap(slapd.url, accounts_at(place))


def change(action, key="k1", **more):
    return Change(number=1, object="people", action=action, key=key, **more)


def done(target, one):
    (outcome,) = target.apply([one])
    assert outcome.error is None, outcome.error
    return outcome.id


def refusal(target, one):
    (outcome,) = target.apply([one])
    return outcome.error


PERSON = {"uid": "ann", "cn": "Ann Lee", "sn": "Lee", "givenName": "Ann"}


def made(target, key="k1", **more):
    return done(target, change(Action.CREATE, key, after={**PERSON, **more}))


def account(target):
    (found,) = target.accounts("people")
    return found


def test_an_entry_is_named_by_its_template_and_renamed_with_its_values(slapd, place):
    odd = 'O\'Brien, "Ann" #1+2=3 <x>; \\ö'
    named = {"rdn": "cn={givenName} {sn}+uid={uid}", "single": ["uid", "cn", "sn", "givenName"]}
    target = ldap(slapd.url, accounts_at(place, **named))
    after = {"uid": "ann", "sn": odd, "givenName": "Ann", "title": "Dr"}
    identifier = done(target, change(Action.CREATE, after=after))
    found = account(target).attributes
    assert list(pairs(split(found["dn"])[0])) == [("cn", f"Ann {odd}"), ("uid", "ann")]
    assert found["cn"] == f"Ann {odd}"
    news = {"sn": "Lee", "title": "Prof"}
    done(target, change(Action.UPDATE, id=identifier, before=after, after=news))
    found = account(target).attributes
    assert found["dn"] == f"cn=Ann Lee+uid=ann,{place}"
    assert (found["cn"], found["sn"], found["title"]) == ("Ann Lee", "Lee", ["Prof"])
    assert account(target).id == identifier


def test_an_entry_moves_when_its_place_changes_and_not_otherwise(slapd, place):
    for unit in ("north", "south"):
        slapd.change(
            f"dn: ou={unit},{place}\nchangetype: add\nobjectClass: organizationalUnit\nou: {unit}\n"
        )
    spec = accounts_at(place, parent=f"ou={{departmentNumber}},{place}")
    target = ldap(slapd.url, spec)
    identifier = made(target, departmentNumber="north")
    assert account(target).attributes["dn"] == f"uid=ann,ou=north,{place}"
    done(target, change(Action.UPDATE, id=identifier, after={"departmentNumber": "south"}))
    assert account(target).attributes["dn"] == f"uid=ann,ou=south,{place}"
    slapd.change(
        f"dn: uid=ann,ou=south,{place}\nchangetype: moddn\nnewrdn: uid=ann\ndeleteoldrdn: 1\n"
        f"newsuperior: {place}\n"
    )
    done(target, change(Action.UPDATE, id=identifier, after={"givenName": "Anna"}))
    assert account(target).attributes["dn"] == f"uid=ann,{place}"
    error = refusal(target, change(Action.UPDATE, id=identifier, after={"departmentNumber": "x"}))
    assert isinstance(error, NotFoundError)
    assert "the place it is to stand in" in str(error)


def test_of_several_values_only_ours_move(slapd, place):
    target = ldap(slapd.url, accounts_at(place))
    identifier = made(target, telephoneNumber=["1", "2"], mail=[f"a@{place[3:9]}.org"])
    slapd.change(
        f"dn: uid=ann,{place}\nchangetype: modify\nadd: telephoneNumber\ntelephoneNumber: 9\n"
    )
    ours = {"telephoneNumber": ["1", "2"]}
    news = change(Action.UPDATE, id=identifier, before=ours, after={"telephoneNumber": ["2", "3"]})
    for _ in range(2):
        done(target, news)
        assert sorted(account(target).attributes["telephoneNumber"]) == ["2", "3", "9"]
    gone = change(
        Action.UPDATE,
        id=identifier,
        before={"telephoneNumber": ["2", "3"]},
        after={"telephoneNumber": None},
    )
    done(target, gone)
    assert account(target).attributes["telephoneNumber"] == ["9"]
    spelled = {"mail": [f"A@{place[3:9]}.ORG"]}
    before = {"mail": [f"a@{place[3:9]}.org"]}
    done(target, change(Action.UPDATE, id=identifier, before=before, after=spelled))
    assert account(target).attributes["mail"] == spelled["mail"]


def test_members_of_a_group_that_others_added_stay(slapd, place):
    one, two = (f"uid={name},{place}" for name in ("one", "two"))
    group = {"base": place, "filter": "(objectClass=groupOfNames)", "classes": ["groupOfNames"]}
    more = {"single": ["cn", "o"], "external_id": "o", "rdn": "cn={cn}"}
    target = ldap(slapd.url, {"people": group | more})
    identifier = done(target, change(Action.CREATE, after={"cn": "g", "member": [one]}))
    slapd.change(f"dn: cn=g,{place}\nchangetype: modify\nadd: member\nmember: cn=other,{place}\n")
    after = {"member": [two.upper().replace(",", " , ")]}
    done(target, change(Action.UPDATE, id=identifier, before={"member": [one]}, after=after))
    members = {normal(name) for name in account(target).attributes["member"]}
    assert members == {normal(two), normal(f"cn=other,{place}")}


def test_an_account_is_disabled_and_enabled_again(slapd, place):
    target = ldap(slapd.url, accounts_at(place))
    identifier = made(target)
    assert account(target).attributes["active"] is True
    for _ in range(2):
        done(target, change(Action.DEACTIVATE, id=identifier))
        assert account(target).attributes["active"] is False
    done(target, change(Action.UPDATE, id=identifier, after={"active": True}))
    assert account(target).attributes["active"] is True
    by = {"disabled": {"attribute": "employeeType", "value": "left", "active": "here"}}
    target = ldap(slapd.url, accounts_at(place, **by))
    done(target, change(Action.DEACTIVATE, id=identifier))
    found = account(target).attributes
    assert (found["active"], found["employeeType"]) == (False, ["left"])
    done(target, change(Action.UPDATE, id=identifier, after={"active": True}))
    assert account(target).attributes["employeeType"] == ["here"]


def test_each_refusal_of_a_write_says_what_is_wrong_without_the_value(slapd, place):
    target = ldap(slapd.url, accounts_at(place))
    identifier = made(target, mail=[f"ann@{place[3:9]}"])
    slapd.add(f"cn=below,uid=ann,{place}", {"objectClass": ["device"], "cn": ["below"]})
    other = {"uid": "bob", "cn": "Bob", "sn": "B"}
    refusals = {
        "entryAlreadyExists": (ConflictError, change(Action.CREATE, "k2", after=PERSON)),
        "must be unique": (
            ConflictError,
            change(Action.CREATE, "k2", after={**other, "mail": [f"ann@{place[3:9]}"]}),
        ),
        "objectClassViolation": (
            RejectedError,
            change(Action.UPDATE, id=identifier, after={"sn": None}),
        ),
        "no such attribute; did you mean 'mail'": (
            RejectedError,
            change(Action.UPDATE, id=identifier, after={"mial": "x"}),
        ),
        "passwords are never written": (
            RejectedError,
            change(Action.UPDATE, id=identifier, after={"userPassword": "secret"}),
        ),
        "made of rdn and parent": (RejectedError, change(Action.CREATE, "k2", after={"dn": "x"})),
        "rdn needs uid": (RejectedError, change(Action.CREATE, "k2", after={"cn": "x"})),
        "notAllowedOnNonLeaf": (RejectedError, change(Action.DELETE, id=identifier)),
        "no entry has this id": (
            NotFoundError,
            change(Action.DEACTIVATE, id=str(uuid.uuid4())),
        ),
    }
    for text, (kind, one) in refusals.items():
        error = refusal(target, one)
        assert type(error) is kind, text
        assert text in str(error)
        assert not any(value in str(error) for value in ("Ann", "Lee", "secret", "ann@"))


def test_who_may_only_read_writes_nothing_and_is_told(slapd, place):
    reader = {"type": "simple", "user": READER, "password": "env:READER_PASSWORD"}
    target = ldap(slapd.url, accounts_at(place), bind=reader)
    error = refusal(target, change(Action.CREATE, after=PERSON))
    assert type(error) is RejectedError
    assert "insufficientAccessRights" in str(error)


def test_a_target_says_which_setting_it_misses(slapd, place):
    for missing in ("external_id", "rdn", "classes"):
        spec = accounts_at(place)
        del spec["people"][missing]
        with pytest.raises(MisconfiguredError, match=missing):
            list(ldap(slapd.url, spec).apply([change(Action.CREATE, after=PERSON)]))


def test_a_lost_line_leaves_one_change_uncertain_and_the_next_is_sent(slapd, place):
    target = ldap(slapd.url, accounts_at(place))
    changes = [
        change(Action.CREATE, f"k{n}", after={**PERSON, "uid": f"u{n}"})._replace(number=n)
        for n in range(4)
    ]

    def given():
        yield changes[0]
        slapd.stop(signal.SIGKILL)
        yield changes[1]
        yield changes[2]
        slapd.start()
        yield changes[3]

    kinds = [type(outcome.error) for outcome in target.apply(given())]
    assert kinds == [type(None), UncertainError, TransientError, type(None)]
    assert {one.key for one in target.accounts("people")} == {"k0", "k3"}
