"""Which client is asking: by exactly one method, the one it is registered with."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

import sqlalchemy as sa
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp_core.clients import store as clients
from idp_core.clients.model import Client
from idp_core.clients.store import Registered
from idp_core.http.answer import HttpError
from idp_core.http.ask import Ask
from idp_core.oidc.grants import store as grants
from idp_core.site.site import Site
from idp_core.vault.tokens import digest, same

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("ES256", "PS256", "RS256")
_REGISTRY = jws.JWSRegistry(algorithms=list(ALGORITHMS))
_LONGEST_LIFE = timedelta(hours=1)  # what authlib gives an assertion unless told otherwise
_SKEW = timedelta(seconds=30)
_NOBODY = digest("no client has this secret")


def authenticate(conn: sa.Connection, ask: Ask, site: Site) -> Client:
    """Return the client that asks. Raises HttpError (401) for every way it is not proven.

    A client whose method is ``none`` only names itself. More than one method in a request is an
    error, whatever each would give (RFC 6749 section 2.3).
    """
    basic = _basic(ask)
    posted = ask.form.get("client_secret")
    assertion = ask.form.get("client_assertion")
    if sum(each is not None for each in (basic, posted, assertion)) > 1:
        raise HttpError(400, "invalid_request", "use one way to authenticate the client")
    named = ask.form.get("client_id")
    if assertion is not None:
        return _by_assertion(conn, site, ask, assertion, named)
    if basic is not None:
        if named is not None and named != basic[0]:
            raise HttpError(400, "invalid_request", "two clients are named")
        return _by_secret(conn, basic[0], basic[1], "client_secret_basic")
    if posted is not None:
        return _by_secret(conn, named or "", posted, "client_secret_post")
    found = clients.get(conn, named) if named else None
    if found is None or found.client.auth != "none":
        raise refused()
    return found.client


def refused() -> HttpError:
    """Return the one answer to every failure."""
    challenge = ("www-authenticate", 'Basic realm="isthmus", charset="UTF-8"')
    return HttpError(401, "invalid_client", "the client is not authenticated", (challenge,))


def _basic(ask: Ask) -> tuple[str, str] | None:
    scheme, _, value = ask.headers.get("authorization", "").partition(" ")
    if scheme.casefold() != "basic":
        return None
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise refused() from None
    name, colon, secret = text.partition(":")
    if not colon:
        raise refused()
    return unquote_plus(name), unquote_plus(secret)


def _by_secret(conn: sa.Connection, id_: str, secret: str, method: str) -> Client:
    found = clients.get(conn, id_)
    known = found.secret if found is not None and found.secret else _NOBODY
    right = same(known, digest(secret))
    if not right or found is None or found.client.auth != method:
        raise refused()
    return found.client


def _by_assertion(
    conn: sa.Connection, site: Site, ask: Ask, assertion: str, named: str | None
) -> Client:
    if ask.form.get("client_assertion_type") != ASSERTION:
        raise HttpError(400, "invalid_request", "this client_assertion_type is not known")
    claims = _unverified(assertion)
    id_ = str(claims.get("sub"))
    found = clients.get(conn, id_)
    if found is None or found.client.auth != "private_key_jwt" or (named or id_) != id_:
        raise refused()
    _verify(found, assertion)
    now = site.clock()
    expires = _in_time(claims, now)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    ours = {site.config.issuer, site.url("/token"), site.url(ask.path)}
    jti = claims.get("jti")
    if claims.get("iss") != id_ or not ours & set(map(str, audiences)) or not jti:
        raise refused()
    if not grants.see_once(conn, f"assertion {id_}"[:120], str(jti), expires + _SKEW):
        raise refused()
    return found.client


def _unverified(assertion: str) -> dict[str, Any]:
    """Return what an assertion claims: only its `sub` is used before its signature is checked."""
    try:
        claims = json.loads(jws.extract_compact(assertion.encode("ascii")).payload)
    except (JoseError, ValueError, UnicodeError, RecursionError):
        raise refused() from None
    if not isinstance(claims, dict):
        raise refused()
    return claims


def _verify(found: Registered, assertion: str) -> None:
    try:
        keys = KeySet.import_key_set(found.client.jwks)  # type: ignore[arg-type]
        jws.deserialize_compact(assertion, keys, registry=_REGISTRY)
    except (JoseError, ValueError, KeyError, TypeError):
        raise refused() from None


def _in_time(claims: dict[str, Any], now: datetime) -> datetime:
    """Return when an assertion ends. Raises HttpError when it ended, or lives for too long."""
    try:
        expires = datetime.fromtimestamp(int(claims["exp"]), UTC)
        begins = datetime.fromtimestamp(int(claims.get("nbf", claims.get("iat", 0))), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise refused() from None
    if not (begins - _SKEW <= now < expires + _SKEW and expires - now <= _LONGEST_LIFE + _SKEW):
        raise refused()
    return expires
