"""The API of administration: who may do what, and that it is noted."""

import json

import pytest

from idp_core.accounts import store as accounts
from idp_core.admin import roles
from idp_core.admin.routes import OPERATIONS
from idp_core.audit import log as audit
from idp_core.clients import store as clients
from idp_core.db.engine import reading, writing
from idp_core.oidc.tokens import access
from tests.idp_core.oidc.relying import API, RelyingParty, register
from tests.idp_core.people import letters, log_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

ADMIN = f"{ORIGIN}/admin"
EVERY = tuple(sorted(roles.SCOPES))


class Service:
    """Calls the API with a token of its own."""

    def __init__(self, app, token):
        self.browser, self.token = Browser(app), token

    def call(self, method, path, body=None, **headers):
        told = {"authorization": f"Bearer {self.token}", **headers}
        sent = b""
        if body is not None:
            sent = body if isinstance(body, bytes) else json.dumps(body).encode()
            told.setdefault("content-type", "application/json")
        return self.browser.send(method, f"/admin{path}", sent, told)


def service(site, app, *scopes, id_="ops"):
    secret = register(
        site, id=id_, auth="client_secret_post", scopes=scopes, resources=(ADMIN, API)
    )
    rp = RelyingParty(app, None, secret, id_)
    got = rp.token(grant_type="client_credentials", resource=ADMIN)
    assert got.status == 200, got.text
    return Service(app, got.json["access_token"])


@pytest.fixture
def ops(site, app):
    return service(site, app, *EVERY)


@pytest.fixture
def ann(site):
    return make_account(site, given_name="Ann")


def person(site, app, account, *scopes, acr="urn:isthmus:acr:2"):
    """A token of a person, as the code flow gives it after a login of this level."""
    from idp_core.oidc.grants import store as grants
    from idp_core.oidc.grants.store import Grant

    register(site, id="console", scopes=("openid", *EVERY), resources=(ADMIN,))
    scope = scopes or EVERY
    grant = Grant(
        grants.new_id(), "console", account.id, None, scope, (ADMIN,), {}, None, site.clock(),
        acr, ("pwd", "otp"),
    )  # fmt: skip
    with writing(site.engine) as conn:
        grants.start(conn, grant, site.clock())
        client = clients.get(conn, "console").client
    return Service(app, access.make(site, client, scope, (ADMIN,), site.clock(), grant))


def give(site, account, *names):
    with writing(site.engine) as conn:
        roles.give(conn, account.id, names, site.clock())


def noted(site, kind="admin"):
    with reading(site.engine) as conn:
        return [entry for entry in audit.read(conn) if entry.kind == kind]


SHOP = {"name": "The Shop", "redirect_uris": ["https://shop.example/cb"]}


def test_a_client_is_registered_changed_given_another_secret_and_disabled(ops, site):
    made = ops.call("PUT", "/clients/shop", SHOP)
    assert (made.status, made.json["client"]["id"]) == (200, "shop")
    again = ops.call("PUT", "/clients/shop", {**SHOP, "name": "Shop"})
    assert (again.json["secret"], again.json["client"]["name"]) == (None, "Shop")
    other = ops.call("POST", "/clients/shop/secret").json["secret"]
    assert other
    assert other != made.json["secret"]
    assert [each["id"] for each in ops.call("GET", "/clients").json["items"]] == ["ops", "shop"]
    assert ops.call("GET", "/clients/shop").json["name"] == "Shop"
    assert ops.call("DELETE", "/clients/shop").status == 204
    assert ops.call("GET", "/clients/shop").status == 404
    assert ops.call("PUT", "/clients/shop", SHOP).status == 409


