"""A login call: user and password go in, a token comes out, in the body, a header or a cookie."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, PositiveFloat, model_validator

from connectors.errors import RejectedError, UnauthorizedError
from connectors.http import Auth, HttpOptions, HttpSession, NoAuth
from connectors.http.auth import Credentials, Make
from connectors.http.oauth1 import OAuth1Auth, oauth1_signer
from connectors.http.signing import HmacAuth, signer
from connectors.rest import template
from connectors.rest.calls import CONFIG, Call, Template
from connectors.rest.pointers import get
from connectors.rest.rules import ErrorRule
from connectors.rest.sending import Api, Reply
from connectors.secrets import Secret


class TokenPlace(BaseModel):
    """Where the token stands in the answer to a login."""

    model_config = CONFIG

    at: str | None = None
    """A place in its body, such as `data.token`."""
    header: str | None = None
    """Or a header."""
    cookie: str | None = None
    """Or a cookie."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(each is not None for each in (self.at, self.header, self.cookie)) != 1:
            raise ValueError("set one of at, header and cookie: where the token stands")
        return self


class LoginAuth(Call):
    """A login call that gives a token; made again when the token is refused."""

    type: Literal["login"]
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    """The method."""
    user: str = ""
    """The user name, `{user}` in the call."""
    password: Secret
    """A reference to the password, `{password}` in the call."""
    token: TokenPlace
    """Where the token stands in the answer."""
    send: str = "Authorization"
    """The header that carries the token from then on."""
    value: Template = "Bearer {token}"
    """What the header says."""
    lifetime: PositiveFloat | None = None
    """Seconds after which we log in again; until the token is refused when left out."""


RestAuth = Annotated[Auth | HmacAuth | OAuth1Auth | LoginAuth, Field(discriminator="type")]
"""Every way to log in, those that only a description can say among them."""


def credentials(
    auth: RestAuth, url: object, http: HttpOptions, rules: tuple[ErrorRule, ...], headers: Any
) -> Credentials:
    """Return what proves who we are; `rules` and `headers` are those of the description."""
    match auth:
        case LoginAuth():
            make: Make = partial(_log_in, auth, url, http, rules, headers)
            return Credentials(make, http)
        case HmacAuth():
            return Credentials(NoAuth(), http, sign=signer(auth))
        case OAuth1Auth():
            return Credentials(NoAuth(), http, sign=oauth1_signer(auth))
        case _:
            return Credentials(auth, http)


def _log_in(
    auth: LoginAuth, url: object, http: HttpOptions, rules: tuple[ErrorRule, ...], headers: Any
) -> tuple[dict[str, str], float]:
    values = {"user": auth.user, "password": auth.password.reveal()}
    with HttpSession(url, None, http) as session:
        try:
            reply = Api(session, rules, headers).send(auth, values, reads=True)
        except RejectedError as error:
            raise UnauthorizedError(f"{error}; the login is refused, check auth") from None
    token = _token(auth.token, reply)
    if not token:
        raise UnauthorizedError(
            f"{reply.answer.call}: the login gave no token; check auth.user, auth.password and "
            "auth.token"
        )
    said = template.fill(auth.value, {"token": token})
    return {auth.send: str(said)}, auth.lifetime or float("inf")


def _token(place: TokenPlace, reply: Reply) -> str | None:
    if place.header:
        return reply.answer.headers.get(place.header)
    if place.cookie:
        said = reply.answer.headers.get("Set-Cookie", "")
        cookie = re.search(rf"(?:^|[,;])\s*{re.escape(place.cookie)}=([^;,]*)", said)
        return cookie[1] if cookie else None
    found = get(reply.root, place.at or "")
    return str(found) if isinstance(found, str | int) and found else None
