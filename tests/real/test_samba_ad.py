"""The LDAP connector against an Active Directory domain controller: read, follow, write."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from connectors.contract import Action, Change, Cursor, Query
from connectors.errors import (
    ConflictError,
    ExpiredCursorError,
    MisconfiguredError,
    RejectedError,
    UnauthorizedError,
)
from connectors.kit import CANARY, TargetContract
from connectors.kit.source import rows_of
from connectors.ldap import Ldap
from connectors.ldap.token import Token
from tests.real.samba import ADMIN, DOMAIN, HOST, PASSWORD, Samba

pytestmark = pytest.mark.real

COLUMNS = ["dn", "sAMAccountName", "sn", "mail", "_disabled"]


@pytest.fixture(scope="module")
def samba(tmp_path_factory):
    server = Samba(tmp_path_factory.mktemp("samba"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("AD_PASSWORD", PASSWORD)


@pytest.fixture
def unit(samba):
    """An organisational unit of its own for each test."""
    name = f"OU=u{uuid.uuid4().hex[:8]},{DOMAIN}"
    samba.change(f"dn: {name}\nchangetype: add\nobjectClass: organizationalUnit\n")
    return name


def ad(samba, base, user="administrator@example.test", tls=None, **more):
    spec = {"base": base, "filter": "(&(objectClass=user)(objectCategory=person))"}
    return Ldap.model_validate(
        {
            "url": samba.url,
            "bind": {"type": "simple", "user": user, "password": "env:AD_PASSWORD"},
            "tls": tls or secured(samba),
            "objects": {"people": spec | {"attributes": COLUMNS} | more},
        }
    )


def secured(samba):
    return {"start_tls": True, "ca_file": samba.folder / "ca.pem", "server_name": HOST}


def account_name(unit, number):
    return f"{unit[3:9]}{number}"


def add(samba, unit, *numbers, **more):
    for number in numbers:
        given = {"sAMAccountName": account_name(unit, number), "sn": f"S{number}"} | more
        lines = "".join(f"{name}: {value}\n" for name, value in given.items())
        samba.change(f"dn: CN=p{number},{unit}\nchangetype: add\nobjectClass: user\n{lines}")


def modify(samba, unit, number, attribute, value):
    samba.change(
        f"dn: CN=p{number},{unit}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
    )


def now(source):
    *_, page = source.changes(Query("people"))
    return page.cursor


def test_the_check_says_who_answers_and_that_the_way_is_secured(samba):
    found = ad(samba, DOMAIN).check()
    assert "Active Directory" in found.identity
    assert found.details["server"] == HOST
    assert ad(samba, DOMAIN, user=ADMIN).check() == found
    assert found.details["tls"].startswith("TLSv1.")
    assert DOMAIN in found.details["naming contexts"]


def test_each_kind_of_refusal_is_told_apart(samba, monkeypatch):
    with pytest.raises(MisconfiguredError, match="strongerAuthRequired"):
        ad(samba, DOMAIN, tls={"start_tls": False}).check()
    with pytest.raises(MisconfiguredError, match="not trusted"):
        ad(samba, DOMAIN, tls={"start_tls": True}).check()
    with pytest.raises(MisconfiguredError, match="another name"):
        ad(samba, DOMAIN, tls=secured(samba) | {"server_name": "dc2.example.test"}).check()
    with pytest.raises(MisconfiguredError, match="people: noSuchObject"):
        ad(samba, f"OU=nowhere,{DOMAIN}").check()
    monkeypatch.setenv("AD_PASSWORD", CANARY)
    with pytest.raises(UnauthorizedError, match="the password is wrong") as caught:
        ad(samba, DOMAIN).check()
    assert CANARY not in str(caught.value)


def test_rows_show_values_as_active_directory_does(samba, unit):
    add(samba, unit, 1, mail="one@example.test")
    (row,) = rows_of(ad(samba, unit, attributes=None).read(Query("people")))
    assert row["dn"] == f"CN=p1,{unit}"
    assert uuid.UUID(row["objectGUID"])
    assert row["objectSid"].startswith("S-1-5-21-")
    assert (row["mail"], row["sn"], row["_disabled"]) == ("one@example.test", "S1", True)
    assert row["accountExpires"] is None
    assert datetime.fromisoformat(row["whenChanged"]) > datetime.now(UTC) - timedelta(days=1)
    assert isinstance(row["uSNChanged"], int)
    assert "person" in row["objectClass"]
    (schema,) = ad(samba, unit, attributes=None).discover()
    assert schema.key == ("objectGUID",)
    assert set(row) <= {column.name for column in schema.columns}


def test_a_read_by_usn_brings_only_what_changed_and_goes_on_after_any_page(samba, unit):
    add(samba, unit, *range(5))
    source = ad(samba, unit)
    asked = Query("people", cursor="uSNChanged", page_size=2)
    pages = list(source.read(asked))
    rows = rows_of(pages)
    assert [row["uSNChanged"] for row in rows] == sorted(row["uSNChanged"] for row in rows)
    assert [len(page.rows) for page in pages] == [2, 2, 1]
    assert rows_of(source.read(replace(asked, after=pages[0].cursor))) == rows[2:]
    modify(samba, unit, 0, "sn", "New")
    (row,) = rows_of(source.read(replace(asked, after=pages[-1].cursor)))
    assert row["sn"] == "New"
    with pytest.raises(ExpiredCursorError, match="another domain controller"):
        list(source.read(replace(asked, after=Cursor("99999999"))))


def test_a_read_by_the_time_of_change_brings_what_changed(samba, unit):
    add(samba, unit, 1, 2)
    source = ad(samba, unit)
    asked = Query("people", cursor="whenChanged")
    *_, page = source.read(asked)
    assert rows_of(source.read(replace(asked, after=page.cursor))) == []
    assert len(rows_of(source.read(replace(asked, after=Cursor(page.cursor.value))))) >= 1


def test_the_feed_brings_all_once_and_then_what_was_made_changed_moved_and_deleted(samba, unit):
    add(samba, unit, 1, 2, 3, 4, 5)
    source = ad(samba, unit, filter="(&(objectClass=user)(!(sn=hidden)))")
    pages = list(source.changes(Query("people", page_size=2)))
    first = {row["sAMAccountName"]: row["objectGUID"] for row in rows_of(pages)}
    assert first.keys() == {account_name(unit, n) for n in range(1, 6)}
    position = pages[-1].cursor
    assert rows_of(source.changes(Query("people", after=position))) == []
    modify(samba, unit, 1, "sn", "New")
    samba.change(f"dn: CN=p2,{unit}\nchangetype: delete\n")
    samba.change(
        f"dn: CN=p3,{unit}\nchangetype: moddn\nnewrdn: CN=p3\ndeleteoldrdn: 1\n"
        f"newsuperior: CN=Users,{DOMAIN}\n"
    )
    modify(samba, unit, 4, "sn", "hidden")
    add(samba, unit, 6)
    pages = list(source.changes(Query("people", after=position)))
    rows = rows_of(pages)
    gone = {row["objectGUID"] for row in rows if row["_deleted"]}
    assert gone == {first[account_name(unit, number)] for number in (2, 3, 4)}
    there = {row["sAMAccountName"]: row["sn"] for row in rows if not row["_deleted"]}
    assert there == {account_name(unit, 1): "New", account_name(unit, 6): "S6"}
    assert rows_of(source.changes(Query("people", after=pages[-1].cursor))) == []


def test_a_record_that_came_and_went_is_gone(samba, unit):
    source = ad(samba, unit)
    position = now(source)
    add(samba, unit, 1)
    samba.change(f"dn: CN=p1,{unit}\nchangetype: delete\n")
    assert all(row["_deleted"] for row in rows_of(source.changes(Query("people", after=position))))


def test_a_position_that_is_too_old_or_not_ours_is_forgotten(samba, unit):
    source = ad(samba, unit)
    _, digest, _, cookie = now(source).value.split(":")
    long_ago = datetime.now(UTC) - timedelta(days=3650)
    garbage = Token("dirsync", digest, b"no cookie").cursor()
    old = Token("dirsync", digest, b"", long_ago).cursor()
    other = Cursor(f"dirsync:0123456789ab:{int(datetime.now(UTC).timestamp())}:{cookie}")
    for position in (garbage, old, other, Cursor("syncrepl:x:1:")):
        with pytest.raises(ExpiredCursorError):
            list(source.changes(Query("people", after=position)))


def test_the_feed_needs_a_right_and_says_so(samba, unit, monkeypatch):
    name = account_name(unit, "r")
    samba.tool("user", "create", name, "Re4der-Zx9-kqv")
    monkeypatch.setenv("AD_PASSWORD", "Re4der-Zx9-kqv")
    source = ad(samba, unit, user=f"{name}@example.test")
    assert rows_of(source.read(Query("people"))) == []
    with pytest.raises(UnauthorizedError, match="Replicating Directory Changes"):
        list(source.changes(Query("people")))


class TestActiveDirectoryAsTarget(TargetContract):
    name = "people"
    unique = "sAMAccountName"
    fixed: ClassVar = {"givenName": "Zoë"}
    edited = ("sn", "Lee", "O'Brien-日本")

    @pytest.fixture
    def target(self, samba, unit):
        """Account names are unique in a domain, so each test has its own."""
        self.prefix = unit[3:9]
        return ad(samba, unit, **WRITTEN)

    def creation(self, key="k1", number=1):
        made = super().creation(key, number)
        return made._replace(after={**made.after, self.unique: f"{self.prefix}{number}"})

    @pytest.fixture
    def unreachable(self, samba):
        settings = ad(samba, DOMAIN, **WRITTEN).model_dump()
        return Ldap.model_validate(settings | {"url": "ldap://127.0.0.1:1"})

    @pytest.fixture
    def refused(self, samba, monkeypatch):
        monkeypatch.setenv("AD_PASSWORD", CANARY)
        return ad(samba, DOMAIN, **WRITTEN)


WRITTEN = {
    "attributes": None,
    "external_id": "employeeNumber",
    "rdn": "CN={sAMAccountName}",
    "classes": ["user"],
}


def change(action, key="k1", **more):
    return Change(number=1, object="people", action=action, key=key, **more)


def outcome(target, one):
    (found,) = target.apply([one])
    return found


def test_a_new_account_is_disabled_and_wants_a_password(samba, unit):
    target = ad(samba, unit, **WRITTEN)
    after = {"sAMAccountName": account_name(unit, 1), "sn": "Lee"}
    made = outcome(target, change(Action.CREATE, after=after))
    assert made.error is None
    (account,) = target.accounts("people")
    assert account.attributes["userAccountControl"] == 514
    assert account.attributes["active"] is False
    assert (account.id, account.key) == (made.id, "k1")


def test_only_the_bit_that_disables_is_touched(samba, unit):
    name = account_name(unit, 1)
    samba.tool(
        "user", "create", name, "Us3r-Zx9-kqv", f"--userou={unit.removesuffix(',' + DOMAIN)}"
    )
    modify_control = f"dn: CN={name},{unit}\nchangetype: modify\nreplace: userAccountControl\n"
    samba.change(f"{modify_control}userAccountControl: 66048\n")
    target = ad(samba, unit, **WRITTEN)
    (account,) = target.accounts("people")
    assert account.attributes["active"] is True
    assert account.key is None
    for _ in range(2):
        assert outcome(target, change(Action.DEACTIVATE, id=account.id)).error is None
        (held,) = target.accounts("people")
        assert held.attributes["userAccountControl"] == 66050
    enabled = change(Action.UPDATE, id=account.id, after={"active": True})
    assert outcome(target, enabled).error is None
    (held,) = target.accounts("people")
    assert held.attributes["userAccountControl"] == 66048


def test_an_account_is_renamed_and_moved_and_keeps_its_id(samba, unit):
    for part in ("north", "south"):
        samba.change(f"dn: OU={part},{unit}\nchangetype: add\nobjectClass: organizationalUnit\n")
    more = {"rdn": "CN={givenName} {sn}", "parent": f"OU={{department}},{unit}"}
    target = ad(samba, unit, **(WRITTEN | more))
    after = {"givenName": "Ann", "sn": "Lee, Dr", "department": "north"}
    made = outcome(target, change(Action.CREATE, after=after))
    (account,) = target.accounts("people")
    assert account.attributes["dn"] == f"CN=Ann Lee\\, Dr,OU=north,{unit}"
    news = {"sn": "O'Brien+1", "department": "south"}
    done = outcome(target, change(Action.UPDATE, id=made.id, before=after, after=news))
    assert done.error is None
    (account,) = target.accounts("people")
    assert account.attributes["dn"] == f"CN=Ann O'Brien\\+1,OU=south,{unit}"
    assert (account.id, account.attributes["sn"]) == (made.id, "O'Brien+1")


def test_what_the_directory_refuses_is_told_without_values(samba, unit):
    target = ad(samba, unit, **WRITTEN)
    name = account_name(unit, 1)
    made = outcome(target, change(Action.CREATE, after={"sAMAccountName": name}))
    again = outcome(target, change(Action.CREATE, "k2", after={"sAMAccountName": name}))
    assert isinstance(again.error, ConflictError)
    taken = outcome(
        ad(samba, unit, **(WRITTEN | {"rdn": "CN={sn}"})),
        change(Action.CREATE, "k3", after={"sAMAccountName": name, "sn": "Other"}),
    )
    assert isinstance(taken.error, ConflictError)
    assert "unique" in str(taken.error)
    long = change(Action.UPDATE, id=made.id, after={"sn": "x" * 65})
    error = outcome(target, long).error
    assert isinstance(error, RejectedError)
    assert "x" * 10 not in str(error)
    foreign = change(Action.DEACTIVATE, id="no-guid")
    assert isinstance(outcome(target, foreign).error, RejectedError)


def test_members_of_a_group_that_others_added_stay(samba, unit):
    add(samba, unit, 1, 2, 3)
    one, two, other = (f"CN=p{number},{unit}" for number in (1, 2, 3))
    group = {"filter": "(objectClass=group)", "classes": ["group"], "external_id": "info"}
    target = ad(samba, unit, **(WRITTEN | group))
    after = {"sAMAccountName": account_name(unit, "g"), "member": [one]}
    made = outcome(target, change(Action.CREATE, after=after))
    assert made.error is None
    name = f"CN={account_name(unit, 'g')},{unit}"
    samba.change(f"dn: {name}\nchangetype: modify\nadd: member\nmember: {other}\n")
    news = {"member": [two.lower()]}
    before = {"member": [one]}
    done = outcome(target, change(Action.UPDATE, id=made.id, before=before, after=news))
    assert done.error is None
    (account,) = target.accounts("people")
    assert sorted(account.attributes["member"]) == [two, other]
    refused = outcome(target, change(Action.DEACTIVATE, id=made.id))
    assert "nothing can disable it" in str(refused.error)
