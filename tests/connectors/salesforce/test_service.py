"""Whatever a client sends, the simulator answers as an API does, and keeps its records whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.simulators.salesforce import App, Org
from connectors.simulators.salesforce.access import Access
from connectors.simulators.salesforce.service import Service
from connectors.simulators.salesforce.wire import Request

KEYS = """records attributes type id Id LastName allOrNone ids operation object query state
externalIdFieldName fields batchRequests compositeRequest method url referenceId body richInput
columnDelimiter lineEnding contentType AccountId Account"""
VALUES = "Contact insert upsert GET POST CSV LF UploadComplete v62.0/limits"
RESOURCES = """query queryAll/x query/0r8-1 sobjects sobjects/Contact sobjects/No limits nope
sobjects/Contact/describe sobjects/Contact/x sobjects/Contact/Email/x sobjects/Contact/updated
composite composite/batch composite/sobjects composite/sobjects/Contact jobs/query jobs/ingest
composite/sobjects/Contact/Id jobs/ingest/750Qy0000000001IAA jobs/query/x/results
jobs/query/750Qy0000000001IAA jobs/query/750Qy0000000001IAA/results jobs/ingest/x/batches"""
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    PLAIN | st.sampled_from(VALUES.split()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=4)
    ),
    max_leaves=8,
)
PATHS = st.sampled_from(["", *RESOURCES.split()])
QUERIES = st.dictionaries(
    st.sampled_from(["q", "ids", "fields", "start", "end", "locator", "maxRecords", "allOrNone"]),
    st.text(max_size=10) | st.just("SELECT Id FROM Contact"),
    max_size=3,
)


@pytest.fixture(scope="module")
def service():
    org = Org()
    return Service(org, Access(org, {"c": App("c", "s")}), daily=10**9)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE"]), PATHS, QUERIES, JSON)
def test_any_call_has_an_answer(service, method, path, query, body):
    token = next(iter(service.access.sessions), None) or service.access.open()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    url = f"/services/data/v62.0/{path}"
    answer = service.handle(
        Request(method, url, query, headers, json.dumps(body).encode()), "http://sim"
    )
    assert 200 <= answer.status < 500
    if answer.status >= 400:
        (error,) = json.loads(answer.body)
        assert error["errorCode"]
        assert error["message"]


@given(st.binary(max_size=60), st.sampled_from(["/services/oauth2/token", "/services/Soap/u/62.0"]))
def test_any_login_has_an_answer(service, body, path):
    answer = service.handle(Request("POST", path, {}, {}, body), "http://sim")
    assert answer.status in {400, 500}
