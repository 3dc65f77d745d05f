"""The LDAP connector against OpenLDAP: read, follow, secure, write."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from connectors.contract import Action, Change, Cursor, Query
from connectors.errors import (
    ConflictError,
    ExpiredCursorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    TransientError,
    UncertainError,
)
from connectors.kit import CANARY, RECORDS, FeedContract, SourceContract, TargetContract
from connectors.kit.source import rows_of
from connectors.ldap import Ldap
from connectors.ldap.names import normal, pairs, split
from tests.real.openldap import ADMIN, PASSWORD, READER, SUFFIX, Slapd, name_of, record

pytestmark = pytest.mark.real

COLUMNS = ["id", "name", "note", "big", "changed"]


@pytest.fixture(scope="module")
def slapd(tmp_path_factory):
    server = Slapd(tmp_path_factory.mktemp("slapd"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("LDAP_PASSWORD", PASSWORD)
    monkeypatch.setenv("READER_PASSWORD", "reader-secret")


def ldap(url, objects=None, **more):
    bind = {"type": "simple", "user": ADMIN, "password": "env:LDAP_PASSWORD"}
    return Ldap.model_validate({"url": url, "bind": bind, "objects": objects or PEOPLE} | more)


def records_at(base, **more):
    spec = {"base": base, "filter": "(objectClass=record)", "single": ["name"]}
    return {"people": spec | {"attributes": COLUMNS, "key": "id"} | more}


PEOPLE = records_at(SUFFIX)


@pytest.fixture
def place(slapd):
    return slapd.place(uuid.uuid4().hex)


class TestSlapdAsSource(SourceContract):
    @pytest.fixture
    def source(self, slapd, place, records):
        for row in records:
            slapd.add(name_of(row["id"], place), record(row))
        return ldap(slapd.url, records_at(place))

    @pytest.fixture
    def empty(self, slapd, place):
        return ldap(slapd.url, records_at(place))

    @pytest.fixture
    def unreachable(self):
        return ldap("ldap://127.0.0.1:1")

    @pytest.fixture
    def refused(self, slapd, monkeypatch):
        monkeypatch.setenv("LDAP_PASSWORD", CANARY)
        return ldap(slapd.url)


class System:
    """The records of one place, changed as an administrator would."""

    def __init__(self, slapd: Slapd, base: str) -> None:
        self.slapd, self.base = slapd, base
        self.held: set[str] = set()

    def put(self, row: Mapping[str, Any]) -> None:
        dn = name_of(row["id"], self.base)
        if row["id"] not in self.held:
            self.held.add(row["id"])
            self.slapd.add(dn, record(row))
            return
        lines = [f"replace: name\nname: {row['name']}"]
        self.slapd.change(f"dn: {dn}\nchangetype: modify\n" + "\n-\n".join(lines) + "\n")

    def remove(self, key: str) -> None:
        self.held.discard(key)
        self.slapd.remove(name_of(key, self.base))


class TestSlapdAsFeed(FeedContract):
    key = "entryUUID"

    @pytest.fixture
    def system(self, slapd, place, records):
        made = System(slapd, place)
        for row in records:
            made.put(row)
        return made

    @pytest.fixture
    def feed(self, slapd, system):
        return ldap(slapd.url, records_at(system.base, key=None))

    def key_of(self, feed, record_id):
        rows = rows_of(feed.read(Query("people", key="entryUUID")))
        return next(row["entryUUID"] for row in rows if row["id"] == record_id)

    @pytest.fixture
    def stale(self, slapd, system, feed, records):
        """A position from before the server lost its memory: it keeps none when it ends."""
        position = self.now(feed)
        system.put({**records[0], "name": "Changed"})
        slapd.stop()
        slapd.start()
        return position


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


class TestSlapdAsTarget(TargetContract):
    name = "people"
    unique = "uid"
    fixed: ClassVar = {"givenName": "Zoë", "sn": "Lee", "cn": "Zoë Lee"}
    edited = ("title", "Lee", "O'Brien-日本")

    @pytest.fixture
    def target(self, slapd, place):
        return ldap(slapd.url, accounts_at(place))

    @pytest.fixture
    def unreachable(self):
        return ldap("ldap://127.0.0.1:1")

    @pytest.fixture
    def refused(self, slapd, monkeypatch):
        monkeypatch.setenv("LDAP_PASSWORD", CANARY)
        return ldap(slapd.url)


def test_a_feed_without_memory_is_expired_even_when_nothing_is_left(tmp_path):
    server = Slapd(tmp_path, memory=0)
    server.start()
    try:
        base = server.place("p")
        server.add(name_of("a", base), record({"id": "a"}))
        feed = ldap(server.url, records_at(base, key=None))
        *_, page = feed.changes(Query("people"))
        assert rows_of(feed.changes(Query("people", after=page.cursor))) == []
        server.remove(name_of("a", base))
        with pytest.raises(ExpiredCursorError, match="sessionlog"):
            list(feed.changes(Query("people", after=page.cursor)))
    finally:
        server.stop()


def test_a_position_is_worth_nothing_for_another_choice_of_entries(slapd, place):
    *_, page = ldap(slapd.url, records_at(place, key=None)).changes(Query("people"))
    for other in (records_at(SUFFIX, key=None), records_at(place, key=None, attributes=["id"])):
        with pytest.raises(ExpiredCursorError, match="another base"):
            list(ldap(slapd.url, other).changes(Query("people", after=page.cursor)))
    feed = ldap(slapd.url, records_at(place, key=None))
    for garbage in ("garbage", "syncrepl:x:1:%", "dirsync:a:b:c", "", page.cursor.value[:-3]):
        with pytest.raises(ExpiredCursorError):
            list(feed.changes(Query("people", after=Cursor(garbage))))


def test_the_feed_wants_the_key_that_it_knows(slapd, place):
    with pytest.raises(MisconfiguredError, match="make that the mapping's key instead of id"):
        list(ldap(slapd.url, records_at(place)).changes(Query("people")))


def test_a_read_that_is_killed_goes_on_where_it_was(slapd, place):
    for number in range(40):
        slapd.add(name_of(f"k{number:02}", place), record({**RECORDS[0], "id": f"k{number:02}"}))
    source = ldap(slapd.url, records_at(place, attributes=None), page_size=7)
    query = Query("people", key="id", cursor="changed", page_size=5)
    pages = source.read(query)
    first = [next(pages), next(pages)]
    pages.close()
    slapd.stop(signal.SIGKILL)
    with pytest.raises(TransientError, match="cannot connect"):
        list(source.read(query))
    slapd.start()
    rest = list(source.read(Query("people", key="id", cursor="changed", after=first[1].cursor)))
    keys = [row["id"] for row in rows_of([*first, *rest])]
    assert keys == [f"k{number:02}" for number in range(40)]


def test_a_server_that_ends_in_the_middle_of_an_answer_is_a_passing_trouble(slapd, place):
    for number in range(20):
        slapd.add(name_of(f"m{number}", place), record({"id": f"m{number}"}))
    pages = ldap(slapd.url, records_at(place), page_size=3).read(Query("people", page_size=3))
    next(pages)
    slapd.stop(signal.SIGKILL)
    try:
        with pytest.raises(TransientError):
            list(pages)
    finally:
        slapd.start()


def test_way_and_login_are_told_by_the_check(slapd):
    found = ldap(slapd.url, tls={"start_tls": True, "ca_file": slapd.folder / "ca.pem"}).check()
    assert found.identity == f"OpenLDAP at {slapd.url}"
    assert found.details["bound as"] == f"dn:{ADMIN}"
    assert found.details["tls"].startswith("TLSv1.")
    assert found.details["naming contexts"] == SUFFIX
    assert "slapd 2." in found.details["version"]
    secure = f"ldaps://127.0.0.1:{slapd.port + 1}"
    assert ldap(secure, tls={"ca_file": slapd.folder / "ca.pem"}).check().details["tls"]
    assert ldap(slapd.url).check().details["tls"] == "none"


@pytest.mark.parametrize("secure", [True, False])
def test_a_certificate_is_checked_by_who_signed_it_and_by_its_name(slapd, secure):
    url = f"ldaps://127.0.0.1:{slapd.port + 1}" if secure else slapd.url
    ca_file = slapd.folder / "ca.pem"
    with pytest.raises(MisconfiguredError, match=r"not trusted.*tls.ca_file"):
        ldap(url, tls={"start_tls": True}).check()
    with pytest.raises(MisconfiguredError, match=r"another name.*tls.server_name"):
        ldap(url, tls={"start_tls": True, "ca_file": ca_file, "server_name": "x.example"}).check()
    by_name = {"start_tls": True, "ca_file": ca_file, "server_name": "ldap.example.org"}
    assert ldap(url, tls=by_name).check().details["tls"]
    anybody = {"start_tls": True, "dangerously_accept_any_certificate": True}
    assert ldap(url, tls=anybody).check().details["tls"]


def test_a_port_without_tls_is_no_tls_port(slapd):
    with pytest.raises((MisconfiguredError, TransientError), match="TLS"):
        ldap(f"ldaps://127.0.0.1:{slapd.port}").check()


def test_a_certificate_or_a_local_user_is_a_login_too(slapd):
    tls = {"ca_file": slapd.folder / "ca.pem", "client_certificate": slapd.folder / "client.pem"}
    external = {"type": "external"}
    secure = f"ldaps://127.0.0.1:{slapd.port + 1}"
    for url, more in ((secure, {"tls": tls}), (slapd.socket, {})):
        assert ldap(url, bind=external, **more).check().details["bound as"] == f"dn:{READER}"


def test_what_may_not_be_seen_and_what_is_not_there_is_told(slapd, place):
    reader = {"type": "simple", "user": READER, "password": "env:READER_PASSWORD"}
    hidden = records_at(f"ou=hidden,{SUFFIX}")
    with pytest.raises(MisconfiguredError, match=r"people: noSuchObject.*not there, or we may not"):
        ldap(slapd.url, hidden, bind=reader).check()
    with pytest.raises(MisconfiguredError, match="noSuchObject"):
        list(ldap(slapd.url, hidden, bind=reader).read(Query("people")))
    with pytest.raises(MisconfiguredError, match="invalidDNSyntax"):
        ldap(slapd.url, records_at("nonsense")).check()
    nobody = ldap(slapd.url, records_at(place), bind={"type": "anonymous"})
    with pytest.raises(MisconfiguredError):
        nobody.check()


def test_an_unknown_attribute_is_told_before_anything_is_read(slapd, place):
    source = ldap(slapd.url, records_at(place, attributes=["id", "nmae"]))
    with pytest.raises(MisconfiguredError, match="no attribute 'nmae'; did you mean 'name'"):
        list(source.read(Query("people")))
    with pytest.raises(MisconfiguredError, match="cannot compare by 'name'"):
        list(ldap(slapd.url, records_at(place)).read(Query("people", cursor="name")))


def test_no_password_is_read_however_it_is_asked_for(slapd):
    objects = {"all": {"base": SUFFIX, "filter": "(objectClass=simpleSecurityObject)"}}
    (row,) = rows_of(ldap(slapd.url, objects).read(Query("all")))
    assert row["dn"] == READER
    assert not any("password" in name.lower() for name in row)
    with pytest.raises(MisconfiguredError, match="userPassword is a password"):
        list(ldap(slapd.url, objects).read(Query("all", fields=("userPassword",))))


def test_more_entries_than_the_server_gives_is_an_error_and_no_short_answer(tmp_path):
    server = Slapd(tmp_path, most="3")
    server.start()
    try:
        base = server.place("p")
        for number in range(6):
            server.add(name_of(f"k{number}", base), record({"id": f"k{number}"}))
        reader = {"type": "simple", "user": READER, "password": "env:READER_PASSWORD"}
        source = ldap(server.url, records_at(base), bind=reader, page_size=2)
        with pytest.raises(MisconfiguredError, match=r"LimitExceeded.*size.prtotal"):
            list(source.read(Query("people")))
    finally:
        server.stop()


def test_parts_of_the_tree_that_others_keep_are_left_out_and_told(slapd, place, capsys):
    slapd.change(
        f"dn: ou=elsewhere,{place}\nchangetype: add\nobjectClass: referral\n"
        f"objectClass: extensibleObject\nou: elsewhere\nref: ldap://127.0.0.1:1/{place}\n"
    )
    slapd.add(name_of("a", place), record({"id": "a"}))
    assert len(rows_of(ldap(slapd.url, records_at(place)).read(Query("people")))) == 1
    assert "ldap.references_not_followed" in capsys.readouterr().out
    with pytest.raises(MisconfiguredError, match=r"kept by 127.0.0.1:1; credentials are not sent"):
        list(ldap(slapd.url, records_at(f"ou=elsewhere,{place}")).read(Query("people")))


def test_a_row_without_named_columns_has_all_that_is_there(slapd, place):
    attributes = {"objectClass": ["inetOrgPerson"], "cn": ["Ann", "Anne"], "sn": ["Lee"]}
    slapd.add(f"uid=ann,{place}", {**attributes, "uid": ["ann"], "mail": [f"{uuid.uuid4()}@x"]})
    people = {"base": place, "filter": "(uid=*)", "single": ["uid", "sn", "mail"]}
    source = ldap(slapd.url, {"people": people})
    (row,) = rows_of(source.read(Query("people")))
    assert row["dn"] == f"uid=ann,{place}"
    assert (row["cn"], row["sn"], row["uid"]) == (["Ann", "Anne"], "Lee", "ann")
    assert row["_disabled"] is False
    assert uuid.UUID(row["entryUUID"])
    (schema,) = source.discover()
    columns = {column.name: column.type for column in schema.columns}
    assert schema.key == ("entryUUID",)
    assert columns["cn"] == "text[]"
    assert columns["sn"] == "text"
    assert set(row) <= set(columns)
    assert not {"userPassword", "jpegPhoto"} & set(columns)


def test_several_values_where_one_was_promised_go_to_the_rejected(slapd, place):
    attributes = {"objectClass": ["inetOrgPerson"], "cn": ["Ann", "Anne"], "sn": ["Lee"]}
    slapd.add(f"uid=ann,{place}", {**attributes, "uid": ["ann"]})
    people = {"base": place, "filter": "(uid=*)", "single": ["cn"]}
    (page,) = ldap(slapd.url, {"people": people}).read(Query("people"))
    assert list(page.rows) == []
    (rejected,) = page.rejected
    assert rejected.reason == "cn has 2 values, but `single` says that there is one"
    assert "Ann" not in f"{rejected!r}{rejected.place}{rejected.reason}"
    assert "cn:: " in rejected.raw


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
