"""The shipped descriptions of well-known systems, held against imitations of these."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from structlog.testing import capture_logs

from connectors.contract import Action, Change, Query
from connectors.errors import ConflictError, RejectedError, UnauthorizedError
from connectors.registry import build
from connectors.rest.pointers import get
from tests.connectors.rest.conftest import QUICK
from tests.connectors.rest.saas import base, crms, desks, shops


class Seen(NamedTuple):
    """How a system shows its people: what is read and written, where address and name stand."""

    system: type[base.Saas]
    object: str
    email: str
    first: str
    cursor: str | None = None
    changed: str | None = None
    gone: tuple[str, Any] | None = None
    unique: bool = True
    by_email: bool = False


SYSTEMS = {
    each.system.file: each
    for each in (
        Seen(shops.Shopify, "customers", "email", "firstName", "updatedAt", by_email=True),
        Seen(shops.Stripe, "customers", "email", "name", "created", "changed_customers",
             ("deleted", True), unique=False),
        Seen(shops.Magento, "customers", "email", "firstname", "updated_at"),
        Seen(shops.WooCommerce, "customers", "email", "first_name"),
        Seen(desks.Zendesk, "users", "email", "name", "updated_at", "changed_users",
             ("active", False)),
        Seen(crms.Pipedrive, "persons", "emails.0.value", "name", "update_time", unique=False),
        Seen(desks.Klaviyo, "profiles", "attributes.email", "attributes.first_name",
             "attributes.updated"),
        Seen(desks.Intercom, "contacts", "email", "name", "updated_at"),
        Seen(crms.Zoho, "contacts", "Email", "Last_Name", "Modified_Time", None,
             ("deleted", True)),
        Seen(crms.Dynamics, "contacts", "emailaddress1", "firstname", "modifiedon"),
    )
}  # fmt: skip


@pytest.fixture(params=SYSTEMS)
def seen(request):
    return SYSTEMS[request.param]


@pytest.fixture
def cloud(seen, system, monkeypatch):
    monkeypatch.setenv("SECRET", base.SECRET)
    monkeypatch.setenv("WRONG", "wrong")
    account = seen.system()
    account.url = system(account.answer).url
    return account


@pytest.fixture
def target(cloud):
    return connector(cloud)


def connector(cloud, secret="env:SECRET"):
    settings = cloud.settings
    if cloud.file == "zoho":
        settings = settings | {"token_url": f"{cloud.url}/oauth/v2/token"}
    said = replaced(settings, secret) | {"file": cloud.file, "url": cloud.url, "http": QUICK}
    return build("rest", said, Path())


def replaced(tree, secret):
    if isinstance(tree, dict):
        return {name: replaced(each, secret) for name, each in tree.items()}
    return secret if tree == "env:SECRET" else tree


def fill(cloud, count=12):
    people = base.numbered()
    for _ in range(count):
        key, email, first = next(people)
        cloud.put(None, email, first, key)
    for _ in range(2):
        cloud.now()  # what comes later is of another moment


def read(source, name, **more):
    pages = list(source.read(Query(name, key=source.objects[name].key, **more)))
    return [row for page in pages for row in page.rows], pages[-1].cursor if pages else None


def creation(seen, number):
    key, email, first = next(islice(base.numbered(), number, None))
    after = {seen.email: email, seen.first: first}
    return Change(number, seen.object, Action.CREATE, email if seen.by_email else key,
                  after=after, token=f"t{number}")  # fmt: skip


def one(target, change):
    (outcome,) = target.apply([change])
    return outcome


def test_it_says_which_system_it_is_and_a_wrong_secret_is_told(cloud, target):
    assert target.check().identity.startswith(target.system)
    with pytest.raises(UnauthorizedError) as told:
        connector(cloud, "env:WRONG").check()
    assert "wrong" not in str(told.value)
    assert "canary" not in str(told.value)


def test_all_of_its_people_are_read_page_by_page(cloud, target, seen):
    fill(cloud)
    with capture_logs() as logs:
        rows, _ = read(target, seen.object)
    emails = sorted(str(get(row, seen.email)) for row in rows)
    assert emails == sorted(each.email for each in cloud.living())
    assert [each for each in logs if each["log_level"] == "warning"] == []


def test_only_what_changed_is_asked_for_and_nobody_is_missed(cloud, target, seen):
    if seen.cursor is None:
        pytest.skip("the system's API has no filter by the time of a change")
    fill(cloud)
    name = seen.changed or seen.object
    rows, at = read(target, name, cursor=seen.cursor)
    assert len(rows) == 12
    cloud.put(1003, first="Changed")
    cloud.remove(1005)
    cloud.put(None, "new@example.test", "New", "g-new")
    cloud.unfiltered = 0
    with capture_logs() as logs:
        news, later = read(target, name, cursor=seen.cursor, after=at)
    assert "rest.filter_ignored" not in {each["event"] for each in logs} or seen.changed
    assert cloud.unfiltered == 0
    gone = [row for row in news if seen.gone and row.get(seen.gone[0]) is seen.gone[1]]
    told = {get(row, seen.first) for row in news if row not in gone}
    assert {"Changed", "New"} <= told
    assert len(gone) == (1 if seen.gone else 0)
    again, _ = read(target, name, cursor=seen.cursor, after=later or at)
    assert len(again) <= 1


def test_what_is_written_is_read_back_found_changed_cleared_and_deleted(cloud, target, seen):
    made = [one(target, creation(seen, number)) for number in range(7)]
    assert [each.error for each in made] == [None] * 7
    held = {account.key: account for account in target.accounts(seen.object)}
    assert {key: account.id for key, account in held.items()} == {
        each.change.key: each.id for each in made
    }
    for each in made:
        wanted = each.change
        assert wanted.after.items() <= held[wanted.key].attributes.items()
        assert [a.id for a in target.find(seen.object, "externalId", wanted.key)] == [each.id]
        email = wanted.after[seen.email]
        assert [a.id for a in target.find(seen.object, seen.email, email)] == [each.id]
    assert target.find(seen.object, "externalId", "nobody's") == []
    second = made[1]
    for value in ("Changed", None):
        change = Change(9, seen.object, Action.UPDATE, second.change.key, second.id,
                        before=second.change.after, after={seen.first: value})  # fmt: skip
        assert one(target, change).error is None
        now = {account.id: account for account in target.accounts(seen.object)}[second.id]
        assert now.attributes.get(seen.first) == value
        assert now.key == second.change.key
        assert now.attributes[seen.email] == second.change.after[seen.email]
    gone = Change(10, seen.object, Action.DELETE, second.change.key, second.id)
    assert [one(target, gone).error for _ in range(2)] == [None, None]
    assert second.id not in {account.id for account in target.accounts(seen.object)}
    lost = Change(11, seen.object, Action.UPDATE, second.change.key, second.id,
                  after={seen.first: "x"})  # fmt: skip
    assert isinstance(one(target, lost).error, RejectedError)


def test_creating_twice_is_a_conflict_or_the_same_account(cloud, target, seen):
    first, again = (one(target, creation(seen, 3)) for _ in range(2))
    assert first.error is None
    if cloud.file == "stripe":  # by the key of the call
        assert again.id == first.id
    elif seen.unique:
        assert isinstance(again.error, ConflictError)
        assert "canary" not in str(again.error)
    assert seen.unique is False or len(cloud.living()) == 1


def test_a_system_that_asks_for_patience_is_given_it(cloud, target, seen):
    fill(cloud)
    cloud.throttles = 1
    assert len(read(target, seen.object)[0]) == 12
    cloud.throttles = 1
    assert one(target, creation(seen, 30)).error is None
