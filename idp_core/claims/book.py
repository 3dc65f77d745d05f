"""Which claims there are, what each is made of, and who gets it where. Pure.

The standard's claims are always there. An installation's own (`claims.yaml`) come beside them, or
take the place of one, for the clients that are named.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from idp_core.claims.standard import SCOPE_OF, standard_claims

Make = Callable[[Mapping[str, Any]], Any]
"""Makes a claim of a canonical record; None where there is nothing to tell."""
USERINFO, ID_TOKEN, ACCESS_TOKEN = "userinfo", "id_token", "access_token"
PLACES = (USERINFO, ID_TOKEN, ACCESS_TOKEN)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of an installation's own. No `clients` means all of them."""

    name: str
    scope: str
    make: Make = field(repr=False)
    into: frozenset[str] = frozenset({USERINFO})
    clients: frozenset[str] = frozenset()

    def is_for(self, client: str) -> bool:
        """Whether a client may get it."""
        return not self.clients or client in self.clients


@dataclass(frozen=True, slots=True)
class Book:
    """All claims of an installation's own, and what its scopes are called on the consent page."""

    own: Sequence[Claim] = ()
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By scope and language, as ``{loyalty: {en: your loyalty tier}}``."""

    def scope_of(self, name: str, client: str) -> str | None:
        """Return the scope that stands for a claim to a client; None when there is no such one."""
        for claim in self.own:
            if claim.name == name and claim.is_for(client):
                return claim.scope
        return SCOPE_OF.get(name)

    def standing(self, scopes: Iterable[str], client: str) -> Mapping[str, Collection[str]]:
        """Return, by scope, the names of the claims that it stands for to a client now."""
        names = {*SCOPE_OF, *(claim.name for claim in self.own if claim.is_for(client))}
        of = {name: self.scope_of(name, client) for name in names}
        return {scope: sorted(n for n in names if of[n] == scope) for scope in scopes}

    def asked(self, named: Iterable[str], client: str) -> Sequence[str]:
        """Return the scopes that stand for claims which are asked for by name."""
        scopes = (self.scope_of(name, client) for name in named)
        return list(dict.fromkeys(scope for scope in scopes if scope is not None))

    def goes_into(self, place: str, client: str, scope: Collection[str]) -> bool:
        """Whether a token holds claims of these scopes without being asked by name."""
        return any(
            place in claim.into and claim.scope in scope and claim.is_for(client)
            for claim in self.own
        )

    def word(self, scope: str, language: str) -> str | None:
        """Return what a scope is called here, in this language or in English; None: not said."""
        said = self.words.get(scope, {})
        return said.get(language) or said.get("en") or next(iter(said.values()), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: the place it is told in, to whom, which scopes, which names."""

    place: str
    client: str
    scope: Collection[str]
    named: Mapping[str, Any] = field(default_factory=dict)
    may: Collection[str] = ()
    """The scopes that the client may have: a claim asked for by name needs its scope there."""


def told(book: Book, email: str, said: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """Return the claims to tell of a person whose canonical attributes are `said`.

    Userinfo tells what the scopes stand for; ID tokens and access tokens the own claims that go
    `into` them; each place besides what was asked for by name. An asked-for value has to fit.
    """
    own = {claim.name: claim for claim in book.own if claim.is_for(asked.client)}
    values = {} if asked.place == ACCESS_TOKEN else standard_claims(email, said)
    found: dict[str, Any] = {}
    for name in {**values, **own}:
        claim = own.get(name)
        if not _is_wanted(name, claim, asked):
            continue
        value = values.get(name) if claim is None else plain(claim.make(said))
        if value is not None and _fits(value, asked.named.get(name)):
            found[name] = value
    return found


def plain(value: Any) -> Any:
    """Return a value as JSON has it: days and times as ISO texts, whole numbers without a point."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items() if each is not None}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def _is_wanted(name: str, claim: Claim | None, asked: Asked) -> bool:
    scope = SCOPE_OF[name] if claim is None else claim.scope
    if name in asked.named:
        return scope in asked.may
    into = {USERINFO} if claim is None else claim.into
    return asked.place in into and scope in asked.scope


def _fits(value: Any, request: Any) -> bool:
    if not isinstance(request, Mapping):
        return True
    if "value" in request:
        return bool(request["value"] == value)
    values = request.get("values")
    return not isinstance(values, Collection) or value in values
