"""What feeds say, as the standards allow it and servers other than the tested ones may."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from connectors.contract import Query
from connectors.errors import (
    ExpiredCursorError,
    MisconfiguredError,
    TransientError,
    UnauthorizedError,
)
from connectors.kit.source import rows_of
from connectors.ldap import Ldap
from connectors.ldap.ber import BOOLEAN, ENUMERATED, SET, element, integer, octets, sequence
from tests.connectors.ldap.directory import SEARCH, control, directory, entry, result, usual

SYNC, STATE, DONE, INFO = (f"1.3.6.1.4.1.4203.1.9.1.{number}" for number in (1, 2, 3, 4))
DIRSYNC = "1.2.840.113556.1.4.841"
IDS = [uuid.UUID(int=number) for number in range(9)]
YES = element(BOOLEAN, b"\xff")


def ldap(url, **more):
    objects = {"things": {"base": "dc=x", "attributes": ["uid"]} | more}
    return Ldap.model_validate({"url": url, "objects": objects, "read_timeout": 5})


def told(number, state, cookie=b"", **attributes):
    """One entry of a syncrepl answer."""
    extra = octets(cookie) if cookie else b""
    value = sequence(integer(state, ENUMERATED), octets(IDS[number].bytes), extra)
    given = {"entryUUID": [str(IDS[number]).encode()]} if state != 3 else {}
    return entry(f"uid={number},dc=x", given | attributes, control(STATE, value))


def info(tag, *parts):
    """An intermediate answer."""
    return element(
        0x79, element(0x80, INFO.encode()) + element(0x81, element(tag, b"".join(parts)))
    )


def ended(asked, cookie=b"c9", *, deletes=True):
    parts = [octets(cookie)] if cookie else []
    return result(asked, 0, "", control(DONE, sequence(*parts, *([YES] if deletes else []))))


def serving(say, code=0):
    """A server with syncrepl that says this."""

    def answer(asked):
        if SYNC in asked.controls:
            cookie = asked.controls[SYNC]
            return say(asked, cookie) if not code else [result(asked, code)]
        return [result(asked)]

    def whole(asked):
        if asked.tag == SEARCH and asked.base == "":
            root = {"supportedControl": [SYNC.encode()], "subschemaSubentry": [b"cn=schema"]}
            return [entry("", root), result(asked)]
        return usual(answer)(asked)

    return whole


def first(url, **more):
    return list(ldap(url, **more).changes(Query("things")))


def after(url, page, **more):
    return list(ldap(url, **more).changes(Query("things", after=page.cursor)))


def test_deleted_entries_may_be_told_one_by_one_or_together():
    def say(asked, cookie):
        if b"c9" not in cookie:
            return [told(1, 1, uid=[b"a"]), ended(asked)]
        together = element(SET, octets(IDS[4].bytes) + octets(IDS[5].bytes))
        return [
            info(0x80, b"c2"),
            told(3, 3),
            info(0xA3, octets(b"c3"), YES, together),
            info(0xA1, octets(b"c4"), YES),
            told(1, 2, b"c5", uid=[b"b"]),
            ended(asked, b""),
        ]

    with directory(serving(say)) as url:
        (page,) = first(url)
        (news,) = after(url, page)
    assert page.rows == [{"entryUUID": str(IDS[1]), "uid": "a", "_deleted": False}]
    assert [(row["entryUUID"], row["_deleted"]) for row in news.rows] == [
        (str(IDS[3]), True),
        (str(IDS[4]), True),
        (str(IDS[5]), True),
        (str(IDS[1]), False),
    ]
    assert news.cursor.value.endswith("YzU=")  # the cookie c5, the last that was given


@pytest.mark.parametrize(
    "present",
    [
        lambda asked: [told(1, 0), ended(asked)],
        lambda asked: [info(0xA2, YES), ended(asked)],
        lambda asked: [info(0xA3, element(SET, octets(IDS[1].bytes))), ended(asked)],
        lambda asked: [ended(asked, deletes=False)],
    ],
)
def test_a_server_that_tells_what_is_left_has_forgotten_what_went(present):
    def say(asked, cookie):
        return present(asked) if b"c9" in cookie else [ended(asked)]

    with directory(serving(say)) as url:
        (page,) = first(url)
        with pytest.raises(ExpiredCursorError, match="does not remember"):
            after(url, page)


@pytest.mark.parametrize("code", [53, 4096])
def test_a_server_that_does_not_take_the_position_is_read_anew(code):
    with directory(serving(lambda asked, _: [ended(asked)])) as url:
        (page,) = first(url)
    with directory(serving(None, code)) as url, pytest.raises(ExpiredCursorError):
        after(url, page)


def test_a_server_that_ignores_the_control_is_not_believed():
    deaf = serving(lambda asked, _: [result(asked)])
    with directory(deaf) as url, pytest.raises(MisconfiguredError, match="as if it had no feed"):
        first(url)


@pytest.mark.parametrize(
    "say",
    [
        lambda asked: [entry("uid=1,dc=x", {"uid": [b"a"]}), ended(asked)],
        lambda asked: [entry("uid=1,dc=x", {}, control(STATE, b"\x30\x03abc")), ended(asked)],
        lambda asked: [info(0xA3, YES), ended(asked)],
        lambda asked: [result(asked, 0, "", control(DONE, b""))],
    ],
)
def test_what_is_no_feed_is_told_in_one_way(say):
    wrong = "does not keep to the protocol"
    for server in (serving(lambda asked, _: say(asked)), domain(lambda asked: [result(asked)])):
        with directory(server) as url, pytest.raises(TransientError, match=wrong):
            first(url)


def test_pages_are_no_larger_than_asked_and_rejects_are_kept():
    def say(asked, _):
        good = [told(number, 1, uid=[b"a"]) for number in range(5)]
        return [*good, told(6, 1, uid=[b"\xff"]), ended(asked)]

    with directory(serving(say)) as url:
        pages = list(ldap(url).changes(Query("things", page_size=2)))
    assert [len(page.rows) for page in pages] == [2, 2, 1]
    assert [page.cursor is None for page in pages] == [True, True, False]
    (rejected,) = (one for page in pages for one in page.rejected)
    assert rejected.reason == "uid holds no text"


def domain(answer):
    """A domain controller that answers DirSync so."""

    def whole(asked):
        if asked.tag == SEARCH and asked.base == "":
            root = {
                "supportedCapabilities": [b"1.2.840.113556.1.4.800"],
                "namingContexts": [b"dc=x"],
                "configurationNamingContext": [b"cn=configuration,dc=x"],
            }
            return [entry("", root), result(asked)]
        if DIRSYNC in asked.controls:
            return answer(asked)
        if asked.tag == SEARCH and asked.base.startswith("CN=Directory Service"):
            return [entry(asked.base, {"tombstoneLifetime": [b"180"]}), result(asked)]
        return [result(asked)]

    return whole


def reply(asked, *entries, more=0, cookie=b"c"):
    value = sequence(integer(more), integer(0), octets(cookie))
    return [*entries, result(asked, 0, "", control(DIRSYNC, value))]


def test_replies_are_asked_for_until_there_are_no_more_and_each_is_a_position():
    asked_with = []

    def answer(asked):
        asked_with.append(asked.controls[DIRSYNC])
        number = len(asked_with)
        changed = entry(f"uid={number},dc=x", {"objectGUID": [IDS[number].bytes_le]})
        return reply(asked, changed, more=number % 2, cookie=b"c%d" % number)

    with directory(domain(answer)) as url:
        *_, page = first(url)
        pages = after(url, page)
    assert [octets(b"c%d" % number) in asked_with[number] for number in (1, 2, 3)] == [True] * 3
    rows = rows_of(pages)
    assert [(row["objectGUID"], row["_deleted"]) for row in rows] == [
        (str(IDS[3]), True),
        (str(IDS[4]), True),
    ]
    assert len([one for one in pages if one.cursor]) == 2


def test_the_feed_of_a_domain_wants_its_own_key():
    wrong = "objectGUID; make that the mapping's key"
    with directory(domain(reply)) as url, pytest.raises(MisconfiguredError, match=wrong):
        first(url, key="uid")


@pytest.mark.parametrize("code", [2, 12, 53])
def test_a_cookie_that_a_domain_controller_does_not_take_is_forgotten(code):
    with directory(domain(reply)) as url:
        *_, page = first(url)
    with directory(domain(lambda asked: [result(asked, code)])) as url:
        with pytest.raises(ExpiredCursorError, match="does not take the position"):
            after(url, page)
        with pytest.raises(MisconfiguredError):
            first(url)


def test_the_right_that_is_missing_has_a_name():
    server, right = domain(lambda asked: [result(asked, 50)]), "'Replicating Directory Changes'"
    with directory(server) as url, pytest.raises(UnauthorizedError, match=right):
        first(url)


def test_time_is_told_by_what_a_domain_can_compare():
    with directory(domain(reply)) as url, pytest.raises(MisconfiguredError, match="uSNChanged"):
        list(ldap(url).read(Query("things", cursor="modifyTimestamp")))
    source = Ldap.model_validate(
        {"url": ["ldap://a", "ldap://b"], "objects": {"things": {"base": "dc=x"}}}
    )
    with pytest.raises(MisconfiguredError, match="counts uSNChanged for itself"):
        list(source.read(Query("things", cursor="uSNChanged")))


def test_a_token_knows_when_it_was_given():
    with directory(domain(reply)) as url:
        *_, page = first(url)
    given = datetime.fromtimestamp(int(page.cursor.value.split(":")[2]), UTC)
    assert abs((datetime.now(UTC) - given).total_seconds()) < 3600
