"""Members of groups at a real provider, and at those that do not do as the standard says."""

import asyncio

import pytest

from connectors.contract import Action, Change
from connectors.elements import element_path
from connectors.errors import ConflictError, RejectedError
from connectors.scim import Scim
from connectors.scim.elementwise import _MOST, write_elements
from connectors.scim.resources import Features, ResourceType
from connectors.scim.transport import Answer
from connectors.scim.writer import Writer
from tests.connectors.scim.conftest import TOKEN

KIND = ResourceType("Group", "/Groups", "urn:ietf:params:scim:schemas:core:2.0:Group")


def member(value):
    return {element_path("members", value): {"value": value}}


def change(before=(), after=(), number=1, id_="g1", action=Action.UPDATE):
    was = {path: each for value in before for path, each in member(value).items()}
    new = {path: each for value in after for path, each in member(value).items()}
    wanted = {path: new.get(path) for path in {**was, **new}}
    return Change(number, "Group", action, "Gold", id_, was, wanted)


@pytest.fixture
def scim(provider_url, monkeypatch):
    monkeypatch.setenv("PORTAL_TOKEN", TOKEN)
    auth = {"type": "bearer", "token": "env:PORTAL_TOKEN"}
    return Scim.model_validate({"url": provider_url, "auth": auth})


def done(scim, *changes):
    outcomes = list(scim.apply(changes))
    assert [each.error for each in outcomes] == [None] * len(changes)
    return outcomes


def test_members_come_and_go_and_those_of_others_stay(scim):
    made = Change(1, "Group", Action.CREATE, "Gold", None, {}, {"displayName": "Gold"})
    id_ = done(scim, made)[0].id
    done(scim, change((), ["theirs"], id_=id_))
    done(scim, change((), ["u1", "u2"], id_=id_))
    (outcome,) = done(scim, change(["u1", "u2"], ["u2", "u3"], id_=id_))
    gone, kept = element_path("members", "u1"), element_path("members", "u3")
    assert (outcome.held[gone], outcome.held[kept]["value"]) == (None, "u3")
    (group,) = scim.find("Group", "displayName", "Gold")
    assert {each["value"] for each in group.attributes["members"]} == {"theirs", "u2", "u3"}
    assert group.key is None, "a group has no externalId of ours"


class Provider:
    """One group behind `send`; `refuse` and `ignore` name methods, `sent` what came."""

    def __init__(self, members, refuse=(), ignore=(), moves=()):
        self.moves = list(moves)
        self.members, self.refuse, self.ignore, self.sent = list(members), refuse, ignore, []

    async def send(self, method, path, body=None, *, version=None):
        self.sent.append((method, body))
        if method == "PUT" and self.moves and version is not None:
            self.members.append(self.moves.pop())
        if version not in {None, self.tag()}:
            raise ConflictError("PUT: HTTP 412")
        if method in self.refuse:
            raise RejectedError(f"{method}: no")
        if method == "PUT" and method not in self.ignore:
            self.members = [each["value"] for each in body.get("members", [])]
        if method == "PATCH" and method not in self.ignore:
            for operation in body["Operations"]:
                if operation["op"] == "add":
                    self.members += [each["value"] for each in operation["value"]]
        if method == "PATCH":
            return Answer(204, None)
        listed = [{"value": each, "$ref": "x"} for each in self.members]
        body = {"id": "g1", "displayName": "Gold", "members": listed, "meta": {}}
        return Answer(200, body, self.tag())

    def tag(self):
        return f'W/"{"-".join(self.members)}"'


async def _write(
    provider, wanted, patch=({"op": "add", "path": "members", "value": []},), *, etag=False
):
    return await write_elements(provider, "/Groups/g1", KIND, wanted, list(patch), etag=etag)


def run(coroutine):
    return asyncio.run(coroutine)


def test_a_member_whom_somebody_adds_meanwhile_is_not_lost_where_versions_are_known():
    provider = Provider(["theirs", "u1"], refuse=["PATCH"], moves=["late", "later"])
    run(_write(provider, change(["u1"], ["u2"]), etag=True))
    assert set(provider.members) == {"theirs", "later", "late", "u2"}
    with pytest.raises(ConflictError):
        run(_write(Provider(["u1"], refuse=["PATCH"], moves="abcd"), change([], ["u2"]), etag=True))


@pytest.mark.parametrize("how", [{"refuse": ["PATCH"]}, {"ignore": ["PATCH"]}])
def test_a_patch_that_has_no_effect_is_followed_by_the_whole_list(how):
    provider = Provider(["theirs", "u1"], **how)
    run(_write(provider, change(["u1"], ["u2"])))
    assert provider.members == ["theirs", "u2"]
    (body,) = [body for method, body in provider.sent if method == "PUT"]
    assert body["schemas"] == [KIND.schema]
    assert "meta" not in body


def test_a_group_that_a_provider_makes_empty_is_filled_after(monkeypatch):
    provider = Provider([])
    kinds = {"Group": KIND}
    writer = Writer(provider, Features(patch=True), kinds, None)
    new = Change(
        1, "Group", Action.CREATE, "Gold", None, {}, {"displayName": "Gold", **member("u1")}
    )
    assert writer.request(new) is None, "in no /Bulk: it is looked at"
    outcome = run(writer.write(new))
    assert (outcome.error, outcome.id, provider.members) == (None, "g1", ["u1"])
    assert [method for method, _ in provider.sent] == ["POST", "GET", "PATCH", "GET"]


def test_who_is_gone_already_need_not_be_removed():
    provider = Provider(["theirs"], refuse=["PATCH"])
    run(_write(provider, change(["u1"], [])))
    assert [method for method, _ in provider.sent] == ["PATCH", "GET"]


def test_a_provider_that_holds_no_members_is_told_as_that():
    with pytest.raises(RejectedError, match="does not write members"):
        run(_write(Provider([], ignore=["PATCH", "PUT"]), change([], ["u1"])))


def test_many_members_go_in_portions():
    provider, many = Provider([]), [f"u{n}" for n in range(2 * _MOST + 1)]
    patch = [{"op": "add", "path": "members", "value": [{"value": each} for each in many]}]
    run(_write(provider, change([], many), patch))
    sizes = [len(body["Operations"][0]["value"]) for method, body in provider.sent if body]
    assert sizes == [_MOST, _MOST, 1]
    assert provider.members == many
