"""The reference shows every option, with its type, default and words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from connectors import registry
from connectors.files import ColumnSpec
from connectors.http import ApiKeyAuth, BasicAuth, BearerAuth, HttpOptions, OAuthAuth
from connectors.registry import Option
from connectors.rest import CursorPages, LinkHeader, NextUrl, NumberedPages, OffsetPages, RestObject
from connectors.salesforce import (
    ClientCredentialsAuth,
    JwtAuth,
    PasswordAuth,
    RefreshTokenAuth,
)
from connectors.sql import SqlTable

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[2] / "docs/reference/connectors.md"
SHARED: dict[str, type[BaseModel]] = {
    "http": HttpOptions,
    "auth: basic": BasicAuth,
    "auth: bearer": BearerAuth,
    "auth: api_key": ApiKeyAuth,
    "auth: oauth": OAuthAuth,
    "files columns": ColumnSpec,
    "sql tables": SqlTable,
    "rest objects": RestObject,
    "salesforce auth: jwt": JwtAuth,
    "salesforce auth: client_credentials": ClientCredentialsAuth,
    "salesforce auth: refresh_token": RefreshTokenAuth,
    "salesforce auth: password": PasswordAuth,
    "pagination: page": NumberedPages,
    "pagination: offset": OffsetPages,
    "pagination: cursor": CursorPages,
    "pagination: next_url": NextUrl,
}


def table(options: tuple[Option, ...]) -> str:
    """The options as a Markdown table."""
    lines = ["| option | default | what it is |", "| --- | --- | --- |"]
    for option in options:
        if option.name == "type":
            continue
        default = "required" if option.required else f"`{option.default}`"
        default = "" if default == "`-`" else default
        words = " ".join(option.doc.replace("``", "`").split())
        lines.append(f"| `{option.name}` | {default} | {words} |")
    return "\n".join(lines)


def blocks() -> dict[str, str]:
    """Each table by its name on the page."""
    ours = ("files", "memory", "rest", "salesforce", "scim", "sql")
    found = {name: table(registry.describe(name)) for name in ours}
    return found | {name: table(registry.options(model)) for name, model in SHARED.items()}


@pytest.mark.parametrize("name", blocks())
def test_the_reference_shows_every_option_as_it_is(name):
    marked = re.search(
        rf"<!-- options of {re.escape(name)} -->\n(.*?)\n\n", PAGE.read_text(), re.DOTALL
    )
    assert marked, f"{PAGE.name} has no table marked 'options of {name}'"
    assert marked[1] == blocks()[name]


def test_a_link_header_needs_no_options():
    assert registry.options(LinkHeader)[0].name == "type"
    assert len(registry.options(LinkHeader)) == 1


def test_the_connector_of_the_how_to_keeps_the_rules(pytester: pytest.Pytester):
    page = PAGE.parents[1] / "how-to/write-a-connector.md"
    for name, text in re.findall(r"```python\n# (\w+)\.py\n(.*?)```", page.read_text(), re.DOTALL):
        (pytester.path / f"{name}.py").write_text(text)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-q")
    result.assert_outcomes(passed=20, skipped=0)
