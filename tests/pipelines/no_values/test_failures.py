"""No customer's value and no secret in what is said of failures, whatever the other side tells."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
import sqlalchemy as sa

from idp_core.db.engine import make_engine
from pipelines.provision.apply import Patience
from tests.connectors.http.conftest import Got
from tests.connectors.ldap import directory as ldap
from tests.pipelines.killed.house import TOKEN
from tests.pipelines.no_values.test_runs import run, shows
from tests.pipelines.no_values.watching import Seen, watched
from tests.pipelines.no_values.world import NAME, World

HTML = {"Content-Type": "text/html"}
SAID = {"message": NAME, "detail": NAME, "error": {"message": NAME}}
READS: dict[str, tuple[Any, str]] = {
    "refused": ((401, {}, SAID), "401"),
    "forbidden": ((403, {}, SAID), "403"),
    "gone": ((404, {}, SAID), "404"),
    "an error": ((500, {}, SAID), "500"),
    "a web page": ((200, HTML, NAME.encode()), "text/html where JSON was expected"),
    "half a page": ((200, {}, f'{{"rows": [{{"nr": "{NAME}'.encode()), "not valid JSON"),
    "another shape": ((200, {}, {"people": NAME}), "rows"),
    "rows that are none": ((200, {}, {"rows": [NAME]}), "rows"),
    "no list": ((200, {}, {"rows": NAME}), "rows"),
    "broken headers": ((500, {"X": f"1\r\n{NAME} {NAME}"}, SAID), "no answer"),
    "a redirection": ((302, {"Location": f"https://x.test/{NAME}"}, b""), "name is not known"),
    "no answer": ("short", "answer"),
}


WRITES = {
    "refused": (401, {}, "401"),
    "forbidden": (403, {}, "403"),
    "gone": (404, {}, "not found; does `url` end where SCIM begins"),
    "no sense": (400, {}, "400"),
    "taken": (409, {}, "409"),
    "too large": (413, {}, "413"),
    "an error": (500, {}, "500"),
    "a web page": (200, HTML, "not JSON"),
    "something else": (200, {}, "no SCIM"),
}


@pytest.mark.parametrize(("answer", "word"), READS.values(), ids=READS)
def test_what_a_failing_source_tells_is_not_repeated(copy, serve, answer, word):
    _at(copy, 'bearer, token: "file', serve(answer).url)
    said = run(copy.folder, "sync", "--source", "api", "--target", "none")
    assert word in said
    assert shows(said) == []


@pytest.mark.parametrize(("status", "headers", "word"), WRITES.values(), ids=WRITES)
def test_what_a_failing_target_tells_is_not_repeated(
    copy, serve, monkeypatch, status, headers, word
):
    """It echoes what it got: the address it was asked by, and what was to be written."""
    monkeypatch.setattr(Patience.__init__, "__defaults__", (2, 0.0, 0.0))

    def echo(got: Got) -> Any:
        told = got.path.encode() + got.body + str(got.headers).encode() + NAME.encode()
        body = told if headers else {"detail": told.decode(), "scimType": "uniqueness"}
        return status, headers, body

    _at(copy, 'bearer, token: "env', f"{serve(echo).url}/v2")
    said = run(copy.folder, "sync", "--source", "club", "--target", "portal")
    assert word in said
    assert shows(said) == []
    assert shows(run(copy.folder, "deadletters", "list") + run(copy.folder, "runs", "show")) == []


def test_what_a_target_tells_of_a_refused_write_is_in_its_letter_alone(copy, serve, monkeypatch):
    monkeypatch.setattr(Patience.__init__, "__defaults__", (2, 0.0, 0.0))

    def echo(got: Got) -> Any:
        if got.method == "GET":
            return 200, {}, {"patch": {"supported": True}, "Resources": [], "totalResults": 0}
        return 400, {}, {"scimType": "invalidValue", "detail": f"{got.body!r} {got.headers}"}

    _at(copy, 'bearer, token: "env', f"{serve(echo).url}/v2")
    seen = Seen(shows)
    with watched(seen):
        said = run(copy.folder, "sync", "--source", "club", "--target", "portal")
        listed = run(copy.folder, "deadletters", "list", "--source", "portal", "--json")
    assert seen.made["Exchange"] > 1
    assert (seen.leaking, shows(said + listed)) == (set(), [])
    words = ("deadletters", "show", json.loads(listed)[0]["id"])
    shown = run(copy.folder, *words)
    assert "HTTP 400 invalidValue" in shown
    assert shows(shown + run(copy.folder, *words, "--json")) == []
    told = run(copy.folder, *words, "--values")
    assert "answered:" in told
    assert NAME in shows(told)
    assert TOKEN not in told, "the answer repeats what proved who we are"


def _at(copy: World, which: str, url: str) -> None:
    """Set the address before this auth, and let nobody wait."""
    text = (copy.folder / "isthmus.yaml").read_text("utf-8")
    http = "http: {attempts: 1, read_timeout: 1}"
    found = re.sub(rf"url: \S+?(,? *\n? *auth: {{type: {which})", rf'url: "{url}", {http}\1', text)
    assert found != text
    copy.write("isthmus.yaml", found)


def test_systems_that_refuse_our_secret_are_told_without_it(copy, monkeypatch, postgres_url):
    monkeypatch.setenv("SF_SECRET", "hushhush-wrong")
    sql = '{type: sql, url: "sqlite:///shop.db"}'
    copy.replace("isthmus.yaml", sql, f"{{type: sql, {_login(postgres_url)}}}")
    with ldap.directory(lambda asked: [ldap.result(asked, 49, NAME)]) as tree:
        text = (copy.folder / "isthmus.yaml").read_text("utf-8")
        copy.write("isthmus.yaml", re.sub(r"ldap://\S+", tree, text))
        said = run(copy.folder, "sync", *_only("tree", "crm", "shop"))
    assert re.search("tree: .*refuse", said)
    assert re.search("crm: .*(refuse|invalid)", said)
    assert re.search("shop: .*refuses us", said)
    assert shows(said) == []


def _login(url: str) -> str:
    """The settings of a PostgreSQL database whose password is $SHOP_PASSWORD."""
    bare = sa.make_url(url)._replace(password=None).render_as_string()
    return f'url: "{bare}", password: "env:SHOP_PASSWORD"'


def _only(*sources: str) -> list[str]:
    return [word for source in sources for word in ("--source", source)]


def test_what_a_database_says_of_a_row_is_not_repeated(copy, monkeypatch, postgres_url):
    """PostgreSQL shows the whole row that a constraint refuses: of a target, and of our own."""
    password = str(sa.make_url(postgres_url).password)
    monkeypatch.setenv("ISTHMUS_DATABASE_URL", postgres_url)
    monkeypatch.setenv("SHOP_PASSWORD", password)
    columns = "id serial primary key, nr text unique, mail text check (mail like 'x%'), born date"
    _execute(postgres_url, f"create table people ({columns}, active boolean)")
    copy.replace("isthmus.yaml", "url: sqlite:///list.db", _login(postgres_url))
    said = run(copy.folder, "sync", "--source", "club", "--target", "list")
    said += run(copy.folder, "deadletters", "list")
    assert "the table's constraint people_mail_check refuses it" in said
    assert shows(said) == []
    assert password not in said
    _execute(postgres_url, "alter table source_profile add check (source <> 'shop')")
    with pytest.raises(sa.exc.IntegrityError) as caught:
        run(copy.folder, "sync", "--source", "shop", "--target", "list")
    assert shows(f"{caught.value} {caught.value!r} {caught.value.orig!r}") == []
    assert shows(run(copy.folder, "runs", "show")) == []


def _execute(url: str, statement: str) -> None:
    engine = make_engine(url)
    with engine.begin() as conn:
        conn.execute(sa.text(statement))
    engine.dispose()


def test_of_a_bug_the_place_is_told_and_not_the_message(copy):
    program = (
        "from pathlib import Path; from connectors.files import Files\n"
        f"lines = Path({str(copy.folder)!r}, 'lines.csv').read_text().splitlines()\n"
        "Files.read = lambda self, query: int(lines[1])\n"
        "from pipelines.cli.main import run; run()\n"
    )
    command = [sys.executable, "-c", program, "--project", str(copy.folder), "sync"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "builtins.ValueError" in ended.stderr
    assert "please report it" in ended.stderr
    assert shows(ended.stdout + ended.stderr) == []
