"""The reference shows every option, with its type, default and words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from connectors import ldap, registry, salesforce
from connectors.files import ColumnSpec
from connectors.files.cloud import StorageOptions
from connectors.files.records import CopybookOptions
from connectors.files.sftp import SftpOptions
from connectors.http import (
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    Budget,
    HttpOptions,
    JwtAuth,
    OAuthAuth,
    RefreshAuth,
)
from connectors.http.oauth1 import OAuth1Auth
from connectors.http.signing import HmacAuth
from connectors.push.proofs import HmacProof, StandardProof, StripeProof, TokenProof
from connectors.registry import Option
from connectors.rest import calls, lists, objects, pagination, writes
from connectors.rest.connector import Identity
from connectors.rest.cost import Cost
from connectors.rest.delta import Delta
from connectors.rest.login import LoginAuth, TokenPlace
from connectors.rest.rules import ErrorRule
from connectors.rest.settings import Setting
from connectors.rest.telltales import Mark, Telltale
from connectors.smtp.messages import Message
from connectors.soap.objects import Security, SoapObject
from connectors.soap.operations import SoapDetail
from connectors.soap.writes import SoapFind, SoapWrite, SoapWriteCall
from connectors.sql import SqlTable

pytest_plugins = ["pytester"]

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [*sorted((DOCS / "reference/connectors").glob("*.md")), DOCS / "reference/rest.md"]
MARK = re.compile(r"<!-- options of (.+?) -->\n(.*?)\n\n", re.DOTALL)
MODELS: dict[str, type[BaseModel]] = {
    "http": HttpOptions,
    "auth: basic": BasicAuth,
    "auth: bearer": BearerAuth,
    "auth: api_key": ApiKeyAuth,
    "auth: oauth": OAuthAuth,
    "auth: oauth_refresh": RefreshAuth,
    "auth: jwt": JwtAuth,
    "auth: hmac": HmacAuth,
    "auth: login": LoginAuth,
    "auth: oauth1": OAuth1Auth,
    "token": TokenPlace,
    "budget": Budget,
    "cost": Cost,
    "files columns": ColumnSpec,
    "files copybook": CopybookOptions,
    "files sftp": SftpOptions,
    "files storage": StorageOptions,
    "ldap objects": ldap.LdapObject,
    "ldap objects disabled": ldap.DisabledBy,
    "ldap bind: simple": ldap.SimpleBind,
    "ldap tls": ldap.TlsOptions,
    "push proof: standard": StandardProof,
    "push proof: hmac": HmacProof,
    "push proof: stripe": StripeProof,
    "push proof: token": TokenProof,
    "smtp messages": Message,
    "soap objects": SoapObject,
    "soap details": SoapDetail,
    "soap write": SoapWrite,
    "soap write calls": SoapWriteCall,
    "soap write find": SoapFind,
    "soap security": Security,
    "sql tables": SqlTable,
    "salesforce auth: jwt": salesforce.JwtAuth,
    "salesforce auth: client_credentials": salesforce.ClientCredentialsAuth,
    "salesforce auth: refresh_token": salesforce.RefreshTokenAuth,
    "salesforce auth: password": salesforce.PasswordAuth,
    "setting": Setting,
    "call": calls.Call,
    "graphql": calls.Graphql,
    "list": lists.Listing,
    "object": objects.RestObject,
    "details": lists.Detail,
    "deletions": objects.Deletions,
    "delta": Delta,
    "mark": Mark,
    "telltale": Telltale,
    "pairs": objects.Pairs,
    "position": objects.Position,
    "errors": ErrorRule,
    "write": writes.Write,
    "write call": writes.WriteCall,
    "active": writes.Active,
    "find": writes.Find,
    "bulk": writes.Bulk,
    "identity": Identity,
    "pagination: page": pagination.NumberedPages,
    "pagination: offset": pagination.OffsetPages,
    "pagination: cursor": pagination.CursorPages,
    "pagination: next_url": pagination.NextUrl,
    "pagination: relay": pagination.RelayPages,
}
BASES = (calls.Call, lists.Listing)
"""Settings that others build upon; the page explains these once."""


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


def own(model: type[BaseModel]) -> tuple[Option, ...]:
    """The options of a block without those of the blocks it builds upon."""
    known = {
        name
        for base in BASES
        if base is not model and issubclass(model, base)
        for name in base.model_fields
    }
    return tuple(each for each in registry.options(model) if each.name not in known)


def blocks() -> dict[str, str]:
    """Each table by its name on a page."""
    found = {name: table(registry.describe(name)) for name in registry.names()}
    return found | {name: table(own(model)) for name, model in MODELS.items()}


def anew(text: str) -> str:
    """A page with its tables as they should be."""
    known = blocks()
    return MARK.sub(
        lambda found: f"<!-- options of {found[1]} -->\n{known.get(found[1], '')}\n\n", text
    )


def test_every_block_of_options_stands_on_a_page_once():
    shown = [found[1] for page in PAGES for found in MARK.finditer(page.read_text("utf-8"))]
    assert sorted(shown) == sorted(blocks())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_reference_shows_every_option_as_it_is(page):
    text = page.read_text("utf-8")
    assert anew(text) == text, "run: python -m tests.connectors.test_docs"


def test_a_link_header_needs_no_options_of_its_own():
    assert {each.name for each in own(pagination.LinkHeader)} == {"type", "size", "size_param"}


def test_the_connector_of_the_how_to_keeps_the_rules(pytester: pytest.Pytester):
    page = DOCS / "how-to/write-a-connector.md"
    for name, text in re.findall(r"```python\n# (\w+)\.py\n(.*?)```", page.read_text(), re.DOTALL):
        (pytester.path / f"{name}.py").write_text(text)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-q")
    result.assert_outcomes(passed=21, skipped=0)


if __name__ == "__main__":
    for each in PAGES:
        each.write_text(anew(each.read_text("utf-8")), encoding="utf-8")
