"""Calls without a good token: noted, and unable to fill the log."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from idp_core.admin.openapi import document
from idp_core.admin.routes import OPERATIONS, tell_refusals
from idp_core.audit import log as audit
from idp_core.db.engine import reading
from idp_core.http.gate import FORM, JSON
from idp_core.site.refusals import FEW, Refusals
from idp_core.site.upkeep import Upkeep
from tests.idp_core.admin.test_admin import noted, person, service
from tests.idp_core.people import make_account
from tests.idp_core.web.browser import ORIGIN, Browser

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def call(app, token=None, path="/admin/accounts"):
    told = {} if token is None else {"authorization": f"Bearer {token}"}
    return Browser(app).send("GET", path, b"", told)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_every_call_without_a_token_is_noted(app, site, operation):
    path = operation.path.replace("{part}", "x")
    got = Browser(app).send(operation.method, path)
    assert got.status == 401
    (entry,) = noted(site)
    assert (entry.outcome, entry.actor, entry.account) == ("refused", "stranger", None)
    assert entry.data == {"operation": operation.name, "code": "invalid_token"}


@pytest.mark.parametrize(
    ("kind", "size", "status"),
    [("text/plain", 2, 415), (FORM, 2, 415), ("application/jsonp", 2, 415), (JSON, 70_000, 413)],
)
def test_a_body_that_is_not_read_is_refused_as_the_document_says(app, kind, size, status):
    for each in OPERATIONS:
        told = {"content-type": kind}
        got = Browser(app).send(each.method, each.path.replace("{part}", "x"), b"x" * size, told)
        assert got.status == status
        answers = document([each], ORIGIN)["paths"][each.path.replace("{part}", "{id}")]
        assert str(status) in answers[each.method.lower()]["responses"]
        assert got.json["status"] == status


def test_so_are_tokens_that_are_none_or_for_something_else_and_logins_too_weak(app, site):
    call(app, "x")
    other = service(site, app, "isthmus.accounts.read", id_="other")
    call(app, other.token[:-2])
    ann = make_account(site)
    person(site, app, ann, acr="urn:isthmus:acr:1").call("GET", "/accounts")
    codes = [entry.data["code"] for entry in noted(site)]
    assert codes == ["invalid_token", "invalid_token", "insufficient_user_authentication"]


def test_a_flood_writes_a_few_entries_and_a_number(app, site, clock):
    for number in range(200):
        call(app, f"secret-{number}")
    assert len(noted(site)) == FEW
    tell_refusals(site)
    tell_refusals(site)
    *_, last = noted(site)
    assert len(noted(site)) == FEW + 1
    assert last.data == {"operation": "listAccounts", "code": "invalid_token", "more": 200 - FEW}
    assert "secret" not in str([entry.data for entry in noted(site)])
    clock.wait(hours=1)
    call(app)
    assert len(noted(site)) == FEW + 2
    with reading(site.engine) as conn:
        assert audit.verify(conn, site.secrets.audit).broken_at is None


def test_each_is_counted_in_the_metrics(app, site):
    for _ in range(10):
        call(app)
    assert b'isthmus_login_events_total{kind="admin",outcome="refused"} 10.0' in site.metrics.text()


def test_what_is_counted_is_told_when_the_server_stops(site):
    for _ in range(FEW + 2):
        site.refusals.is_told("x", "y", site.clock())
    upkeep = Upkeep(site, (), (), (tell_refusals,))
    upkeep.start()
    upkeep.stop()
    assert [entry.data["more"] for entry in noted(site)] == [2]


def test_what_could_not_be_written_is_not_lost(site, monkeypatch):
    for _ in range(FEW + 2):
        site.refusals.is_told("x", "y", site.clock())

    def fails(*_):
        raise sa.exc.OperationalError("", {}, Exception())

    with monkeypatch.context() as patch:
        patch.setattr(audit, "record", fails)
        with pytest.raises(sa.exc.OperationalError):
            tell_refusals(site)
    tell_refusals(site)
    assert [entry.data["more"] for entry in noted(site)] == [2]


def test_one_kind_hides_no_other():
    seen = Refusals()
    told = [seen.is_told("a", "x", NOW) for _ in range(FEW + 1)]
    assert told == [True] * FEW + [False]
    assert seen.is_told("b", "x", NOW)
    assert seen.is_told("a", "y", NOW)
    assert seen.is_told("a", "x", NOW + timedelta(hours=1))
    assert [each.count for each in seen.due()] == [1]
    assert seen.due() == []
