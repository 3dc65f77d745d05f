from typing import Any

import pytest

from connectors.contract import (
    Action,
    Change,
    Checkable,
    Discoverable,
    Previewable,
    Searchable,
    Target,
)
from connectors.errors import (
    ConflictError,
    MisconfiguredError,
    RejectedError,
    TransientError,
    UnauthorizedError,
)
from connectors.scim.connector import Scim
from tests.connectors.scim.clients import ANN, change, scim
from tests.connectors.scim.conftest import TOKEN


def create(target: Scim, key: str = "g1", row: dict[str, Any] | None = None) -> str:
    outcomes = list(target.apply([change(1, Action.CREATE, key, after=row or ANN)]))
    assert outcomes[0].error is None
    assert outcomes[0].id
    return outcomes[0].id


def test_it_has_the_capabilities_of_a_target():
    target = scim("http://127.0.0.1:1/v2")
    for capability in (Checkable, Discoverable, Target, Searchable, Previewable):
        assert isinstance(target, capability)


def test_a_created_account_is_found_by_our_key_and_holds_what_was_sent(provider_url):
    target = scim(provider_url)
    made = create(target)
    (found,) = target.find("User", "externalId", "g1")
    assert (found.id, found.key) == (made, "g1")
    assert ANN.items() <= dict(found.attributes).items()


def test_an_update_changes_adds_and_clears_only_what_it_names(provider_url):
    target = scim(provider_url)
    made = create(target)
    after = {"name.givenName": "Anna", 'emails[type eq "home"].value': "a@home.example"}
    cleared = {'emails[type eq "work"].value': None}
    update = change(2, Action.UPDATE, "g1", id=made, before=ANN, after=after | cleared)
    assert [o.error for o in target.apply([update])] == [None]
    (found,) = target.find("User", "userName", "ann")
    assert after.items() <= dict(found.attributes).items()
    assert 'emails[type eq "work"].value' not in found.attributes
    assert found.attributes["userName"] == "ann"


def test_a_provider_without_patch_is_written_by_put(provider_without_patch_url):
    target = scim(provider_without_patch_url)
    made = create(target)
    update = change(2, Action.UPDATE, "g1", id=made, before=ANN, after={"name.givenName": "Anna"})
    assert [o.error for o in target.apply([update])] == [None]
    (found,) = target.find("User", "externalId", "g1")
    assert found.attributes["name.givenName"] == "Anna"
    assert found.attributes['emails[type eq "work"].value'] == "ann@example.org"


def test_deactivating_and_deleting_are_told_apart(provider_url):
    target = scim(provider_url)
    made = create(target)
    (off,) = target.apply([change(2, Action.DEACTIVATE, "g1", id=made, before={"active": True})])
    assert off.error is None
    assert target.find("User", "externalId", "g1")[0].attributes["active"] is False
    (gone,) = target.apply([change(3, Action.DELETE, "g1", id=made)])
    assert gone.error is None
    assert target.find("User", "externalId", "g1") == []


def test_deleting_what_is_gone_is_what_was_wanted(provider_url):
    (outcome,) = scim(provider_url).apply([change(1, Action.DELETE, "g1", id="never-there")])
    assert outcome.error is None


def test_a_second_account_of_the_same_name_is_a_conflict_and_the_rest_goes_on(provider_url):
    target = scim(provider_url)
    create(target)
    twin = change(2, Action.CREATE, "g2", after=ANN)
    other = change(3, Action.CREATE, "g3", after=ANN | {"userName": "bob"})
    outcomes = {o.change.number: o for o in target.apply([twin, other])}
    assert isinstance(outcomes[2].error, ConflictError)
    assert outcomes[3].error is None


def test_every_change_has_one_outcome_however_many_are_under_way(provider_url):
    target = scim(provider_url, concurrency=3)
    changes = [
        change(n, Action.CREATE, f"g{n}", after=ANN | {"userName": f"u{n}"}) for n in range(20)
    ]
    assert sorted(o.change.number for o in target.apply(changes)) == list(range(20))
    assert {a.key for a in target.accounts("User")} == {f"g{n}" for n in range(20)}


def test_no_more_changes_are_drawn_ahead_than_nine_times_those_under_way(provider_url):
    target, drawn, done = scim(provider_url, concurrency=2), 0, 0

    def changes():
        nonlocal drawn
        for number in range(40):
            drawn += 1
            assert drawn - done <= 18
            yield change(
                number, Action.CREATE, f"g{number}", after=ANN | {"userName": f"u{number}"}
            )

    for _ in target.apply(changes()):
        done += 1
    assert done == 40


