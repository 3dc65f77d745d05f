"""An authorization request, read and checked against what the client registered. Pure.

Until client and redirect URI are certain, an error is a page of ours (`PageError`); from then on it
goes back to the client (`ReturnedError`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp_core.claims.book import Book
from idp_core.clients.model import Client
from idp_core.http.answer import HttpError
from idp_core.http.ask import Params

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_PROMPTS = {"none", "login", "consent", "select_account"}
_DEPTH = 5
_UNSUPPORTED = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}


class PageError(Exception):
    """An error that must not be sent to where the request says."""


class ReturnedError(Exception):
    """An error that goes back to the client."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is well formed and that its client may make."""

    client: Client
    redirect_uri: str
    scope: tuple[str, ...]
    challenge: str
    state: str | None = None
    nonce: str | None = None
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[str, ...] = ()
    id_token_hint: str | None = field(default=None, repr=False)
    login_hint: str | None = field(default=None, repr=False)
    agreed: tuple[str, ...] = ()
    """What the person has to agree to: the scope, and the scopes of claims asked for by name."""


def redirect_of(client: Client, params: Params) -> str:
    """Return the redirect URI, once it is certain. Raises PageError."""
    try:
        uri = params.get("redirect_uri")
    except HttpError:
        raise PageError("redirect_uri was sent twice") from None
    if uri is None or not client.redirects_to(uri):
        raise PageError("the redirect_uri is not one that this client registered")
    return uri


def read(book: Book, client: Client, redirect_uri: str, params: Params) -> Request:
    """Check everything else. Raises ReturnedError."""
    try:
        said = params.single("resource")
    except HttpError as error:
        raise ReturnedError("invalid_request", error.message) from None
    for name, code in _UNSUPPORTED.items():
        if name in said:
            raise ReturnedError(code, f"the parameter {name} is not supported")
    _check_response(client, said)
    scope = tuple(dict.fromkeys(s for s in said.get("scope", "").split() if s in client.scopes))
    if not scope:
        raise ReturnedError("invalid_scope", "there is no scope that this client may have")
    claims = _claims(said.get("claims"))
    acr, essential = _acr(said, claims)
    return Request(
        client,
        redirect_uri,
        scope,
        _challenge(said),
        said.get("state"),
        said.get("nonce"),
        _prompt(said),
        _max_age(said),
        acr,
        essential,
        _allowed(book, client, claims),
        _resources(client, params),
        said.get("id_token_hint"),
        said.get("login_hint"),
        _agreed(book, client, scope, claims),
    )


def _check_response(client: Client, said: Mapping[str, str]) -> None:
    kind = said.get("response_type")
    if kind is None:
        raise ReturnedError("invalid_request", "response_type is missing")
    if kind != "code":
        raise ReturnedError("unsupported_response_type", "only the code flow is served")
    if said.get("response_mode", "query") != "query":
        raise ReturnedError("invalid_request", "only response_mode=query is served")
    if "authorization_code" not in client.grants:
        raise ReturnedError("unauthorized_client", "this client may not use the code flow")


def _challenge(said: Mapping[str, str]) -> str:
    challenge = said.get("code_challenge", "")
    if said.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise ReturnedError("invalid_request", "PKCE is required: code_challenge, S256")
    return challenge


def _prompt(said: Mapping[str, str]) -> frozenset[str]:
    prompt = frozenset(said.get("prompt", "").split())
    if not prompt <= _PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise ReturnedError("invalid_request", "prompt is none, or login, consent, select_account")
    return prompt


def _max_age(said: Mapping[str, str]) -> int | None:
    text = said.get("max_age")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ReturnedError("invalid_request", "max_age is a number of seconds")
    return int(text)


def _claims(text: str | None) -> Mapping[str, Any]:
    if text is None:
        return {}
    try:
        claims = json.loads(text)
    except (ValueError, RecursionError):
        raise ReturnedError("invalid_request", "claims is no JSON object") from None
    if not isinstance(claims, dict) or _depth(claims) > _DEPTH:
        raise ReturnedError("invalid_request", "claims is no JSON object of this kind")
    kept = {name: claims.get(name) or {} for name in ("userinfo", "id_token")}
    if not all(isinstance(each, dict) for each in kept.values()):
        raise ReturnedError("invalid_request", "claims: userinfo and id_token are objects")
    return {name: each for name, each in kept.items() if each}


def _allowed(book: Book, client: Client, claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the requests by name for claims whose scope the client may have."""
    kept = {
        place: {k: v for k, v in names.items() if book.scope_of(k, client.id) in client.scopes}
        for place, names in claims.items()
    }
    return {place: names for place, names in kept.items() if names}


def _agreed(
    book: Book, client: Client, scope: tuple[str, ...], claims: Mapping[str, Any]
) -> tuple[str, ...]:
    names = [name for each in _allowed(book, client, claims).values() for name in each]
    return tuple(dict.fromkeys((*scope, *book.asked(names, client.id))))


def _depth(value: Any) -> int:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, below), default=0)


def _acr(
    said: Mapping[str, str], claims: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the wished and the essential `acr` values."""
    wished = tuple(said.get("acr_values", "").split())
    asked = claims.get("id_token", {}).get("acr")
    if not isinstance(asked, dict):
        return wished, ()
    values = asked.get("values", [asked["value"]] if "value" in asked else [])
    named = tuple(each for each in values if isinstance(each, str))
    return (wished, named) if asked.get("essential") is True else ((*wished, *named), ())


def _resources(client: Client, params: Params) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys(params.all("resource")))
    if not set(asked) <= set(client.resources):
        raise ReturnedError("invalid_target", "this client may not have this resource")
    return asked
