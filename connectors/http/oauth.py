"""Tokens from a token server: client credentials, refresh tokens, assertions that we sign."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from authlib.integrations.base_client.errors import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    TransientError,
    UnauthorizedError,
)
from connectors.http.answers import Answer, call_name, error_of
from connectors.http.auths import JwtAuth, OAuthAuth, RefreshAuth
from connectors.http.options import HttpOptions
from connectors.http.transport import configure
from connectors.http.wire import translated
from connectors.notices import notice

Made = tuple[Mapping[str, str], float]
"""Headers that prove who we are, and how many seconds they hold."""

EARLY = 30.0
"""Seconds before its end at which a token is renewed."""
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_KEYS: Mapping[str, Any] = {"R": RSAKey, "P": RSAKey, "E": ECKey, "H": OctKey}


def client_credentials(auth: OAuthAuth, options: HttpOptions) -> Made:
    """Ask for a token with our own secret (RFC 6749 section 4.4)."""
    extra = {"audience": auth.audience} if auth.audience else {}
    session = OAuth2Session(
        auth.client_id,
        auth.client_secret.reveal(),
        scope=auth.scope,
        token_endpoint_auth_method=f"client_secret_{auth.send_as}",
    )
    mend = "check auth.client_id and auth.client_secret"
    token = _fetch(session, str(auth.token_url), options, mend, "client_credentials", extra)
    return _as_headers(token, str(auth.token_url), auth.scheme)


def refreshed(auth: RefreshAuth, options: HttpOptions) -> Made:
    """Ask for a token with a refresh token, and keep the new one where the server gives one."""
    newest = _kept(auth) or auth.refresh_token.reveal()
    session = OAuth2Session(
        auth.client_id,
        auth.client_secret.reveal() if auth.client_secret else None,
        token_endpoint_auth_method=(
            f"client_secret_{auth.send_as}" if auth.client_secret else "none"
        ),
    )
    extra = {"refresh_token": newest} | ({"scope": auth.scope} if auth.scope else {})
    url, mend = str(auth.token_url), "the refresh token no longer holds, allow us again"
    token = _fetch(session, url, options, mend, "refresh_token", extra)
    given = token.get("refresh_token")
    if isinstance(given, str) and given != newest:
        if auth.kept_in is None:
            notice("http.refresh_token_rotated", call=call_name("POST", url))
        else:
            _keep(auth.kept_in, given)
    return _as_headers(token, url, auth.scheme)


def asserted(auth: JwtAuth, options: HttpOptions) -> Made:
    """Sign a token, and exchange it for another where a token server is named (RFC 7523)."""
    assertion = signed(auth)
    if auth.token_url is None:
        return {"Authorization": f"Bearer {assertion}"}, _lasting(auth.lifetime)
    extra = {"assertion": assertion} | ({"scope": auth.scope} if auth.scope else {})
    session = OAuth2Session(None, None, token_endpoint_auth_method="none")  # noqa: S106 (no secret)
    url, mend = str(auth.token_url), "check auth.issuer, subject, audience and key"
    return _as_headers(_fetch(session, url, options, mend, _JWT_BEARER, extra), url)


def signed(auth: JwtAuth) -> str:
    """Sign the token; MisconfiguredError when the key cannot."""
    now = int(time.time())
    audience = auth.audience or (str(auth.token_url) if auth.token_url else None)
    claims: dict[str, Any] = {
        **auth.claims,
        "iss": auth.issuer,
        "sub": auth.subject or auth.issuer,
        "iat": now,
        "exp": now + auth.lifetime,
        "jti": str(uuid.uuid4()),
        **({"aud": audience} if audience else {}),
    }
    header = {"alg": auth.algorithm, "typ": "JWT"} | ({"kid": auth.key_id} if auth.key_id else {})
    kind: Any = OKPKey if auth.algorithm == "Ed25519" else _KEYS[auth.algorithm[0]]
    try:
        key = kind.import_key(auth.key.reveal())
        return jwt.encode(header, claims, key, algorithms=[auth.algorithm])
    except (JoseError, ValueError, TypeError):
        raise MisconfiguredError(
            f"{auth.key}: is no unencrypted PEM key that {auth.algorithm} can sign with"
        ) from None


def _fetch(
    session: Any, url: str, options: HttpOptions, mend: str, grant: str, extra: Mapping[str, str]
) -> Mapping[str, Any]:
    call = call_name("POST", url)
    with session:
        configure(session, options)
        session.register_compliance_hook("access_token_response", _no_answer_to_us)
        timeout = (options.connect_timeout, options.read_timeout)
        try:
            token: Mapping[str, Any] = session.fetch_token(
                url, grant_type=grant, timeout=timeout, allow_redirects=False, **extra
            )
        except OAuthError as error:
            raise UnauthorizedError(f"{call}: no token ({error.error}); {mend}") from None
        except requests.HTTPError as error:
            raise _refused(error, call) from None
        except requests.RequestException as error:
            raise translated(error, call, url, idempotent=True) from None
        except ValueError:
            raise MisconfiguredError(f"{call}: is not a token server, check token_url") from None
    return token


def _no_answer_to_us(response: requests.Response) -> requests.Response:
    """Let an answer pass that speaks of us: a server in trouble refuses nobody, in any words."""
    if response.status_code == 429 or response.status_code >= 500:
        raise requests.HTTPError(response=response)
    return response


def _refused(error: requests.HTTPError, call: str) -> ConnectorError:
    status = error.response.status_code if error.response is not None else 500
    answer = Answer("POST", "", status, {}, b"")
    meant = error_of(answer, None, idempotent=True)
    kind = type(meant) if isinstance(meant, TransientError | MisconfiguredError) else None
    return (kind or MisconfiguredError)(f"{call}: {status} from the token server, check token_url")


def _as_headers(token: Mapping[str, Any], url: str, scheme: str = "Bearer") -> Made:
    access = token.get("access_token")
    kinds = {"bearer", scheme.lower()}
    if not isinstance(access, str) or str(token.get("token_type", "bearer")).lower() not in kinds:
        raise MisconfiguredError(f"{call_name('POST', url)}: gave no bearer token, check token_url")
    try:
        lifetime = float(token.get("expires_in") or "inf")
    except (TypeError, ValueError):
        lifetime = float("inf")
    return {"Authorization": f"{scheme} {access}"}, _lasting(lifetime)


def _lasting(lifetime: float) -> float:
    """How long a token is used: it is renewed a little before its end."""
    return max(lifetime - EARLY, lifetime / 2)


def _kept(auth: RefreshAuth) -> str | None:
    if auth.kept_in is None:
        return None
    try:
        return auth.kept_in.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise MisconfiguredError(f"auth.kept_in: {auth.kept_in} cannot be read") from None


def _keep(path: Path, token: str) -> None:
    """Write the newest refresh token, readable by us alone, whole or not at all."""
    half = path.with_name(f"{path.name}.half")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.unlink(missing_ok=True)
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(token)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except OSError as error:
        raise MisconfiguredError(
            f"auth.kept_in: {path} cannot be written ({error.strerror}); the server gave a new "
            "refresh token that is lost now: allow us again"
        ) from None