def test_lists_come_in_parts(ops, site):
    made = [make_account(site, f"p{n}@example.org").id for n in range(5)]
    first = ops.call("GET", "/accounts?limit=3").json
    rest = ops.call("GET", f"/accounts?limit=3&after={first['next']}").json
    assert [each["id"] for each in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None
    entries = ops.call("GET", "/audit?limit=1").json
    assert len(entries["items"]) == 1
    assert ops.call("GET", f"/audit?after={entries['next']}").json["items"]
    assert ops.call("GET", "/audit/verify").json["holds"] is True


def test_an_account_is_found_blocked_unblocked_and_deleted(ops, app, site, ann):
    log_in(Browser(app))
    found = ops.call("GET", "/accounts?email=Ann@Example.org").json["items"]
    assert [each["id"] for each in found] == [ann.id]
    assert len(ops.call("GET", f"/accounts/{ann.id}/sessions").json["items"]) == 1
    blocked = ops.call("POST", f"/accounts/{ann.id}/block", {"why": "a complaint"})
    assert blocked.json == {"sessions_ended": 1}
    assert ops.call("GET", f"/accounts/{ann.id}").json["blocked_at"]
    assert ops.call("POST", f"/accounts/{ann.id}/unblock").json == {"done": True}
    assert ops.call("DELETE", f"/accounts/{ann.id}").status == 422
    assert ops.call("DELETE", f"/accounts/{ann.id}?why=asked").status == 200
    assert ops.call("GET", f"/accounts/{ann.id}").status == 404


def test_one_session_or_all_of_them_end(ops, app, site, ann):
    for _ in range(3):
        log_in(Browser(app))
    listed = ops.call("GET", f"/accounts/{ann.id}/sessions").json["items"]
    path = f"/accounts/{ann.id}/sessions"
    assert ops.call("DELETE", f"{path}?sid={listed[0]['sid']}").json == {"sessions_ended": 1}
    assert ops.call("DELETE", path).json == {"sessions_ended": 2}


def test_an_invitation_goes_to_the_address_alone(ops, site):
    got = ops.call("POST", "/accounts", {"email": "new@example.org"})
    assert got.json == {"done": True}
    (letter,) = letters(site)
    assert letter.to == "new@example.org"
    assert "ticket=" not in got.text
    assert ops.call("POST", "/accounts", {"email": "nowhere"}).status == 422
    make_account(site, "there@example.org")
    assert ops.call("POST", "/accounts", {"email": "there@example.org"}).status == 409


def test_keys_are_listed_and_rotated(ops):
    before = ops.call("GET", "/keys").json["items"]
    assert ops.call("POST", "/keys/rotate").status == 200
    after = {each["kid"] for each in ops.call("GET", "/keys").json["items"]}
    assert {each["kid"] for each in before} <= after


def test_every_operation_needs_its_scope_and_nothing_else_will_do(site, app, ann):
    for operation in OPERATIONS:
        others = [scope for scope in EVERY if scope != operation.scope]
        less = service(site, app, *others, id_=f"no-{operation.name}")
        path = operation.path.removeprefix("/admin").replace("{part}", ann.id)
        got = less.call(operation.method, path, {} if operation.body else None)
        assert (got.status, got.json["code"]) == (403, "insufficient_scope"), operation.name
        assert operation.scope in got.header("www-authenticate")
    refused = [entry.data["operation"] for entry in noted(site) if entry.outcome == "refused"]
    assert refused == [operation.name for operation in OPERATIONS]


def test_every_act_is_noted_with_who_did_it(ops, site, ann):
    ops.call("GET", "/accounts")
    ops.call("POST", f"/accounts/{ann.id}/block", {"why": "a complaint"})
    ops.call("GET", "/accounts/nobody")
    told = [(e.outcome, e.actor, e.data["operation"], e.data.get("about")) for e in noted(site)]
    assert told == [
        ("done", "client:ops", "listAccounts", None),
        ("done", "client:ops", "block", ann.id),
        ("refused", "client:ops", "getAccount", "nobody"),
    ]
    assert [entry.actor for entry in noted(site, "account.blocked")] == ["client:ops"]


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("inviter", "invite", "listAccounts"),
        ("reader", "listAccounts", "invite"),
        ("clients", "putClient", "listAccounts"),
        ("support", "block", "putClient"),
        ("auditor", "listAudit", "listClients"),
    ],
)
def test_a_person_may_do_what_a_role_of_theirs_says(site, app, ann, role, may, may_not):
    give(site, ann, role)
    admin = person(site, app, ann)
    bob = make_account(site, "bob@example.org")
    sent = {"invite": {"email": "x@example.org"}, "putClient": SHOP, "block": {"why": "so"}}
    by_name = {operation.name: operation for operation in OPERATIONS}
    for name, status in ((may, 200), (may_not, 403)):
        operation = by_name[name]
        path = operation.path.removeprefix("/admin").replace("{part}", bob.id)
        assert admin.call(operation.method, path, sent.get(name)).status == status


def test_a_customer_with_a_token_of_every_scope_may_do_nothing(site, app, ann):
    customer = person(site, app, ann)
    for operation in OPERATIONS:
        path = operation.path.removeprefix("/admin").replace("{part}", ann.id)
        assert customer.call(operation.method, path, {} if operation.body else None).status == 403


