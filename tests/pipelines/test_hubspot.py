"""Consent there and back: who opts out or bounces at HubSpot is a row, and is left alone."""

from __future__ import annotations

import json

import pytest

from connectors import memory
from pipelines.bus import open_bus
from pipelines.jobs import sync
from pipelines.project import load_project
from tests.connectors.http.conftest import serve
from tests.connectors.rest.conftest import system
from tests.connectors.rest.hubspot import HubSpot
from tests.connectors.rest.test_hubspot_subscription import TYPE, Preferences

__all__ = ["serve", "system"]

PROJECT = """
project: letters
policies: {{likeness: false}}
sources:
  shop: {{connector: {{type: memory, store: letters}}}}
  hubspot:
    connector: {{type: rest, file: hubspot, url: "{url}", token: "env:TOKEN", subscription_property: hs_email_optout_{type}}}
targets:
  news:
    connector: {{type: rest, file: hubspot_subscription, url: "{url}", token: "env:TOKEN", subscription: "{type}"}}
"""  # noqa: E501 (lines of YAML)
MAPPINGS = {
    "shop": """
mapping: shop
from: {connector: memory, object: people, as: s}
key: s.id
fields:
  email: {from: s.email, steps: [lower, email]}
  consent.marketing_email: s.yes
""",
    "hubspot": f"""
mapping: hubspot
from: {{connector: rest, object: changed_contacts, as: h}}
key: h.id
cursor: h.updatedAt
delete: h.archived
fields:
  email: {{from: h.properties.email, steps: [lower, email]}}
  consent.marketing_email: >-
    case when h.properties.hs_email_optout_{TYPE} = 'true'
    or h.properties.hs_email_hard_bounce_reason_enum is not null then false end
ignore: ["*"]
""",
    "news.push": """
push: news
to: {object: subscription}
scope: p.email is not null
key: {emailAddress: p.email}
consent: [consent.marketing_email]
fields:
  emailAddress: p.email
on_leave: {action: delete}
""",
}


@pytest.fixture
def world(tmp_path, system, monkeypatch):
    monkeypatch.setenv("TOKEN", "right")
    crm, preferences = HubSpot(), Preferences()
    written = []

    def answer(asked):
        if asked.path[0] != "communication-preferences":
            return crm.answer(asked)
        written.append((asked.path[-1], json.loads(asked.body)["emailAddress"][0]))
        return preferences.answer(asked)

    (tmp_path / "mappings").mkdir()
    for name, text in MAPPINGS.items():
        (tmp_path / "mappings" / f"{name}.yaml").write_text(text)
    url = system(answer).url
    (tmp_path / "isthmus.yaml").write_text(PROJECT.format(url=url, type=TYPE))
    people = [{"id": n, "email": f"{n}@example.test", "yes": True} for n in "abcd"]
    memory.store("letters").rows["people"] = people
    for number, name in enumerate("abcd"):
        crm.write(str(number), {"email": f"{name}@example.test"})
    yield tmp_path, crm, preferences, written
    memory.forget("letters")


def synced(folder, written):
    written.clear()
    with open_bus(load_project(folder)) as bus:
        report = sync(bus)
        assert not report.problems, report.problems
    return sorted(written)


def test_who_opts_out_or_bounces_at_hubspot_comes_back_and_is_written_to_no_more(world):
    folder, crm, preferences, written = world
    assert synced(folder, written) == [("subscribe", name) for name in "abcd"]
    crm.write("0", {f"hs_email_optout_{TYPE}": "true"})
    crm.write("1", {"hs_email_hard_bounce_reason_enum": "UNKNOWN_USER"})
    crm.write("2", {"firstname": "Cecil"})
    preferences.left.add("a@example.test")
    assert synced(folder, written) == [("unsubscribe", "a"), ("unsubscribe", "b")]
    assert synced(folder, written) == []
    for row in memory.store("letters").rows["people"]:
        row["seen"] = True  # the shop says the same yes again, with another column
    assert synced(folder, written) == []
    assert preferences.subscribed.keys() == {"c@example.test", "d@example.test"}
