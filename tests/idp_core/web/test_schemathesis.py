"""Schemathesis against every JSON API: whatever is sent, the answer is one the document names.

The document of the API of administration is its own; that of the OAuth endpoints stands here.
"""

import base64

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from idp_core.admin import roles
from idp_core.admin.openapi import document
from idp_core.admin.routes import OPERATIONS
from idp_core.clients.model import DEVICE
from idp_core.site.config import ServeConfig
from idp_core.site.site import make_site
from idp_core.vault.master import Master
from idp_core.web.app import make_app
from tests.databases import new_engine
from tests.idp_core.oidc.relying import RelyingParty, register
from tests.idp_core.people import make_account
from tests.idp_core.web.browser import ORIGIN, Browser

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ADMIN = f"{ORIGIN}/admin"
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
FEW, MANY = 5, 300
JSON = "application/json"


def shape(**properties):
    return {"type": "object", "properties": properties}


TEXT = {"type": "string"}
ERROR = {**shape(error=TEXT, error_description=TEXT), "required": ["error"]}


def operation(name, form, answer, *statuses):
    answers = {
        "200": {"description": "done", "content": {JSON: {"schema": answer}} if answer else {}},
        **{s: {"description": "no", "content": {JSON: {"schema": ERROR}}} for s in statuses},
    }
    return {"post": {
        "operationId": name,
        "requestBody": {"required": True, "content": {
            "application/x-www-form-urlencoded": {"schema": form},
        }},
        "responses": answers,
    }}  # fmt: skip


GRANTS = ["authorization_code", "refresh_token", "client_credentials", DEVICE, "password", ""]
OAUTH = {
    "openapi": "3.1.0",
    "info": {"title": "OAuth", "version": "1"},
    "servers": [{"url": ORIGIN}],
    "paths": {
        "/token": operation(
            "token",
            shape(
                grant_type={"enum": GRANTS}, code=TEXT, refresh_token=TEXT, device_code=TEXT,
                redirect_uri=TEXT, code_verifier=TEXT, scope=TEXT, resource=TEXT,
                client_id=TEXT, client_secret=TEXT, client_assertion=TEXT,
                client_assertion_type=TEXT,
            ),
            {**shape(access_token=TEXT, token_type={"const": "Bearer"}),
             "required": ["access_token", "token_type", "expires_in", "scope"]},
            "400", "401", "415",
        ),
        "/introspect": operation(
            "introspect", shape(token=TEXT, token_type_hint=TEXT, client_id=TEXT),
            {**shape(active={"type": "boolean"}), "required": ["active"]}, "400", "401", "415",
        ),
        "/revoke": operation(
            "revoke", shape(token=TEXT, token_type_hint=TEXT, client_id=TEXT), None,
            "400", "401", "415",
        ),
        "/device_authorization": operation(
            "device", shape(scope=TEXT, resource=TEXT, client_id=TEXT),
            {**shape(device_code=TEXT, user_code=TEXT, interval={"type": "integer"}),
             "required": ["device_code", "user_code", "verification_uri", "expires_in"]},
            "400", "401", "415",
        ),
        "/userinfo": operation(
            "userinfo", shape(access_token=TEXT), {**shape(sub=TEXT), "required": ["sub"]},
            "400", "401", "403", "415",
        ),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A login with some data, its application, and an Authorization header for each endpoint."""
    engine = new_engine(f"sqlite:///{tmp_path_factory.mktemp('fuzz') / 'login.db'}")
    site = make_site(ServeConfig(issuer=ORIGIN), engine, Master(b"m" * 32))
    app = make_app(site, threads=False)
    site.keys.ring()  # as at every start
    make_account(site)
    secret = register(
        site, id="ops", scopes=("openid", "email", *sorted(roles.SCOPES)), resources=(ADMIN,)
    )
    basic = base64.b64encode(f"ops:{secret}".encode()).decode()
    server = Browser(app)
    got = server.post(
        "/token", {"grant_type": "client_credentials"}, authorization=f"Basic {basic}"
    )
    posted = register(site, auth="client_secret_post")
    user = RelyingParty(app, Browser(app), posted).tokens()["access_token"]
    yield (
        app,
        {
            "admin": f"Bearer {got.json['access_token']}",
            "userinfo": f"Bearer {user}",
            "client": f"Basic {basic}",
        },
    )
    engine.dispose()


def fuzz(app, told, path, method, header, examples):
    schema = schemathesis.openapi.from_dict(told)
    schema.app = app
    operation = schema[path][method]

    said = told["paths"][path][method]
    takes = bool(said.get("parameters")) or "requestBody" in said
    # A form of texts alone cannot be wrong, nor can nothing be.
    modes = MODES if takes and told is not OAUTH else MODES[:1]
    for mode in modes:
        strategy = operation.as_strategy(generation_mode=mode)

        @settings(
            max_examples=examples, deadline=None, database=None, derandomize=examples == FEW,
            phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=strategy)
        def run(case):
            response = case.call(base_url=ORIGIN, headers={"Authorization": header})
            case.validate_response(response, checks=CHECKS)

        run()


ADMIN_DOCUMENT = document(OPERATIONS, ORIGIN)
EACH = [
    pytest.param(ADMIN_DOCUMENT, path, method, "admin", id=f"{method} {path}")
    for path, methods in ADMIN_DOCUMENT["paths"].items()
    for method in methods
] + [
    pytest.param(OAUTH, path, "post", "userinfo" if path == "/userinfo" else "client", id=path)
    for path in OAUTH["paths"]
]


@pytest.mark.parametrize(("told", "path", "method", "who"), EACH)
def test_whatever_is_sent_the_answer_is_one_that_the_document_names(place, told, path, method, who):
    app, headers = place
    fuzz(app, told, path, method, headers[who], FEW)


@pytest.mark.slow
@pytest.mark.parametrize(("told", "path", "method", "who"), EACH)
def test_a_long_time_of_whatever(place, told, path, method, who):
    app, headers = place
    fuzz(app, told, path, method, headers[who], MANY)


def test_the_document_is_served_to_everybody(place):
    app, _ = place
    got = Browser(app).get("/admin/openapi.json")
    assert got.json == ADMIN_DOCUMENT
    assert len({each.name for each in OPERATIONS}) == len(OPERATIONS)