def test_a_role_that_is_taken_and_an_account_that_is_blocked_work_no_more(site, app, ann):
    give(site, ann, "owner")
    admin = person(site, app, ann)
    assert admin.call("GET", "/keys").status == 200
    give(site, ann)
    assert admin.call("GET", "/keys").status == 403
    give(site, ann, "owner")
    with writing(site.engine) as conn:
        accounts.block(conn, ann.id, site.clock(), "gone")
    assert admin.call("GET", "/keys").status == 401


def test_a_person_has_to_have_logged_in_with_two_factors(site, app, ann):
    """RFC 9470"""
    give(site, ann, "owner")
    got = person(site, app, ann, acr="urn:isthmus:acr:1").call("GET", "/keys")
    assert (got.status, got.json["code"]) == (401, "insufficient_user_authentication")
    assert 'acr_values="urn:isthmus:acr:2"' in got.header("www-authenticate")


def test_nobody_gets_more_rights_through_a_client(site, app):
    """Who manages clients cannot make, take over or disable one that may do more than they may."""
    owner = service(site, app, *EVERY, id_="owner")
    some = service(site, app, "isthmus.clients.read", "isthmus.clients.write")
    assert some.call("PUT", "/clients/shop", SHOP).status == 200
    wide = {**SHOP, "scopes": ["isthmus.keys.write"]}
    assert some.call("PUT", "/clients/mine", wide).json["code"] == "forbidden"
    assert owner.call("PUT", "/clients/wide", wide).status == 200
    assert some.call("POST", "/clients/wide/secret").status == 403
    assert some.call("PUT", "/clients/wide", SHOP).status == 403
    assert some.call("DELETE", "/clients/wide").status == 403


def test_nobody_gives_a_role_or_touches_an_account_that_may_do_more(site, app, ann):
    chief = make_account(site, "chief@example.org")
    give(site, chief, "owner")
    give(site, ann, "support")
    helper = person(site, app, ann)
    assert helper.call("POST", f"/accounts/{chief.id}/block", {"why": "so"}).status == 403
    assert helper.call("DELETE", f"/accounts/{chief.id}/sessions").status == 403
    half = service(site, app, "isthmus.roles.write", "isthmus.accounts.read")
    assert half.call("PUT", f"/accounts/{ann.id}/roles", {"roles": ["owner"]}).status == 403
    owner = service(site, app, *EVERY, id_="owner")
    got = owner.call("PUT", f"/accounts/{ann.id}/roles", {"roles": ["reader"]})
    assert got.json == {"roles": ["reader"]}
    assert owner.call("GET", f"/accounts/{ann.id}/roles").json == {"roles": ["reader"]}


def test_a_token_for_something_else_is_none_here(site, app, ann):
    secret = register(
        site, id="ops", auth="client_secret_post", scopes=EVERY, resources=(ADMIN, API)
    )
    rp = RelyingParty(app, None, secret, "ops")
    other = rp.token(grant_type="client_credentials", resource=API).json["access_token"]
    assert Service(app, other).call("GET", "/keys").status == 401
    assert Service(app, "x.y.z").call("GET", "/keys").status == 401
    good = rp.token(grant_type="client_credentials", resource=ADMIN).json["access_token"]
    assert Service(app, good).call("GET", "/keys").status == 200
    with writing(site.engine) as conn:
        clients.disable(conn, "ops", site.clock())
    assert Service(app, good).call("GET", "/keys").status == 401


def test_a_scope_that_the_client_lost_is_lost_at_once(site, app):
    ops = service(site, app, *EVERY)
    register(site, id="ops", auth="client_secret_post", scopes=(roles.AUDIT,))
    assert ops.call("GET", "/keys").status == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b'{"why": "a", "why": "b"}', 400), (b"[]", 422), (b'{"why": ""}', 422),
     (b'{"why": "a", "more": 1}', 422), (b"[" * 60_000, 400), (b"x" * 70_000, 413)],
)  # fmt: skip
def test_a_body_that_is_none_is_told_as_a_problem_document(ops, ann, body, status):
    got = ops.call("POST", f"/accounts/{ann.id}/block", body)
    assert (got.status, got.header("content-type")) == (status, "application/problem+json")
    assert got.json["status"] == status


def test_a_body_of_another_kind_is_refused(ops, ann):
    path = f"/accounts/{ann.id}/block"
    got = ops.call("POST", path, b"why=so", **{"content-type": "application/x-www-form-urlencoded"})
    assert got.status == 415


def test_cookies_mean_nothing_here(app, site, ann, browser):
    give(site, ann, "owner")
    log_in(browser)
    assert browser.get("/admin/keys").status == 401


def test_errors_show_no_value(ops):
    got = ops.call("POST", "/accounts", {"email": ["secret@example.org"]})
    assert got.status == 422
    assert "secret" not in got.text
