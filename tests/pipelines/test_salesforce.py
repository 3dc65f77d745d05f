"""Salesforce from a source to a target, by the jobs themselves, against the simulated org."""

from __future__ import annotations

import json

import pytest

from connectors.simulators.salesforce import CONTACT, App, Field, Org, Simulator, SObject
from idp_core.db.engine import reading
from idp_core.profiles import store
from pipelines.authoring.samples import columns_of
from pipelines.bus import open_bus
from pipelines.jobs import sync
from pipelines.project import load_project

PROJECT = """
project: sales
sources:
  crm:
    connector: &org
      type: salesforce
      url: {url}
      auth: {{type: client_credentials, client_id: c, client_secret: env:SF_SECRET}}
      http: {{attempts: 2, backoff_seconds: 0.01}}
      external_id: Isthmus_Id__c
      deactivate: {{Active__c: false}}
    max_shrink: 1.0
targets:
  sf:
    connector: *org
    limits: {{shrink_percent: 50}}
"""
MAPPING = """
mapping: crm
from: {connector: salesforce, object: Lead, as: c}
key: c.Id
cursor: c.SystemModstamp
delete: c.IsDeleted
fields:
  email: {from: c.Email, steps: [trim, lower, email]}
  family_name: c.LastName
  organization: c."Owner.Name"
"""
PUSH = """
push: contacts
to: {target: sf, object: Contact}
as: p
scope: p.email is not null and p.active
fields:
  LastName: p.family_name
  Email: p.email
on_leave: {action: deactivate, grace_days: 30}
"""
OURS = SObject(
    "Contact",
    "003",
    (
        *CONTACT.own,
        Field(name="Isthmus_Id__c", unique=True, external_id=True, case_sensitive=True),
        Field(name="Active__c", type="boolean", default=True),
    ),
)


@pytest.fixture
def salesforce(tmp_path, monkeypatch):
    monkeypatch.setenv("SF_SECRET", "s")
    with Simulator(Org([OURS]), apps=(App("c", "s"),)) as simulator:
        (tmp_path / "mappings").mkdir()
        (tmp_path / "mappings/crm.yaml").write_text(MAPPING)
        (tmp_path / "mappings/sf.push.yaml").write_text(PUSH)
        (tmp_path / "isthmus.yaml").write_text(PROJECT.format(url=simulator.url))
        rows = [{"LastName": f"Lee{n}", "Company": "x", "Email": f"l{n}@x.example"} for n in "abc"]
        simulator.org.seed("Lead", rows)
        yield simulator


def run(folder):
    with open_bus(load_project(folder)) as bus:
        report = sync(bus)
        assert not report.problems, report.problems
        return report


def contacts(salesforce):
    return {row["Email"]: row for row in salesforce.org.records("Contact")}


def test_only_the_mappings_columns_are_read_and_those_of_parents_by_their_path(
    salesforce, tmp_path
):
    run(tmp_path)
    landed = [
        json.loads(line)
        for file in tmp_path.rglob("*.jsonl")
        for line in file.read_text().splitlines()
    ]
    wanted = {"Id", "SystemModstamp", "IsDeleted", "Email", "LastName", "Owner.Name"}
    assert [set(row) for row in landed] == [wanted] * 3
    with open_bus(load_project(tmp_path)) as bus, reading(bus.engine) as conn:
        held = list(store.read_source_profiles(conn, deleted=False))
    assert {each.attributes["organization"] for each in held} == {"Integration User"}


def test_looking_for_drift_sees_every_column_and_the_mappings_paths(salesforce, tmp_path):
    with open_bus(load_project(tmp_path)) as bus:
        columns = columns_of(bus, "crm", bus.mapping("crm")).types
    assert {"Company", "Status", "Owner.Name", "SystemModstamp"} <= set(columns)


def test_changes_and_deletions_arrive_and_a_second_run_has_nothing_to_do(salesforce, tmp_path):
    run(tmp_path)
    made = contacts(salesforce)
    assert {row["LastName"] for row in made.values()} == {"Leea", "Leeb", "Leec"}
    assert all(row["Isthmus_Id__c"] and row["Active__c"] for row in made.values())
    first, second, _ = salesforce.org.records("Lead")
    salesforce.org.update("Lead", first["Id"], {"LastName": "New"})
    salesforce.org.delete("Lead", second["Id"])
    run(tmp_path)
    now = contacts(salesforce)
    assert now["la@x.example"]["LastName"] == "New"
    assert [row["Active__c"] for row in now.values()] == [True, False, True]
    salesforce.service.calls.clear()
    run(tmp_path)
    assert contacts(salesforce) == now
    assert not any(call.startswith(("PATCH", "DELETE")) for call in salesforce.service.calls)


def test_a_creation_whose_answer_is_lost_is_asked_for_and_made_once(salesforce, tmp_path):
    salesforce.fault("PATCH .*/composite", "lose")
    run(tmp_path)
    assert len(contacts(salesforce)) == len(list(salesforce.org.records("Contact"))) == 3
