"""`isthmus account`: begun, deleted; and closed when the person is erased."""

from __future__ import annotations

import pytest

from idp_core.accounts import store as accounts
from idp_core.db.engine import reading, writing
from pipelines.serving import open_site
from tests.pipelines.cli.conftest import document
from tests.pipelines.small import Small


@pytest.fixture
def small(tmp_path, database_url):
    return Small(tmp_path / "small", database_url)


def account(small, address="ann@example.org"):
    site = open_site(small.folder)
    with writing(site.engine) as conn:
        made = accounts.create(conn, address, {"given_name": "Ann"}, site.clock())
    site.engine.dispose()
    return made


def there(small, made):
    site = open_site(small.folder)
    with reading(site.engine) as conn:
        found = accounts.by_id(conn, made.id)
    site.engine.dispose()
    return found is not None


def test_an_account_is_begun_by_a_link(small, isthmus):
    result = isthmus("account", "invite", "ann@example.org", "--set", "given_name=Ann", "--json")
    assert document(result)["link"].startswith("http://localhost:8080/register/confirm?ticket=")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "no address"),
        (["bob@example.org", "--set", "givenname=Ann"], "givenname: not known"),
        (["ann@example.org"], "has an account"),
    ],
)
def test_what_cannot_be_begun_is_one_line(small, isthmus, words, said):
    account(small)
    result = isthmus("account", "invite", *words)
    assert result.exit_code != 0
    assert said in result.stderr


def test_an_account_is_deleted_with_why(small, isthmus):
    made = account(small)
    result = isthmus("account", "delete", "ann@example.org", "--why", "asked by letter")
    assert (result.exit_code, there(small, made)) == (0, False)
    again = isthmus("account", "delete", "ann@example.org", "--why", "x")
    assert "no account has this address" in again.stderr


def test_who_is_erased_can_log_in_no_more(small, isthmus):
    made = account(small)
    small.sync({"id": "1", "mail": "ann@example.org", "name": "Lee"}, targets=[])
    with small.bus() as bus, reading(bus.engine) as conn:
        gid = accounts.profile_gid(conn, made.id)
    assert isthmus("profile", "erase", gid, "--why", "asked").exit_code == 0
    assert not there(small, made)
