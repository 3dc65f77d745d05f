from __future__ import annotations

import textwrap
from pathlib import Path

import jsonschema
import pytest
import yaml

from connectors.contract import Query
from connectors.errors import MisconfiguredError
from connectors.registry import build
from connectors.rest.description import shipped
from connectors.rest.jsonschema import json_schema
from connectors.yamlfile import FileError

SHOP = """\
    system: Shop
    settings:
      url: {about: The shop's address, type: url, example: "https://shop.example"}
      token: {about: A token with the right to read, type: secret}
      size: {about: Rows on a page, type: number, default: 2}
      label: {about: Whose customers, default: all}
      old: {about: The old ones as well, type: flag, default: false}
    url: ${url}
    auth: {type: bearer, token: "${token}"}
    objects:
      customers:
        path: customers
        items: rows
        key: id
        pagination: {type: page, size: "${size}", size_param: per_page}
        params: {list: "of ${label}, $${{kept}}", old: "${old}"}
    """
BARE = """\
    url: https://shop.example
    objects:
      customers:
        path: customers
    """


@pytest.fixture
def token(monkeypatch):
    monkeypatch.setenv("TOKEN", "t-1")
    return "env:TOKEN"


def test_one_file_serves_every_project_that_gives_its_settings(system, described, token):
    asked = []

    def answer(request):
        asked.append(request)
        return {"rows": [{"id": 1}] if request.params["page"] == "1" else []}

    shop = described(SHOP, url=system(answer).url, token=token, size=50, old=True)
    assert [list(page.rows) for page in shop.read(Query("customers"))] == [[{"id": 1}]]
    assert asked[0].headers["Authorization"] == "Bearer t-1"
    assert asked[0].params == {
        "page": "1", "per_page": "50", "list": "of all, ${kept}", "old": "true"
    }  # fmt: skip
    assert shop.check().identity.startswith("Shop at 127.0.0.1:")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "url: is required: The shop's address, such as https://shop.example"),
        ({"url": "https://s.example"}, "token: is required: A token with the right to read"),
        ({"url": "ftp//x", "token": "env:T"}, "url: input should be a valid URL"),
        ({"url": "https://s.example", "token": "abc"}, "token: write env:NAME"),
        ({"url": "https://s.example", "token": "env:T", "size": "9"}, "size: input should be a"),
        ({"url": "https://s.example", "token": "env:T", "labl": 1}, "did you mean 'label'?"),
    ],
)
def test_a_wrong_setting_of_the_project_is_named_with_its_mend(described, settings, message):
    with pytest.raises(MisconfiguredError) as caught:
        described(SHOP, **settings)
    assert message in str(caught.value)
    assert "abc" not in str(caught.value)


def test_a_setting_that_fits_its_type_but_not_its_place_is_told_with_its_place(described, token):
    with pytest.raises(FileError) as caught:
        described(SHOP, url="https://shop.example", token=token, size=0)
    assert str(caught.value).endswith(
        "system.yaml:15:30 objects.customers.pagination.size: input should be greater than 0 "
        "(the setting size)"
    )


