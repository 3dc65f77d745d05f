"""Why a person is in a group or not: told from the rule, the account and what we put there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.elements import element_path
from idp_core.provisioning.model import AccountState, ManagedAccount
from pipelines.provision.desired import Unwanted, desired
from pipelines.provision.memberships import Membership, memberships
from pipelines.provision.plan import Cause
from pipelines.provision.rules import Group, Line, Ownership
from tests.pipelines.provision.world import line, person, push

GOLD = Group("Gold", lambda r: r.get("tier") == "gold", "portal.yaml:9", ("tier",))
VIP = Group("vip", lambda r: r.get("tier") == "gold", "portal.yaml:10", ("tier",))
ROLES = Line(
    "roles",
    lambda r: [{"value": "vip"}] if VIP.when(r) else [],
    "portal.yaml:10",
    Ownership.ELEMENTS,
    groups=(VIP,),
)
RULES = push(lines=(line("userName", "email"), ROLES), groups=(GOLD,))
ROLE = element_path("roles", {"value": "vip"})
THERE = ManagedAccount("portal", "User", "ann", "ann", "u1", AccountState.ACTIVE)
IN = {element_path("members", {"value": "u1"}): {"value": "u1"}}
COMES = "the next plan puts it there, unless somebody else has"
GOES = "the next plan takes it out"


def wanted(tier: str | None = "gold"):
    return desired(RULES, person("ann", email="a@b.c", tier=tier))


def filled(name: str = "Gold", pushed=IN) -> ManagedAccount:
    return ManagedAccount("portal", "Group", "g", name, "g1", AccountState.ACTIVE, pushed)


def told(meant, account=None, known=()) -> dict[str, Membership]:
    return {each.group: each for each in memberships(RULES, meant, account, known)}


@pytest.mark.parametrize(
    ("tier", "pushed", "inside", "put", "said"),
    [
        ("gold", {}, True, False, ["its rule holds (tier)", COMES]),
        ("gold", IN, True, True, ["its rule holds (tier)", "we put it there"]),
        ("none", IN, False, True, ["its rule does not hold (tier)", GOES]),
        (None, {}, False, False, ["its rule does not hold (tier)"]),
    ],
)
def test_a_group_is_told_by_its_rule_and_by_what_we_put_there(tier, pushed, inside, put, said):
    found = told(wanted(tier), THERE, [filled(pushed=pushed)])["Gold"]
    assert (found.inside, found.put, list(found.said)) == (inside, put, said)
    assert (found.holds, found.place) == ("members", "portal.yaml:9")


def test_who_has_no_account_yet_comes_in_with_it():
    found = told(wanted())
    assert (found["Gold"].inside, found["Gold"].said[-1]) == (
        False, "comes in once there is an account",
    )  # fmt: skip
    assert (found["vip"].inside, found["vip"].said[-1]) == (True, "comes in with the account")
    asleep = told(wanted(), replace(THERE, state=AccountState.DEACTIVATED), [filled()])["Gold"]
    assert not asleep.inside
    assert list(asleep.said[1:]) == ["comes in once the account is active again", GOES]


def test_an_entry_of_a_list_is_told_by_what_was_pushed_to_the_account():
    assert told(wanted(), THERE)["vip"].said[-1] == COMES
    with_role = replace(THERE, pushed={ROLE: {"value": "vip"}})
    assert told(wanted(), with_role)["vip"].said[-1] == "we put it there"
    assert told(wanted("none"), with_role)["vip"].said[-1] == GOES


def test_who_is_out_of_scope_or_gone_is_in_no_group():
    known = [filled()]
    for meant, why in (
        (None, "the profile no longer exists"),
        (Unwanted(Cause.NO_CONSENT), "a consent that this target needs is not given"),
    ):
        found = told(meant, THERE, known)
        assert [each.inside for each in found.values()] == [False, False]
        assert list(found["Gold"].said) == [why, GOES]
        assert list(found["vip"].said) == [why]


def test_an_account_with_a_value_that_cannot_be_written_keeps_its_entries():
    refused = replace(wanted(), refused=("portal.yaml:4 userName: no",))
    assert told(refused, THERE)["vip"].said[-1] == (
        "the account stays as it is: a value cannot be written"
    )


def test_a_group_that_the_mapping_names_no_more_is_told_while_we_are_in_it():
    found = told(wanted(), THERE, [filled("Old"), filled("Older", {})])
    assert "Older" not in found
    assert list(found["Old"].said) == ["the push mapping names it no more", GOES]
