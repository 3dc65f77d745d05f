"""Writing to a directory that does not do as it should."""

from __future__ import annotations

import pytest

from connectors.contract import Action, Change
from connectors.errors import (
    ConflictError,
    MisconfiguredError,
    RejectedError,
    TransientError,
    UncertainError,
)
from connectors.ldap import Ldap
from tests.connectors.ldap.directory import SEARCH, directory, entry, result, usual

MODIFY, ADD = 0x66, 0x68
SPEC = {
    "base": "dc=x",
    "key": "uid",
    "external_id": "mail",
    "single": ["mail"],
    "rdn": "uid={uid}",
    "classes": ["thing"],
}
UPDATE = Change(1, "things", Action.UPDATE, "k1", id="a", before={"age": 1}, after={"age": 7})
CREATE = Change(2, "things", Action.CREATE, "k2", after={"uid": "b"})


def ldap(url):
    return Ldap.model_validate({"url": url, "objects": {"things": SPEC}, "read_timeout": 5})


def written(url, *changes):
    return list(ldap(url).apply(changes))


def held(asked, **more):
    return [entry("uid=a,dc=x", {"uid": [b"a"], **more}), result(asked)]


def test_an_answer_that_is_lost_leaves_its_change_uncertain_and_the_next_gets_a_new_line():
    seen = []

    def answer(asked):
        seen.append(asked.tag)
        if asked.tag == SEARCH:
            return held(asked)
        return None if asked.tag == MODIFY else [result(asked)]

    with directory(usual(answer)) as url:
        first, second = written(url, UPDATE, CREATE)
    assert type(first.error) is UncertainError
    assert second.error is None
    assert seen.count(MODIFY) == 1


def test_a_line_that_is_lost_before_anything_was_sent_leaves_nothing_uncertain():
    def answer(asked):
        return None if asked.tag == SEARCH else [result(asked)]

    with directory(usual(answer)) as url:
        (outcome,) = written(url, UPDATE)
    assert type(outcome.error) is TransientError
    (outcome,) = written("ldap://127.0.0.1:1", UPDATE)
    assert type(outcome.error) is TransientError


@pytest.mark.parametrize("code", [16, 20])
def test_an_entry_that_somebody_changed_meanwhile_is_looked_at_again(code):
    ages = [b"1", b"2", b"3"]
    tried = []

    def answer(asked):
        if asked.tag == SEARCH:
            return held(asked, age=[ages.pop(0)])
        tried.append(asked.tag)
        return [result(asked, code if len(tried) == 1 else 0)]

    with directory(usual(answer)) as url:
        (outcome,) = written(url, UPDATE)
    assert outcome.error is None
    assert len(tried) == 2

    def never(asked):
        return held(asked, age=[b"1"]) if asked.tag == SEARCH else [result(asked, code)]

    with directory(usual(never)) as url:
        (outcome,) = written(url, UPDATE)
    assert type(outcome.error) is RejectedError
    assert "changed meanwhile" in str(outcome.error)


@pytest.mark.parametrize(
    ("code", "said", "kind", "text"),
    [
        (19, "some attributes not unique", ConflictError, "must be unique"),
        (19, "000021C8: AtrErr: DSID-03200BBA, problem 1005", ConflictError, "(000021C8)"),
        (19, "0000051B: AtrErr: DSID-030F22D5", RejectedError, "constraintViolation.*0000051B"),
        (53, "0000052D: SvcErr: DSID-031A1248, problem 5003", RejectedError, "0000052D"),
        (65, "object class 'thing' requires attribute 'uid'", RejectedError, "(thing, uid)"),
        (68, "", ConflictError, "entryAlreadyExists"),
        (71, "", RejectedError, "affectsMultipleDSAs"),
        (99, "", RejectedError, "result code 99"),
        (51, "", TransientError, "busy"),
        (80, "", TransientError, "other"),
    ],
)
def test_each_refusal_says_what_is_wrong(code, said, kind, text):
    def answer(asked):
        return [result(asked, code, said)] if asked.tag == ADD else [result(asked)]

    with directory(usual(answer)) as url:
        (outcome,) = written(url, CREATE)
    assert isinstance(outcome.error, kind)
    pattern = text.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(kind, match=pattern):
        raise outcome.error


def test_an_entry_that_was_made_and_cannot_be_read_is_told():
    def answer(asked):
        return [result(asked)]

    with directory(usual(answer)) as url:
        (outcome,) = written(url, CREATE)
    assert type(outcome.error) is RejectedError
    assert "it was made, but we may not read its uid" in str(outcome.error)


def test_an_entry_that_is_no_row_is_no_account_less():
    def answer(asked):
        return [entry("uid=a,dc=x", {"uid": [b"a"], "mail": [b"1", b"2"]}), result(asked)]

    wrong = "entry 1 is no account: mail has 2 values"
    with directory(usual(answer)) as url, pytest.raises(MisconfiguredError, match=wrong):
        list(ldap(url).accounts("things"))


def test_a_hit_of_the_server_is_compared_again():
    def answer(asked):
        return held(asked, mail=[b"K1"])

    with directory(usual(answer)) as url:
        target = ldap(url)
        assert target.find("things", "externalId", "k1") == []
        assert [one.id for one in target.find("things", "externalId", "K1")] == ["a"]
        assert [one.id for one in target.find("things", "mail", "K1")] == ["a"]
        assert [one.id for one in target.find("things", "id", "a")] == ["a"]
        assert target.find("things", "id", "A") == []
        assert target.find("things", "age", "old") == []


def test_a_refusal_keeps_the_change_record_and_the_servers_own_words():
    told = "0000052D: AtrErr: problem 1005 (CONSTRAINT_ATT_TYPE) ann"

    def answer(asked):
        return held(asked) if asked.tag == SEARCH else [result(asked, 19, told)]

    with directory(usual(answer)) as url:
        first, second = written(url, UPDATE, CREATE)
    said = first.error.exchange
    assert (said.method, said.path, said.status) == ("LDAP", "modify", 19)
    assert said.code == "constraintViolation"
    assert said.sent.splitlines() == [
        "dn: uid=a,dc=x", "changetype: modify", "replace: age", "age: 7", "-",
    ]  # fmt: skip
    assert said.answered == told
    sent = second.error.exchange.sent.splitlines()
    assert sent[:2] == ["dn: uid=b,dc=x", "changetype: add"]
    assert {"uid: b", "mail: k2", "objectClass: thing"} <= set(sent)
    assert told not in f"{first.error} {first.error!r} {said!r}"
