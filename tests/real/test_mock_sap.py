"""mock-sap: BAPIs over SOAP, read with a WSDL of ours, for the mock serves none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.contract import Query
from connectors.errors import TransientError, UnauthorizedError
from connectors.registry import build
from connectors.soap import Soap
from pipelines.sandbox.processes import free_port
from tests.real.packages import python_environment
from tests.real.starting import answers, running

pytestmark = pytest.mark.real

LOGIN = ("ISTHMUS", "right")
PATH = "/sap/bc/srt/rfc/sap/customers/100/customers/binding"
PARTNERS = "/sap/opu/odata/sap/API_BUSINESS_PARTNER_SRV/A_BusinessPartner"


@pytest.fixture(scope="module")
def sap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    programs = python_environment("mock-sap", "mock-sap==0.22.0")
    folder, port = tmp_path_factory.mktemp("sap"), free_port()
    url = f"http://127.0.0.1:{port}"
    command = [programs / "mock-sap", "--host", "127.0.0.1", "--port", str(port), "--no-csrf", "-q"]
    command += ["--db", folder / "sap.db", "--seed", "42", "--auth", ":".join(LOGIN)]
    ready = f"{url}/_mock/health"
    with running(command, lambda: answers(ready, auth=LOGIN), folder=folder):
        yield url


@pytest.fixture
def source(sap, monkeypatch):
    def build_it(password: str = LOGIN[1], **detail: Any) -> Soap:
        monkeypatch.setenv("SAP_PASSWORD", password)
        details = {
            "operation": "CustomerGetDetail2",
            "arguments": {"Customerno": "{CUSTOMER}"},
            "item": "CUSTOMERGENERALDETAIL",
        }
        customers = {
            "operation": "CustomerGetList",
            "arguments": {"MaxRows": 0},
            "items": "ADDRESSDATA.item",
            "key": "CUSTOMER",
            "details": details | detail,
        }
        settings = {
            "system": "SAP",
            "url": f"{sap}{PATH}",
            "wsdl": "customers.wsdl",
            "auth": {"type": "basic", "user": LOGIN[0], "password": "env:SAP_PASSWORD"},
            "objects": {"customers": customers},
            "http": {"attempts": 2, "backoff_seconds": 0.01},
            "errors": [{"at": "RETURN.TYPE", "equals": ["E", "A"], "means": "rejected"}],
        }
        built = build("soap", settings, Path(__file__).parent)
        assert isinstance(built, Soap)
        return built

    return build_it


def rows(source: Soap) -> dict[str, dict[str, Any]]:
    pages = source.read(Query("customers", key="CUSTOMER"))
    return {row["CUSTOMER"]: dict(row) for page in pages for row in page.rows}


def test_customers_are_read_with_their_details_and_change_at_the_source(source, sap):
    assert source().check().details["service"] == "Customers"
    before = rows(source())
    assert len(before) > 5
    assert all(isinstance(row["CREAT_DATE"], date) for row in before.values())
    number = next(iter(before))
    (partner,) = requests.get(
        f"{sap}{PARTNERS}?$filter=Customer eq '{number}'&$format=json", auth=LOGIN, timeout=30
    ).json()["d"]["results"]
    edited = {"SearchTerm1": "EDITED"}
    address = f"{sap}{PARTNERS}('{partner['BusinessPartner']}')"
    requests.patch(address, json=edited, auth=LOGIN, timeout=30).raise_for_status()
    after = rows(source())
    assert after[number]["SEARCHTERM"] == "EDITED"
    assert {key for key in after if after[key] != before[key]} == {number}


def test_a_wrong_password_and_a_message_of_type_e_are_told(source):
    with pytest.raises(UnauthorizedError):
        source(password="wrong").check()
    pages = list(source(arguments={"Customerno": "9"}).read(Query("customers", key="CUSTOMER")))
    reasons = {each.reason for page in pages for each in page.rejected}
    assert reasons == {"CustomerGetDetail2 (E)"}


def test_a_system_that_fails_now_and_then_is_asked_again(source, sap):
    whole = rows(source())
    fault = {"match": "/sap/bc/srt", "status": 503, "count": 1}
    made = requests.post(f"{sap}/_mock/faults", json=fault, auth=LOGIN, timeout=30)
    assert made.ok, made.text
    assert rows(source()) == whole
    always = fault | {"count": 0}
    requests.post(f"{sap}/_mock/faults", json=always, auth=LOGIN, timeout=30).raise_for_status()
    with pytest.raises(TransientError, match="503"):
        rows(source())
    requests.delete(f"{sap}/_mock/faults", auth=LOGIN, timeout=30).raise_for_status()
