"""What a session makes of a directory that does not do as it should."""

from __future__ import annotations

import pytest

from connectors.contract import Query
from connectors.errors import (
    MisconfiguredError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
)
from connectors.kit.source import rows_of
from connectors.ldap import Ldap
from tests.connectors.ldap.directory import (
    BIND,
    EXTENDED,
    SEARCH,
    control,
    directory,
    entry,
    octets,
    result,
    sequence,
    usual,
)
from tests.connectors.ldap.directory import integer as number

PAGED = "1.2.840.113556.1.4.319"
UID = b"5f5c3c1e-0000-4000-8000-000000000001"


def ldap(*urls, **more):
    objects = {"things": {"base": "dc=x", "key": "uid", "attributes": ["uid", "member"]}}
    settings = {"url": list(urls), "objects": objects, "read_timeout": 5}
    return Ldap.model_validate(settings | more)


def read(url, **more):
    return rows_of(ldap(url, **more).read(Query("things")))


def things(*answers):
    """Answer every search with these, after login, root and schema."""
    return usual(lambda asked: [*answers, result(asked)])


def refusing(code, said="", tag=SEARCH):
    def answer(asked):
        return [result(asked, code, said)] if asked.tag == tag else None

    return answer if tag == BIND else usual(answer)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("52e", "the password is wrong"),
        ("525", "there is no such user"),
        ("532", "its password has expired"),
        ("533", "the account is disabled"),
        ("701", "the account has expired"),
        ("773", "it must change its password first"),
        ("775", "the account is locked out"),
        ("999", "the credentials are refused"),
    ],
)
def test_active_directory_says_why_it_refuses_a_login(data, why):
    said = f"80090308: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data {data}, v"
    with directory(refusing(49, said, BIND)) as url, pytest.raises(UnauthorizedError, match=why):
        ldap(url).check()


@pytest.mark.parametrize(
    ("code", "error", "text"),
    [
        (1, TransientError, "operationsError"),
        (3, TransientError, "timeLimitExceeded"),
        (4, MisconfiguredError, "sizeLimitExceeded.*raise its limits"),
        (8, MisconfiguredError, "strongerAuthRequired.*ldaps"),
        (11, MisconfiguredError, "adminLimitExceeded"),
        (12, MisconfiguredError, "unavailableCriticalExtension"),
        (13, MisconfiguredError, "confidentialityRequired"),
        (32, MisconfiguredError, "noSuchObject"),
        (50, UnauthorizedError, "insufficientAccessRights"),
        (51, ThrottledError, "busy"),
        (52, TransientError, "unavailable"),
        (53, MisconfiguredError, "unwillingToPerform"),
    ],
)
def test_each_refusal_of_a_search_says_what_to_do(code, error, text):
    with directory(refusing(code, "cn=Ann Lee secret")) as url:
        with pytest.raises(error, match=text) as caught:
            read(url)
        assert type(caught.value) is error
        assert "Ann" not in str(caught.value)


def test_of_the_servers_words_only_names_of_the_schema_are_shown():
    said = "0000208D: no attribute 'member' or 'uid' for Ann Lee"
    with directory(refusing(17, said)) as url, pytest.raises(MisconfiguredError) as caught:
        read(url)
    assert "(0000208D, member, uid)" in str(caught.value)
    assert "Ann" not in str(caught.value)


def test_a_stranger_at_active_directory_is_told_to_log_in():
    said = "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a"
    with directory(refusing(1, said)) as url, pytest.raises(UnauthorizedError, match="set bind"):
        read(url)


def test_a_silent_server_is_not_waited_for_for_ever():
    with directory(lambda _: []) as url, pytest.raises(TransientError, match="no answer in time"):
        ldap(url, read_timeout=0.2).check()


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x30\x84\xff\xff\xff\xff"])
def test_what_is_no_ldap_is_told_so(said, monkeypatch):
    monkeypatch.setattr("tests.connectors.ldap.directory.message", lambda _, raw: raw)
    with directory(lambda _: [said]) as url, pytest.raises(TransientError, match="is no LDAP"):
        ldap(url).check()


def test_a_server_that_hangs_up_is_a_passing_trouble():
    with directory(lambda _: None) as url, pytest.raises(TransientError, match="closed"):
        ldap(url).check()


def test_the_first_server_that_answers_is_asked():
    with directory(things(entry("uid=a", {"uid": [b"a"]}))) as url:
        source = ldap("ldap://127.0.0.1:1", url)
        assert rows_of(source.read(Query("things"))) == [{"uid": "a", "member": None}]
    with pytest.raises(TransientError, match=r"127\.0\.0\.1:1: cannot connect.*127\.0\.0\.1:2"):
        ldap("ldap://127.0.0.1:1", "ldap://127.0.0.1:2").check()
    with directory(refusing(49, tag=BIND)) as url, pytest.raises(UnauthorizedError):
        ldap(url, "ldap://127.0.0.1:1").check()


