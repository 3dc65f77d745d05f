"""OAuth 1.0 as systems still want it of servers: requests signed with fixed tokens (RFC 5849)."""

from __future__ import annotations

import base64
import hmac
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Literal
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import BaseModel, model_validator

from connectors.http.options import CONFIG
from connectors.http.request import FORM
from connectors.http.signing import Sign
from connectors.secrets import Secret

_HASHES = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256", "HMAC-SHA512": "sha512"}
_PORTS = {"http": 80, "https": 443}
Pairs = list[tuple[str, str]]


class OAuth1Auth(BaseModel):
    """Each request is signed with a consumer's secret, and a token's where there is one."""

    model_config = CONFIG
    type: Literal["oauth1"]
    consumer_key: str
    """The name of our key."""
    consumer_secret: Secret
    """A reference to its secret."""
    token: str | None = None
    """The token that was given to us, where the system gives tokens."""
    token_secret: Secret | None = None
    """A reference to its secret."""
    hash: Literal["HMAC-SHA256", "HMAC-SHA1", "HMAC-SHA512"] = "HMAC-SHA256"
    """How requests are signed."""
    realm: str | None = None
    """The realm, for systems that want one, such as an account's number."""

    @model_validator(mode="after")
    def _token_is_whole(self) -> OAuth1Auth:
        if (self.token is None) != (self.token_secret is None):
            raise ValueError("token and token_secret go together")
        return self


def oauth1_signer(
    auth: OAuth1Auth,
    clock: Callable[[], float] = time.time,
    nonce: Callable[[], str] = lambda: uuid.uuid4().hex,
) -> Sign:
    """Return what signs requests; the secrets are looked up for each."""

    def sign(method: str, url: str, body: bytes | None, kind: str) -> Mapping[str, str]:
        ours: Pairs = [
            ("oauth_consumer_key", auth.consumer_key),
            ("oauth_nonce", nonce()),
            ("oauth_signature_method", auth.hash),
            ("oauth_timestamp", str(int(clock()))),
            ("oauth_version", "1.0"),
        ]
        if auth.token is not None:
            ours.append(("oauth_token", auth.token))
        form = (body or b"").decode() if kind.partition(";")[0].strip() == FORM else ""
        sent = [*_pairs(urlsplit(url).query), *_pairs(form)]
        key = "&".join(map(_escaped, (auth.consumer_secret.reveal(), _token_secret(auth))))
        text = base_string(method, url, [*ours, *sent])
        made = hmac.new(key.encode(), text.encode(), _HASHES[auth.hash]).digest()
        ours.append(("oauth_signature", base64.b64encode(made).decode()))
        realm = [] if auth.realm is None else [f'realm="{auth.realm}"']
        told = [f'{name}="{_escaped(value)}"' for name, value in ours]
        return {"Authorization": "OAuth " + ", ".join([*realm, *told])}

    return sign


def base_string(method: str, url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return the text that is signed (RFC 5849 section 3.4.1)."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.port and parts.port != _PORTS.get(parts.scheme):
        host = f"{host}:{parts.port}"
    address = f"{parts.scheme}://{host}{parts.path or '/'}"
    sorted_ = sorted((_escaped(name), _escaped(value)) for name, value in pairs)
    params = "&".join(f"{name}={value}" for name, value in sorted_)
    return "&".join(map(_escaped, (method.upper(), address, params)))


def _pairs(text: str) -> Pairs:
    return parse_qsl(text, keep_blank_values=True)


def _token_secret(auth: OAuth1Auth) -> str:
    return auth.token_secret.reveal() if auth.token_secret else ""


def _escaped(text: str) -> str:
    return quote(text, safe="~")
