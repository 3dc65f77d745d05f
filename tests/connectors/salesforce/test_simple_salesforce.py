"""Unmodified simple-salesforce against the simulator: what it sends is understood and answered.

It speaks https only, and finds its hosts by name: the session it is given leads them here.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_external_id, format_soql

from connectors.simulators.salesforce import (
    DuplicateRule,
    Org,
    Response,
    Simulator,
    ValidationRule,
)
from connectors.simulators.salesforce.ids import make_id, normal
from tests.connectors.salesforce.conftest import CLIENT, CUSTOMER, SECRET, USER, Leading


@pytest.fixture
def web(salesforce: Simulator) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", Leading(salesforce.port))
        yield session


@pytest.fixture
def sf(web: requests.Session, salesforce: Simulator) -> Salesforce:
    return Salesforce(consumer_key=CLIENT, consumer_secret=SECRET, domain="acme.my", session=web)


def test_client_credentials_log_in(sf, org):
    assert sf.query("SELECT Name FROM Organization")["records"][0]["Name"] == "Simulated org"
    assert sf.sf_instance == "acme.my.salesforce.com"
    assert sf.is_sandbox() is False


def test_a_jwt_logs_in_when_its_key_is_the_apps(web, key, salesforce):
    pem = key.as_pem(private=True).decode()
    sf = Salesforce(username=USER, consumer_key=CLIENT, privatekey=pem, session=web)
    assert sf.limits()["DailyApiRequests"]["Max"] == 15_000
    stranger = type(key).generate_key(2048).as_pem(private=True).decode()
    for wrong in ({"privatekey": stranger}, {"consumer_key": "other"}, {"username": "nobody"}):
        given = {"username": USER, "consumer_key": CLIENT, "privatekey": pem, **wrong}
        with pytest.raises(SalesforceAuthenticationFailed, match="invalid_grant"):
            Salesforce(**given, session=web)


def test_soap_logs_in_up_to_version_64(web, salesforce):
    sf = Salesforce(username=USER, password="pa<ss&", security_token="token", session=web)
    assert sf.query("SELECT Id FROM User")["totalSize"] == 1
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(username=USER, password="wrong", security_token="", session=web)
    with pytest.raises(SalesforceAuthenticationFailed, match="UNSUPPORTED_API_VERSION"):
        Salesforce(
            username=USER, password="pa<ss&", security_token="token", session=web, version="65.0"
        )


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials", "client_id": "x"}, "invalid_client_id"),
        ({"grant_type": "client_credentials", "client_id": CLIENT}, "invalid_client"),
        (
            {"grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": "x"},
            "invalid_grant",
        ),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
    ],
)
def test_a_token_is_refused_in_the_words_of_oauth(salesforce, form, error):
    answer = requests.post(f"{salesforce.url}/services/oauth2/token", data=form, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_refresh_token_gives_new_sessions(salesforce):
    url = f"{salesforce.url}/services/oauth2/token"
    client = {"client_id": CLIENT, "client_secret": SECRET}
    first = requests.post(
        url,
        data={"grant_type": "password", "username": USER, "password": "pa<ss&token", **client},
        timeout=5,
    ).json()
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], **client}
    second = requests.post(url, data=again, timeout=5).json()
    assert second["access_token"] != first["access_token"]
    identity = requests.get(
        second["id"], headers={"Authorization": f"Bearer {second['access_token']}"}, timeout=5
    ).json()
    assert identity["organization_id"] == salesforce.org.id


def test_a_record_is_written_read_and_deleted(sf):
    made = sf.Contact.create({"LastName": "Lee", "FirstName": " Ann ", "Email": "a@x.example"})
    assert made["success"]
    assert sf.Contact.update(made["id"], {"Phone": "1", "FirstName": None}) == 204
    held = sf.Contact.get(made["id"])
    assert (held["Name"], held["FirstName"], held["Phone"]) == ("Lee", None, "1")
    assert held["attributes"]["type"] == "Contact"
    assert sf.Contact.get(made["id"][:15])["Id"] == made["id"]
    assert sf.Contact.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound, match="ENTITY_IS_DELETED"):
        sf.Contact.delete(made["id"])
    assert sf.query("SELECT Id FROM Contact")["totalSize"] == 0
    gone = sf.query("SELECT Id, IsDeleted, Phone FROM Contact", include_deleted=True)["records"]
    assert [(row["IsDeleted"], row["Phone"]) for row in gone] == [(True, "1")]


def test_a_record_is_upserted_by_its_external_id(sf):
    odd = format_external_id("Isthmus_Id__c", "a/b?c#d+e")
    assert sf.Contact.upsert(odd, {"LastName": "One"}) == 201
    assert sf.Contact.upsert(odd, {"LastName": "Two"}) == 200
    held = sf.Contact.get_by_custom_id("Isthmus_Id__c", "a/b?c#d+e")
    assert held["LastName"] == "Two"


def test_an_external_id_that_several_records_have_is_refused(sf, org):
    org.seed("Contact", [{"LastName": n, "Shop_Number__c": "7"} for n in "ab"])
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Contact.upsert("Shop_Number__c/7", {"LastName": "x"})


def test_pages_lead_on_until_done(sf, org):
    org.seed("Contact", [{"LastName": f"L{n:04}"} for n in range(4100)])
    query = "SELECT LastName FROM Contact ORDER BY LastName"
    first = sf.query(query)
    assert (len(first["records"]), first["done"], first["totalSize"]) == (2000, False, 4100)
    assert [r["LastName"] for r in sf.query_all(query)["records"]] == [
        f"L{n:04}" for n in range(4100)
    ]
    small = sf.query(query, headers={"Sforce-Query-Options": "batchSize=200"})
    assert len(small["records"]) == 200
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_QUERY_LOCATOR"):
        sf.query_more("01gXXXXXXXXXXXXAAA-2000")


def test_a_page_shows_the_moment_of_its_query(sf, org):
    ids = org.seed("Contact", [{"LastName": f"L{n:04}"} for n in range(2001)])
    first = sf.query("SELECT LastName FROM Contact ORDER BY LastName")
    sf.Contact.update(ids[2000], {"LastName": "new"})
    rest = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert [row["LastName"] for row in rest["records"]] == ["L2000"]


def test_describe_tells_objects_and_fields(sf):
    names = [each["name"] for each in sf.describe()["sobjects"]]
    assert names == ["Account", "Contact", "Lead", "Organization", "Person__c", "User"]
    fields = {each["name"]: each for each in sf.Person__c.describe()["fields"]}
    assert fields["Key__c"]["externalId"]
    assert fields["Key__c"]["unique"]
    assert fields["SystemModstamp"]["type"] == "datetime"
    assert not fields["SystemModstamp"]["updateable"]
    assert sf.Person__c.metadata()["objectDescribe"]["keyPrefix"] == "a01"
    with pytest.raises(SalesforceResourceNotFound):
        sf.Nothing__c.describe()


def test_changes_are_listed_by_time(sf, org, clock):
    ids = org.seed("Contact", [{"LastName": n} for n in "ab"])
    clock.tick(10)
    sf.Contact.delete(ids[0])
    sf.Contact.update(ids[1], {"Title": "Dr"})
    start, end = clock.now - timedelta(seconds=5), clock.now + timedelta(seconds=5)
    assert sf.Contact.updated(start, end)["ids"] == [ids[1]]
    assert [each["id"] for each in sf.Contact.deleted(start, end)["deletedRecords"]] == [ids[0]]
    assert sf.Contact.updated(datetime(2000, 1, 1, tzinfo=UTC), start)["ids"] == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({}, "REQUIRED_FIELD_MISSING"),
        ({"LastName": " "}, "REQUIRED_FIELD_MISSING"),
        ({"LastName": "x" * 81}, "STRING_TOO_LONG"),
        ({"LastName": "x", "Email": "ann(at)example"}, "INVALID_EMAIL_ADDRESS"),
        ({"LastName": "x", "Nope__c": 1}, "INVALID_FIELD"),
        ({"LastName": "x", "Name": "y"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (
            {"LastName": "x", "SystemModstamp": "2026-01-01T00:00:00Z"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
        ({"LastName": "x", "Birthdate": "31.12.1999"}, "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ({"LastName": "x", "HasOptedOutOfEmail": None}, "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ({"LastName": "x", "AccountId": "nonsense"}, "MALFORMED_ID"),
        ({"LastName": "x", "AccountId": "001000000000001AAA"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"LastName": "x", "Isthmus_Id__c": "taken"}, "DUPLICATE_VALUE"),
        ({"LastName": "x", "Email": "TWIN@x.example"}, "DUPLICATES_DETECTED"),
        ({"LastName": "broken"}, "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
    ],
)
def test_a_bad_record_is_refused_by_its_code(sf, org, values, code):
    org.seed("Contact", [{"LastName": "a", "Isthmus_Id__c": "taken", "Email": "twin@x.example"}])
    org.rules.duplicates.append(DuplicateRule("Contact", ("Email",)))
    org.rules.validation.append(
        ValidationRule("Contact", lambda r: r["LastName"] == "broken", "Mend it", "LastName")
    )
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.Contact.create(values)
    assert caught.value.content[0]["errorCode"] == code


def test_a_duplicate_may_be_saved_by_header_and_a_lock_ends(sf, org):
    (made,) = org.seed("Contact", [{"LastName": "a", "Email": "twin@x.example"}])
    org.rules.duplicates.append(DuplicateRule("Contact", ("Email",)))
    header = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    assert sf.Contact.create({"LastName": "b", "Email": "twin@x.example"}, headers=header)
    org.rules.locks[made] = 1
    with pytest.raises(SalesforceMalformedRequest, match="UNABLE_TO_LOCK_ROW"):
        sf.Contact.update(made, {"Title": "x"}, headers=header)
    assert sf.Contact.update(made, {"Title": "x"}, headers=header) == 204


def test_collections_have_one_result_a_record(sf, org):
    def call(method, path, records, **more):
        body = {"records": records, "allOrNone": False, **more}
        return sf.restful(f"composite/sobjects{path}", method=method, json=body)

    contact = {"attributes": {"type": "Contact"}}
    made = call("POST", "", [{**contact, "LastName": "a"}, contact, {"LastName": "no type"}])
    assert [each["success"] for each in made] == [True, False, False]
    assert made[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    key = {**contact, "LastName": "k", "Isthmus_Id__c": "1"}
    upserted = call("PATCH", "/Contact/Isthmus_Id__c", [key, key, {**key, "Isthmus_Id__c": "2"}])
    assert [each["success"] for each in upserted] == [True, False, True]
    assert [upserted[0]["created"], upserted[2]["created"]] == [True, True]
    changed = call("PATCH", "", [{**contact, "id": made[0]["id"], "Title": "Dr"}, contact])
    assert [each["success"] for each in changed] == [True, False]
    ids = f"{made[0]['id']},{upserted[0]['id']},003000000000001AAA"
    gone = sf.restful("composite/sobjects", {"ids": ids, "allOrNone": "false"}, method="DELETE")
    assert [each["success"] for each in gone] == [True, True, False]
    with pytest.raises(SalesforceMalformedRequest, match="more than 200"):
        call("POST", "", [key] * 201)


def test_all_or_none_leaves_nothing_behind(sf):
    contact = {"attributes": {"type": "Contact"}}
    body = {"allOrNone": True, "records": [{**contact, "LastName": "a"}, contact]}
    found = sf.restful("composite/sobjects", method="POST", json=body)
    assert found[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert sf.query("SELECT COUNT() FROM Contact")["totalSize"] == 0


def test_composite_requests_refer_to_earlier_answers(sf):
    here = "/services/data/v59.0/sobjects"
    asked = [
        {"method": "POST", "url": f"{here}/Account", "referenceId": "acme", "body": {"Name": "A"}},
        {
            "method": "POST",
            "url": f"{here}/Contact",
            "referenceId": "ann",
            "body": {"LastName": "Lee", "AccountId": "@{acme.id}"},
        },
    ]
    found = sf.restful("composite", method="POST", json={"compositeRequest": asked})
    assert [each["httpStatusCode"] for each in found["compositeResponse"]] == [201, 201]
    batch = {
        "batchRequests": [
            {"method": "GET", "url": "v59.0/limits"},
            {"method": "GET", "url": "v59.0/no"},
        ]
    }
    results = sf.restful("composite/batch", method="POST", json=batch)
    assert [each["statusCode"] for each in results["results"]] == [200, 404]
    query = "SELECT Account.Name FROM Contact WHERE Account.Name = 'a'"
    assert sf.query(query)["records"][0]["Account"]["Name"] == "A"


def test_bulk_writes_tell_of_every_record(sf, org):
    rows = [{"LastName": f"L{n}", "Isthmus_Id__c": str(n)} for n in range(5)]
    rows[3]["LastName"] = "x" * 81
    (job,) = sf.bulk2.Contact.insert(records=rows, wait=0)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (5, 1)
    found = sf.bulk2.Contact.get_all_ingest_records(job["job_id"])
    assert [row["Isthmus_Id__c"] for row in found["successfulRecords"]] == ["0", "1", "2", "4"]
    assert found["failedRecords"][0]["sf__Error"].startswith("STRING_TOO_LONG:")
    assert found["unprocessedRecords"] == []
    again = [{"Isthmus_Id__c": "0", "Title": "Dr"}, {"Isthmus_Id__c": "9", "LastName": "new"}]
    (job,) = sf.bulk2.Contact.upsert(records=again, external_id_field="Isthmus_Id__c", wait=0)
    created = csv.DictReader(io.StringIO(sf.bulk2.Contact.get_successful_records(job["job_id"])))
    assert [row["sf__Created"] for row in created] == ["false", "true"]
    held = sf.query(format_soql("SELECT Id, LastName FROM Contact WHERE Title = {}", "Dr"))[
        "records"
    ]
    assert held[0]["LastName"] == "L0"
    sf.bulk2.Contact.update(records=[{"Id": held[0]["Id"], "Title": "#N/A"}], wait=0)
    assert sf.Contact.get(held[0]["Id"])["Title"] is None
    sf.bulk2.Contact.delete(records=[{"Id": held[0]["Id"]}], wait=0)
    assert sf.query("SELECT COUNT() FROM Contact")["totalSize"] == 4


def test_bulk_queries_are_read_by_locator(sf, org):
    org.seed("Contact", [{"LastName": f"L{n}", "IsDeleted": n == 0} for n in range(7)])
    query = "SELECT LastName, IsDeleted FROM Contact ORDER BY LastName"
    pages = list(sf.bulk2.Contact.query(query, max_records=4, wait=0))
    assert [len(page.splitlines()) for page in pages] == [5, 3]
    assert pages[0].splitlines()[1] == '"L1","false"'
    (whole,) = sf.bulk2.Contact.query_all(query, wait=0)
    assert '"L0","true"' in whole


def test_a_job_that_fails_says_why(sf, salesforce):
    salesforce.service.bulk.fail_next = "InternalServerError : try later"
    with pytest.raises(Exception, match="InternalServerError"):
        sf.bulk2.Contact.insert(records=[{"LastName": "a"}], wait=0)
    with pytest.raises(Exception, match="Field name not found"):
        sf.bulk2.Contact.insert(records=[{"Nope__c": "a"}], wait=0)
    with pytest.raises(SalesforceMalformedRequest, match="compound"):
        list(sf.bulk2.Contact.query("SELECT MailingAddress FROM Contact", wait=0))


def test_calls_are_counted_and_end(sf, salesforce):
    sf.query("SELECT Id FROM Contact")
    assert sf.api_usage["api-usage"].used == 1
    salesforce.service.daily = 2
    sf.limits()
    with pytest.raises(SalesforceRefusedRequest, match="REQUEST_LIMIT_EXCEEDED"):
        sf.limits()


def test_an_expired_session_is_told_and_opened_anew_by_who_can(sf, salesforce):
    salesforce.access.expire()
    assert sf.query("SELECT Id FROM Contact")["totalSize"] == 0
    salesforce.access.expire()
    with pytest.raises(SalesforceExpiredSession, match="INVALID_SESSION_ID"):
        list(sf.bulk2.Contact.query("SELECT Id FROM Contact", wait=0))


@pytest.mark.parametrize(("how", "made"), [("drop", 0), ("lose", 1), ("cut", 1), ("answer", 0)])
def test_faults_happen_as_told_and_no_longer(sf, salesforce, how, made):
    response = Response.of([{"message": "busy", "errorCode": "SERVER_UNAVAILABLE"}], 503)
    salesforce.fault("POST .*/sobjects/Contact", how, response=response)
    with pytest.raises((requests.RequestException, SalesforceGeneralError)):
        sf.Contact.create({"LastName": "a"})
    assert sf.query("SELECT COUNT() FROM Contact")["totalSize"] == made
    sf.Contact.create({"LastName": "b"})


def test_records_in_a_file_outlive_the_org(tmp_path, clock):
    org = Org([CUSTOMER], file=tmp_path / "org.db", clock=clock)
    row = {"LastName": "Lee", "Birthdate": "1999-12-31", "Isthmus_Id__c": "k", "Active__c": False}
    made = org.create("Contact", row)
    org.commit()
    held = org.get("Contact", made)
    org.create("Contact", {"LastName": "not committed"})
    org.close()
    clock.tick(60)
    again = Org([CUSTOMER], file=tmp_path / "org.db", clock=clock)
    assert again.get("Contact", made) == held
    assert (again.id, again.user_id) == (org.id, org.user_id)
    assert len(list(again.records("Contact"))) == 1
    assert again.by_external_id("Contact", "isthmus_id__c", "k") == held
    again.close()


def test_the_simulator_is_a_program_of_its_own(tmp_path):
    command = [
        sys.executable,
        "-m",
        "connectors.simulators.salesforce",
        "--file",
        str(tmp_path / "o.db"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        told = json.loads(process.stdout.readline())
        form = {
            "grant_type": "client_credentials",
            **{k: told[k] for k in ("client_id", "client_secret")},
        }
        answer = requests.post(f"{told['url']}/services/oauth2/token", data=form, timeout=5)
        process.terminate()
    assert answer.json()["instance_url"] == told["url"]


def test_ids_stand_in_the_order_of_their_numbers():
    ids = [make_id("003", n) for n in (1, 9, 10, 35, 36, 61, 62, 3844, 10**6)]
    assert ids == sorted(ids)
    assert {normal(each[:15]) for each in ids} == set(ids)
    assert normal("003D000000QOGAv") == "003D000000QOGAvIAP"
    assert normal("003D000000QOGAvIAX") is None