def test_other_machines_are_never_spoken_to_in_clear_text(monkeypatch):
    asked = []

    def answer(one):
        asked.append(one.tag)
        return [result(one, 2)]

    monkeypatch.setattr("connectors.ldap.options.Address.local", property(lambda _: False))
    with directory(answer) as url, pytest.raises(MisconfiguredError, match="offers no StartTLS"):
        ldap(url).check()
    assert asked == [EXTENDED]
    clear = {"dangerously_send_in_clear_text": True}
    with directory(things()) as url:
        assert ldap(url, tls=clear).check().details["tls"] == "none"


def test_nothing_that_was_said_before_tls_is_believed_after_it(monkeypatch):
    monkeypatch.setattr("connectors.ldap.options.Address.local", property(lambda _: False))

    def answer(asked):
        return [result(asked), result(asked)]

    with directory(answer) as url, pytest.raises(MisconfiguredError, match="before TLS"):
        ldap(url).check()


def test_pages_are_asked_for_until_the_server_says_it_was_the_last():
    sizes = []

    def answer(asked):
        if PAGED not in asked.controls:
            return [result(asked)]
        sizes.append(asked.controls[PAGED])
        last = len(sizes) == 3
        value = sequence(number(0), octets(b"" if last else b"more"))
        name = f"u{len(sizes)}"
        return [
            entry(f"uid={name}", {"uid": [name.encode()]}),
            result(asked, 0, "", control(PAGED, value)),
        ]

    with directory(usual(answer)) as url:
        found = read(url, page_size=1)
    assert [row["uid"] for row in found] == ["u1", "u2", "u3"]
    assert sizes[0] == sequence(number(1), octets(b""))
    assert sizes[1] == sizes[2] == sequence(number(1), octets(b"more"))


def test_values_that_come_in_parts_are_put_together():
    def answer(asked):
        wanted = asked.wanted
        if wanted == ["member;range=2-*"]:
            return [entry("uid=g", {"member;range=2-3": [b"cn=c", b"cn=d"]}), result(asked)]
        if wanted == ["member;range=4-*"]:
            return [entry("uid=g", {"member;range=4-*": [b"cn=e"]}), result(asked)]
        given = {"uid": [b"g"], "member": [], "member;range=0-1": [b"cn=a", b"cn=b"]}
        return [entry("uid=g", given), result(asked)]

    with directory(usual(answer)) as url:
        (row,) = read(url)
    assert row["member"] == ["cn=a", "cn=b", "cn=c", "cn=d", "cn=e"]


def test_a_value_of_the_wrong_form_rejects_its_row_alone():
    answers = [
        entry("uid=a", {"uid": [b"a"], "age": [b"old"]}),
        entry("uid=b", {"uid": [b"b"], "age": [b"7"], "userPassword": [b"{SSHA}x"]}),
        entry("uid=c", {"uid": [b"\xff\xfe"]}),
        entry("uid=d", {"age": [b"7"]}),
    ]
    objects = {"things": {"base": "dc=x", "key": "uid"}}
    with directory(things(*answers)) as url:
        (page,) = ldap(url, objects=objects).read(Query("things"))
    assert page.rows == [{"dn": "uid=b", "uid": "b", "age": 7}]
    assert [(one.place, one.reason) for one in page.rejected] == [
        ("things entry 1", "age holds no integer"),
        ("things entry 3", "uid holds no text"),
        ("things entry 4", "it has no uid, which is to be its key"),
    ]
    assert "SSHA" not in "".join(one.raw for one in page.rejected)


def test_a_schema_that_is_hidden_makes_everything_a_list_but_what_is_said_to_be_single():
    def answer(asked):
        if asked.base == "":
            return [entry("", {"namingContexts": [b"dc=x"]}), result(asked)]
        if asked.tag == SEARCH:
            given = {"uid": [b"a"], "member": [b"cn=a"], "entryUUID": [UID]}
            return [entry("uid=a", given), result(asked)]
        return [result(asked)]

    objects = {"things": {"base": "dc=x", "single": ["uid"]}}
    with directory(answer) as url:
        (row,) = read(url, objects=objects)
    assert row == {"dn": "uid=a", "uid": "a", "member": ["cn=a"], "entryUUID": UID.decode()}


def test_a_directory_without_a_feed_says_what_to_do_instead():
    with directory(things()) as url, pytest.raises(MisconfiguredError, match="mode: cursor"):
        list(ldap(url).changes(Query("things")))
