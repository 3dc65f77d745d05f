"""backlot, an emulator of others: HubSpot's CRM API v3 for reading, by the shipped description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.contract import Query
from connectors.errors import UnauthorizedError
from connectors.registry import build
from pipelines.sandbox.processes import free_port
from tests.real.packages import python_environment
from tests.real.shipped import rows
from tests.real.starting import answers, running

pytestmark = pytest.mark.real

MANY = 250
QUIET = {"BACKLOT_TELEMETRY": "0", "DO_NOT_TRACK": "1"}


def contact(number: int) -> dict[str, object]:
    moment = f"2026-02-{1 + number % 28:02d}T09:05:{number % 60:02d}Z"
    return {
        "source_type": "hubspot",
        "doc_id": f"c{number}",
        "record_id": str(1000 + number),
        "object_type": "contacts",
        "title": f"F{number} L{number}",
        "content": "contact",
        "properties": {
            "firstname": f"F{number}",
            "email": f"c{number}@example.test",
            "lastmodifieddate": moment,
        },
        "created": "2026-01-14T09:05:00Z",
        "updated": moment,
        "visibility": "public",
        "author_email": "dana@example.test",
    }


@pytest.fixture(scope="module")
def hubspot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An emulated portal with contacts; the address of its API."""
    import subprocess

    programs = python_environment("backlot", "backlot==0.1.0")
    folder, port = tmp_path_factory.mktemp("hubspot"), free_port()
    lines = "".join(json.dumps(contact(number)) + "\n" for number in range(MANY))
    (folder / "corpus.jsonl").write_text(lines)
    environment = QUIET | {"BACKLOT_DATA_DIR": str(folder / "data")}
    subprocess.run(
        [programs / "backlot", "import", "corpus.jsonl"],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
    )
    command = [programs / "backlot", "serve", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--disable-telemetry", "--log-level", "warning"]
    url = f"http://127.0.0.1:{port}"
    ready = f"{url}/_meta/users"
    with running(command, lambda: answers(ready), folder=folder, environment=environment):
        yield f"{url}/hubspot"


def portal(url, monkeypatch, token="admin-service-token"):
    monkeypatch.setenv("HUBSPOT_TOKEN", token)
    given = {"file": "hubspot", "url": url, "token": "env:HUBSPOT_TOKEN"}
    return build("rest", given | {"http": {"attempts": 2, "backoff_seconds": 0.01}}, Path())


def test_contacts_are_read_whole_and_by_change(hubspot, monkeypatch):
    source = portal(hubspot, monkeypatch)
    every = rows(source.read(Query("contacts", key="id")))
    assert {row["id"] for row in every} == {str(1000 + number) for number in range(MANY)}
    query = {"object": "changed_contacts", "key": "id", "cursor": "updatedAt"}
    pages = list(source.read(Query(**query)))
    assert {row["id"] for row in rows(pages)} == {row["id"] for row in every}
    middle = next(page.cursor for page in pages[1:] if page.cursor)
    rest = rows(source.read(Query(**query, after=middle)))
    assert 0 < len(rest) < MANY


def test_a_wrong_token_is_told(hubspot, monkeypatch):
    with pytest.raises(UnauthorizedError):
        list(portal(hubspot, monkeypatch, "wrong").read(Query("contacts", key="id")))
