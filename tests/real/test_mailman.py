"""GNU Mailman 3, mailing lists with a REST API, by its shipped description."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connectors.registry import build
from idp_core.db.engine import reading
from idp_core.profiles import store
from pipelines.bus import open_bus
from pipelines.jobs import sync
from pipelines.project import load_project
from pipelines.sandbox.heavy import mailman as server
from pipelines.sandbox.heavy.mailman import LOGIN
from pipelines.sandbox.processes import free_port
from tests.real.packages import or_skip
from tests.real.shipped import Shipped

pytestmark = pytest.mark.real
LMTP = free_port()


@pytest.fixture(scope="module")
def mailman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A new Mailman with the list news@example.test; the address of its API."""
    folder = tmp_path_factory.mktemp("mailman")
    try:
        yield or_skip(server.start)(folder, lmtp=LMTP, runners=("lmtp", "bounces", "task"))
    finally:
        server.stop(folder)


class TestMailman(Shipped):
    object = "members"
    key = "member_id"
    edited = ("display_name", "Müller-日本")
    found_by = "email"
    gone = "0" * 32

    @pytest.fixture
    def connector(self, mailman, monkeypatch):
        monkeypatch.setenv("PASSWORD", LOGIN[1])
        return build("rest", self.settings(mailman, "env:PASSWORD"), Path())

    @pytest.fixture
    def refused(self, mailman, monkeypatch):
        monkeypatch.setenv("WRONG", "wrong")
        return build("rest", self.settings(mailman, "env:WRONG"), Path())

    def settings(self, url, password):
        return {
            "file": "mailman",
            "url": url,
            "password": password,
            "list": "news.example.test",
            "page_size": 3,
        }

    def our_key(self, number):
        return f"{('ann', 'a+b', 'o.brien', 'x=y')[number % 4]}.{number}@example.test"

    def attributes(self, number):
        return {"display_name": f"Zoë {number}"}

    def change_at_source(self, connector, row):
        told = {"display_name": "at the source"}
        requests.patch(row["address"], data=told, auth=LOGIN, timeout=30).raise_for_status()

    def delete_at_source(self, connector, row):
        requests.delete(row["self_link"], auth=LOGIN, timeout=30).raise_for_status()


REPORT = """\
From: MAILER-DAEMON@mx.example.test
To: news-bounces@example.test
Subject: Undelivered Mail Returned to Sender
Message-ID: <{address}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

The mail could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.test

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such user

--b--
"""
MAPPINGS = {
    "shop": """
mapping: shop
from: {connector: files, object: shop, as: c}
key: c.id
fields:
  email: {from: c.mail, steps: [lower, email]}
  family_name: c.name
  consent.marketing_email: c.yes = 'y'
""",
    "deliveries": """
mapping: deliveries
from: {connector: rest, object: deliveries, as: d}
key: d.email
fields:
  email: {from: d.email, steps: [lower, email]}
  consent.marketing_email: case when d.delivery_status in ('by_bounces', 'by_user') then false end
ignore: ["*"]
""",
    "leavers": """
mapping: leavers
from: {connector: rest, object: leavers, as: l}
key: l.email
fields:
  email: {from: l.email, steps: [lower, email]}
  consent.marketing_email: case when cast(l.total_size as integer) = 0 then false end
ignore: ["*"]
""",
    "news.push": """
push: news
to: {target: news, object: members}
scope: p.email is not null
consent: [consent.marketing_email]
key: {email: p.email}
match:
  - {attribute: email, value: p.email, adopt: auto}
fields:
  display_name: p.family_name
on_leave: {action: delete}
""",
}
PROJECT = """
project: letters
sources:
  shop: {{connector: {{type: files, path: shop.csv}}}}
  deliveries: &list
    connector:
      type: rest
      file: mailman
      url: {url}
      password: env:PASSWORD
      list: news.example.test
    max_shrink: 100
  leavers: *list
targets:
  news:
    connector:
      type: rest
      file: mailman
      url: {url}
      password: env:PASSWORD
      list: news.example.test
"""