def test_reading_in_pages_gives_every_account_once(provider_url):
    target = scim(provider_url, page_size=2)
    for number in range(5):
        create(target, f"g{number}", ANN | {"userName": f"u{number}"})
    assert sorted(a.key for a in target.accounts("User")) == [f"g{n}" for n in range(5)]


def test_values_with_quotes_are_found_and_not_taken_for_filter_text(provider_url):
    target = scim(provider_url)
    create(target, 'k"]\\ or id pr')
    assert len(target.find("User", "externalId", 'k"]\\ or id pr')) == 1
    assert target.find("User", "externalId", 'x" or id pr or id eq "') == []


def test_discovery_lists_paths_of_core_and_extension(provider_url):
    schemas = {schema.name: schema for schema in scim(provider_url).discover()}
    names = {column.name for column in schemas["User"].columns}
    assert {"userName", "name.givenName", "emails"} <= names
    assert any(name.endswith("enterprise:2.0:User:department") for name in names)


def test_the_health_check_says_who_answered(provider_url):
    health = scim(provider_url).check()
    assert "/v2" in health.identity
    assert health.details["patch"] == "True"


def test_refused_credentials_are_told_apart_from_an_unreachable_host(provider_url, monkeypatch):
    monkeypatch.setenv("SCIM_TOKEN", "wrong")
    with pytest.raises(UnauthorizedError, match="renew the token") as refused:
        scim(provider_url).check()
    assert "wrong" not in str(refused.value)
    with pytest.raises(TransientError, match="no connection; check url"):
        scim("http://127.0.0.1:9/v2").check()


def test_an_address_that_is_no_scim_service_is_a_setting_to_mend(scripted):
    url = scripted(lambda *_: (200, {}, b'{"hello": "world"}'))
    with pytest.raises(MisconfiguredError, match="look at `url`"):
        scim(url).check()


def test_a_refused_question_of_discovery_is_a_setting_to_mend(scripted):
    url = scripted(lambda *_: (400, {}, b""))
    with pytest.raises(MisconfiguredError, match=r"HTTP 400.*is `url` that of a SCIM 2.0 provider"):
        list(scim(url).apply([change(1, Action.CREATE, "g", after=ANN)]))


def test_the_token_is_in_no_repr(provider_url):
    assert TOKEN not in repr(scim(provider_url))


def test_an_unknown_object_type_stops_with_the_known_ones(provider_url):
    with pytest.raises(MisconfiguredError, match="no 'Person'; it has Group, User"):
        list(scim(provider_url).accounts("Person"))


def test_a_preview_is_the_request_that_apply_would_send_and_writes_nothing(
    provider_url, provider_without_patch_url
):
    create = Change(1, "User", Action.CREATE, "g1", after={"userName": "ann"})
    for url, method in ((provider_url, "PATCH"), (provider_without_patch_url, "PUT")):
        target = scim(url)
        shown = target.preview(create)
        assert (shown.method, shown.address) == ("POST", "/Users")
        assert shown.body["userName"] == "ann"
        assert shown.body["externalId"] == "g1"
        assert list(target.accounts("User")) == []
        (made,) = target.apply([create])
        update = Change(2, "User", Action.UPDATE, "g1", made.id, after={"displayName": "Ann"})
        shown = target.preview(update)
        assert (shown.method, shown.address) == (method, f"/Users/{made.id}")
        assert "Ann" in str(shown.body)
        assert "Ann" not in repr(shown)
        delete = Change(3, "User", Action.DELETE, "g1", made.id)
        assert target.preview(delete).method == "DELETE"
        (held,) = target.accounts("User")
        assert "displayName" not in held.attributes


def test_a_preview_of_a_change_that_is_none_only_asks(provider_url):
    target = scim(provider_url)
    (made,) = target.apply([Change(1, "User", Action.CREATE, "g1", after={"userName": "ann"})])
    same = Change(2, "User", Action.UPDATE, "g1", made.id)
    assert target.preview(same).method == "GET"


def test_a_preview_of_what_is_refused_before_it_is_sent_raises_the_refusal(provider_url):
    with pytest.raises(RejectedError, match="id is not known"):
        scim(provider_url).preview(Change(1, "User", Action.UPDATE, "g1", after={"a": "b"}))
