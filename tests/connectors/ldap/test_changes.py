"""What a change means for an entry: only what differs, only what is ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Action, Change
from connectors.errors import MisconfiguredError, RejectedError
from connectors.ldap.answers import Entry
from connectors.ldap.changes import entry_name, modifications, new_entry, texts_of
from connectors.ldap.options import LdapObject
from connectors.ldap.protocol import ADD, DELETE, REPLACE
from connectors.ldap.rows import Rows
from connectors.ldap.schema import parse

SYNTAX = "SYNTAX 1.3.6.1.4.1.1466.115.121.1"
SCHEMA = parse(
    [
        f"( 1.1 NAME 'uid' EQUALITY caseIgnoreMatch {SYNTAX}.15 SINGLE-VALUE )".encode(),
        f"( 1.2 NAME 'mail' EQUALITY caseIgnoreMatch ORDERING x {SYNTAX}.15 )".encode(),
        f"( 1.3 NAME 'member' EQUALITY distinguishedNameMatch {SYNTAX}.12 )".encode(),
        f"( 1.4 NAME 'secret' EQUALITY caseExactMatch {SYNTAX}.15 )".encode(),
        f"( 1.5 NAME 'age' EQUALITY integerMatch {SYNTAX}.27 SINGLE-VALUE )".encode(),
        f"( 1.6 NAME 'born' EQUALITY generalizedTimeMatch {SYNTAX}.24 SINGLE-VALUE )".encode(),
        f"( 1.7 NAME 'ou' EQUALITY caseIgnoreMatch {SYNTAX}.15 )".encode(),
        f"( 1.8 NAME 'userAccountControl' {SYNTAX}.27 SINGLE-VALUE )".encode(),
    ],
    [],
)
SPEC = {"base": "dc=x", "external_id": "ou", "rdn": "uid={uid}", "classes": ["thing"]}


def rows(*, active_directory=False, **more):
    spec = LdapObject.model_validate(SPEC | more)
    return Rows("things", spec, SCHEMA, "uid", None, ("ou",), active_directory)


def change(action=Action.UPDATE, before=None, after=None):
    return Change(1, "things", action, "k1", before=before or {}, after=after or {})


def changed(held, made):
    """The attributes of an entry after modifications, as a server would hold them."""
    found = {name: list(values) for name, values in held.items()}
    for name, how, values in made:
        there = found.get(name, [])
        if how == REPLACE:
            there = list(values)
        elif how == DELETE:
            assert all(value in there for value in values), "the server would refuse it"
            there = [value for value in there if value not in values]
        elif how == ADD:
            lower = [value.lower() for value in there]
            assert not any(value.lower() in lower for value in values), "it would refuse it"
            there = there + list(values)
        found[name] = there
    return found


NAMES = st.lists(
    st.sampled_from(["ann", "Ann", "bob", "BOB", "cy", "dee"]), max_size=4, unique_by=str.lower
)


@given(NAMES, NAMES, NAMES)
def test_ours_come_and_go_others_stay_and_twice_is_once(held, before, wanted):
    entry = Entry("uid=a", {"mail": [value.encode() for value in held]})
    one = change(before={"mail": before or None}, after={"mail": wanted})
    first = changed(entry.attributes, modifications(rows(), one, entry))
    now = [value.decode() for value in first["mail"]]
    assert set(wanted) <= set(now)
    ours = {value.lower() for value in (*before, *wanted)}
    if wanted or before:
        assert [v for v in now if v.lower() not in ours] == [
            v for v in held if v.lower() not in ours
        ]
        assert {v.lower() for v in now} & {v.lower() for v in before} <= {v.lower() for v in wanted}
    else:
        assert now == []
    assert modifications(rows(), one, Entry("uid=a", first)) == []


def test_nothing_is_sent_for_what_is_there_already():
    entry = Entry("uid=a", {"uid": [b"a"], "age": [b"7"], "member": [b"CN=Ann, DC=x"]})
    after = {"uid": "a", "age": 7, "member": ["cn=ann,dc=X"], "mail": None}
    assert modifications(rows(), change(after=after), entry) == []


def test_a_single_value_is_replaced_or_taken_away():
    entry = Entry("uid=a", {"age": [b"7"], "born": [b"20200101000000Z"]})
    after = {"age": 8, "born": None}
    assert modifications(rows(), change(after=after), entry) == [
        ("age", REPLACE, [b"8"]),
        ("born", REPLACE, []),
    ]


def test_values_are_written_in_the_directorys_own_form():
    entry = Entry("uid=a", {})
    after = {"born": "2020-01-02T03:04:05+01:00", "mail": "a"}
    assert modifications(rows(), change(after=after), entry) == [
        ("born", REPLACE, [b"20200102020405Z"]),
        ("mail", ADD, [b"a"]),
    ]


def test_case_matters_where_the_server_says_so():
    entry = Entry("uid=a", {"secret": [b"Ann"]})
    one = change(before={"secret": ["Ann"]}, after={"secret": ["Ann", "ann"]})
    assert modifications(rows(), one, entry) == [("secret", ADD, [b"ann"])]


def test_a_second_value_where_one_was_promised_is_not_overwritten():
    entry = Entry("uid=a", {"mail": [b"a", b"b"]})
    with pytest.raises(RejectedError, match="mail has 2 values, but `single`"):
        modifications(rows(single=["mail"]), change(after={"mail": "c"}), entry)


@pytest.mark.parametrize(
    ("after", "text"),
    [
        ({"age": "old"}, "age: the value is no integer"),
        ({"born": "yesterday"}, "born: the value is no time"),
        ({"userPassword": "x"}, "userPassword: passwords are never written"),
        ({"dn": "x"}, "dn: it is made of rdn and parent"),
        ({"mial": "x"}, "mial: the directory has no such attribute; did you mean 'mail'"),
    ],
)
def test_what_cannot_be_written_is_told_by_its_attribute(after, text):
    with pytest.raises(RejectedError, match=text) as caught:
        modifications(rows(), change(after=after), Entry("uid=a", {}))
    assert not any(str(value) in str(caught.value) for value in ("old", "yesterday"))


def test_a_new_entry_has_its_name_its_classes_and_our_key():
    name, attributes = new_entry(rows(), change(Action.CREATE, after={"uid": "a,b", "age": 7}))
    assert name == "uid=a\\,b,dc=x"
    assert attributes == {
        "ou": [b"k1"],
        "uid": [b"a,b"],
        "age": [b"7"],
        "objectClass": [b"thing"],
    }


def test_our_key_may_be_given_by_its_own_name_or_by_the_usual_one():
    after = {"uid": "a", "externalId": "other"}
    assert new_entry(rows(), change(Action.CREATE, after=after))[1]["ou"] == [b"other"]
    after = {"uid": "a", "OU": "other"}
    assert new_entry(rows(), change(Action.CREATE, after=after))[1]["ou"] == [b"other"]


def test_naming_values_stand_in_the_entry_too():
    after = {"uid": "a", "mail": ["x"]}
    _, attributes = new_entry(rows(rdn="mail={uid}+OU={uid}"), change(Action.CREATE, after=after))
    assert attributes["mail"] == [b"x", b"a"]
    assert attributes["ou"] == [b"k1", b"a"]
    with pytest.raises(RejectedError, match="age: rdn makes another value"):
        new_entry(rows(rdn="age={uid}"), change(Action.CREATE, after={"uid": "8", "age": 7}))


def test_a_name_needs_all_its_values():
    with pytest.raises(RejectedError, match="rdn needs uid, which has no value"):
        entry_name(rows(), texts_of({"mail": [b"x"], "uid": []}))
    with pytest.raises(RejectedError, match="parent needs ou"):
        entry_name(rows(parent="ou={ou},dc=x"), texts_of({"uid": [b"x"]}))
    texts = texts_of({"UID": [b"a"], "ou": [b"b"]})
    assert entry_name(rows(parent="ou={ou},dc=x"), texts) == ("uid=a", "ou=b,dc=x")


@pytest.mark.parametrize("wanted", [True, False])
def test_one_bit_of_the_account_control_moves_by_its_old_value(wanted):
    there, news = (b"512", b"514") if wanted else (b"66050", b"66048")
    entry = Entry("cn=a", {"userAccountControl": [there]})
    one = change(after={"active": not wanted})
    directory = rows(active_directory=True)
    assert modifications(directory, one, entry) == [
        ("userAccountControl", DELETE, [there]),
        ("userAccountControl", ADD, [news]),
    ]
    assert modifications(directory, one, Entry("cn=a", {"userAccountControl": [news]})) == []
    with pytest.raises(RejectedError, match="nothing can disable it"):
        modifications(directory, one, Entry("cn=a", {}))


def test_a_new_user_of_active_directory_is_disabled_and_needs_a_password():
    directory = rows(active_directory=True, classes=["user"])
    made = change(Action.CREATE, after={"uid": "a"})
    assert new_entry(directory, made)[1]["userAccountControl"] == [b"514"]
    told = change(Action.CREATE, after={"uid": "a", "useraccountcontrol": 66050})
    assert new_entry(directory, told)[1]["useraccountcontrol"] == [b"66050"]
    ready = change(Action.CREATE, after={"uid": "a", "active": True})
    assert new_entry(directory, ready)[1]["userAccountControl"] == [b"512"]
    group = rows(active_directory=True, classes=["group"])
    assert "userAccountControl" not in new_entry(group, made)[1]


def test_a_directory_that_knows_no_way_to_disable_says_so():
    with pytest.raises(MisconfiguredError, match="say by `disabled`"):
        modifications(rows(), change(after={"active": False}), Entry("uid=a", {}))
    assert modifications(rows(), change(after={"active": True}), Entry("uid=a", {})) == []
    by = rows(disabled={"attribute": "mail", "value": "left"})
    entry = Entry("uid=a", {"mail": [b"left"]})
    assert modifications(by, change(after={"active": False}), entry) == []
    assert modifications(by, change(after={"active": True}), entry) == [("mail", REPLACE, [])]