@pytest.fixture
def project(mailman, tmp_path, monkeypatch):
    monkeypatch.setenv("PASSWORD", LOGIN[1])
    (tmp_path / "mappings").mkdir()
    for name, text in MAPPINGS.items():
        (tmp_path / "mappings" / f"{name}.yaml").write_text(text)
    (tmp_path / "isthmus.yaml").write_text(PROJECT.format(url=mailman))
    people = [f"{number},{name}@example.test,{name},y" for number, name in enumerate("abcde")]
    (tmp_path / "shop.csv").write_text("\n".join(["id,mail,name,yes", *people]) + "\n")
    return tmp_path


def gids_of(conn):
    return sorted(set(store.read_links(conn).values()))


def synced(folder):
    with open_bus(load_project(folder)) as bus:
        report = sync(bus)
        assert not report.problems, report.problems
        return report


def on_the_list(url):
    """Who is on the list, and how mail to them stands."""
    found = requests.get(f"{url}/lists/news.example.test/roster/member", auth=LOGIN, timeout=30)
    members = found.json().get("entries", [])
    told = {}
    for each in members:
        preferences = f"{url}/members/{each['member_id']}/preferences"
        said = requests.get(preferences, auth=LOGIN, timeout=30).json()
        told[each["email"][0]] = said.get("delivery_status", "enabled"), each["self_link"]
    return told


def bounced(url, address):
    """Have a report come back for an address, and wait until Mailman has drawn its conclusion."""
    with smtplib.LMTP("127.0.0.1", LMTP, local_hostname="localhost") as mta:
        mta.sendmail("", ["news-bounces@example.test"], REPORT.format(address=address))
    deadline = time.monotonic() + 60
    while on_the_list(url)[address[0]][0] != "by_bounces":
        assert time.monotonic() < deadline, "Mailman did not count the bounce"
        time.sleep(0.5)


def test_bounces_and_unsubscribes_come_back_and_nobody_is_written_to_again(mailman, project):
    config = f"{mailman}/lists/news.example.test/config"
    counted = {"bounce_score_threshold": "1", "process_bounces": "true"}
    requests.patch(config, data=counted, auth=LOGIN, timeout=30).raise_for_status()
    synced(project)
    assert {name: status for name, (status, _) in on_the_list(mailman).items()} == dict.fromkeys(
        "abcde", "enabled"
    )
    bounced(mailman, "a@example.test")
    leaves = on_the_list(mailman)["b"][1]
    requests.delete(leaves, auth=LOGIN, timeout=30).raise_for_status()
    stops = f"{mailman}/members/{on_the_list(mailman)['c'][1].rpartition('/')[2]}/preferences"
    stopped = {"delivery_status": "by_user"}
    requests.patch(stops, data=stopped, auth=LOGIN, timeout=30).raise_for_status()

    for _ in range(2):
        synced(project)
        with open_bus(load_project(project)) as bus, reading(bus.engine) as conn:
            profiles = [store.get(conn, gid, schema=bus.schema) for gid in gids_of(conn)]
        told = {
            p.attributes["emails"][0]["value"]: p.attributes["consent.marketing_email"]
            for p in profiles
        }
        consents = {name: told[f"{name}@example.test"] for name in "abcde"}
        assert consents == {"a": False, "b": False, "c": False, "d": True, "e": True}
        assert on_the_list(mailman).keys() == set("de")

    shop = project / "shop.csv"
    for word, members in (("n", "e"), ("y", "de")):
        lines = [line[:-1] + word if ",d," in line else line for line in shop.read_text().split()]
        shop.write_text("\n".join(lines) + "\n")
        synced(project)
        synced(project)  # by now the list's own word is known, too
        assert on_the_list(mailman).keys() == set(members)