def test_what_the_project_says_of_auth_and_http_takes_the_place_of_the_files(
    system, described, monkeypatch
):
    monkeypatch.setenv("PASSWORD", "pw")
    asked = []

    def answer(request):
        asked.append(request)
        return {"rows": []}

    auth = {"type": "basic", "user": "ann", "password": "env:PASSWORD"}
    shop = described(SHOP, url=system(answer).url, auth=auth)
    shop.check()
    assert asked[0].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("path: customers", "pth: customers", ":4:5 objects.customers.pth: unknown setting; did"),
        ("path: customers", "path: 'a{b'", ":4:5 objects.customers.path: holds a brace that is no"),
        (
            "path: customers",
            "pagination: {type: pge}",
            ":4:5 objects.customers.pagination: unknown type; did you mean 'page'?",
        ),
        (
            "path: customers",
            "pagination: {type: page, end: shrt, size: 2}",
            "pagination.end: must be 'empty', 'short' or 'repeat'; did you mean 'short'?",
        ),
        (
            "path: customers",
            "pagination: {type: cursor}",
            "set pointer, row or header: where the token",
        ),
        ("path: customers", "pagination: {type: page, end: short}", "size is needed with"),
        ("path: customers", "cursor: {since: after}", "one parameter must hold {after}"),
        (
            "path: customers",
            "path: a\n        walk: position",
            "walk: position needs a cursor and ordered rows",
        ),
        (
            "path: customers",
            "path: a\n        position: {format: isoo}",
            "must be plain, iso, date",
        ),
        ("path: customers", "path: a\n        position: {zone: Mars/Base}", "is no time zone"),
        ("path: customers", "body: {}\n        form: {}", "body and form cannot be sent together"),
        ("path: customers", "method: on", ":4:13 'on' can be read in two ways; put it in quotes"),
        ("path: customers", "path: ${place}", ":4:5 objects.customers.path: unknown setting ${pla"),
        ("path: customers", "path: a\n        path: b", ":5:5 the key 'path' is here twice; it is"),
        ("url: https", "<<: {}\n    url: https", ":1:1 merge keys (<<) are not read"),
        ("url: https", "no: 1\n    url: https", ":1:1 YAML does not read the key 'no' as a word"),
        ("url: https", "url: !x https", "tags such as !x are not read"),
        ("url: https", "url: [https", "system.yaml:2:8 expected ',' or ']'"),
        ("url: https", "auth: {token: ${t}}\n    url: https", 'in quotes: "${token}"'),
        ("url: https", "errors: [{means: conflict}]\n    url: https", "set status, at or matches"),
        ("url: https", "settings: {a: {abuot: x}}\n    url: https", "did you mean 'about'?"),
        (
            "url: https",
            "settings: {a: {about: x, type: number, default: y}}\n    url: h",
            "no numb",
        ),
        ("url: https://shop.example", "system: Shop", ":1:1 url: is required"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_place_and_mend(described, old, new, told):
    text = BARE.replace(old, new)
    assert text != BARE
    with pytest.raises(FileError) as caught:
        described(text)
    assert told in str(caught.value)
    assert "system.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("params: {token: '${t}'}", "params.token: input should be a valid string (the setting t)"),
        ("body: {token: '${t}'}", "body: a secret cannot stand here"),
        ("headers: {X: 'Key ${t}'}", "headers.X: the secret ${t} can only stand alone, under auth"),
    ],
)
def test_a_secret_stands_only_where_one_is_asked_for(described, place, told):
    text = BARE.replace("path: customers", place)
    with pytest.raises(FileError) as caught:
        described(
            f"settings: {{t: {{about: x, type: secret}}}}\n{textwrap.dedent(text)}", t="env:T"
        )
    assert told in str(caught.value)


def test_every_problem_is_told_at_once(described):
    text = BARE.replace("path: customers", "pth: customers\n        itmes: rows")
    with pytest.raises(FileError) as caught:
        described(text)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("text", ["", "- a", "plain", "\0", "[" * 2000, "a: &a [*a]"])
def test_what_is_no_description_is_no_traceback(described, text):
    with pytest.raises(MisconfiguredError):
        described(text)


def test_a_file_that_is_not_there_and_a_system_nobody_shipped_are_told(tmp_path):
    with pytest.raises(MisconfiguredError, match=r"crm\.yaml: no such file"):
        build("rest", {"file": "crm.yaml"}, tmp_path)
    with pytest.raises(MisconfiguredError, match=r"a file of yours ends in \.yaml"):
        build("rest", {"file": "crm"}, tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"system: Caf\xe9")
    with pytest.raises(MisconfiguredError, match="cannot be read as UTF-8 text"):
        build("rest", {"file": "latin.yaml"}, tmp_path)


def editor(text: str) -> list[str]:
    """What an editor that has the schema underlines."""
    tree = yaml.safe_load(textwrap.dedent(text))
    validator = jsonschema.Draft202012Validator(json_schema())
    return [error.message for error in validator.iter_errors(tree)]


def test_an_editor_takes_what_is_right_and_underlines_what_is_wrong():
    assert editor(SHOP) == []
    assert editor(BARE) == []
    assert editor(BARE.replace("path: customers", "pagination: {type: page, size: '${n}'}")) == []
    for wrong in ("pth: x", "pagination: {type: pge}", "max_pages: many", "walk: on"):
        assert editor(BARE.replace("path: customers", wrong)), wrong


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_description_says_what_it_needs(name):
    with pytest.raises(MisconfiguredError, match=r"(url|token|key): is required: "):
        build("rest", {"file": name}, Path())
