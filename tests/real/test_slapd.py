"""The LDAP connector against OpenLDAP: read, follow, secure."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from connectors.contract import Cursor, Query
from connectors.errors import (
    ExpiredCursorError,
    MisconfiguredError,
    TransientError,
)
from connectors.kit import RECORDS, FeedContract, SourceContract
from connectors.kit.source import rows_of
from tests.real.directory import Troubles, ldap, records_at
from tests.real.openldap import ADMIN, READER, SUFFIX, Slapd, name_of, record

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("ldap_passwords")]


class TestSlapdAsSource(Troubles, SourceContract):
    @pytest.fixture
    def source(self, slapd, place, records):
        for row in records:
            slapd.add(name_of(row["id"], place), record(row))
        return ldap(slapd.url, records_at(place))

    @pytest.fixture
    def empty(self, slapd, place):
        return ldap(slapd.url, records_at(place))


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
