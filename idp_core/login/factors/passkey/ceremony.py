"""The two ceremonies of WebAuthn: what the browser is asked, and whether its answer holds.

The challenge is a ticket that works once, and its token a cookie: an answer counts only in the
browser that was asked. User verification is always wanted: a passkey that a finder could use proves
too little.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from idp_core.accounts.store import Account
from idp_core.http.ask import Ask
from idp_core.login.factors.passkey.store import Passkey
from idp_core.site.site import Site
from idp_core.tickets import store as tickets
from idp_core.vault.tokens import new_token

ADD, PROVE = "passkey.add", "passkey.prove"
_COOKIE = "passkey"
_LIFE = timedelta(minutes=5)
_VERIFIED = UserVerificationRequirement.REQUIRED

Cookie = tuple[str, str]


class _RefusedError(Exception):
    """The answer does not hold."""


# What the library raises for an answer that is none: its own, and whatever odd JSON makes of it.
_BAD = (_RefusedError, WebAuthnException, ValueError, KeyError, TypeError, AttributeError)


def ask_to_add(
    conn: sa.Connection, site: Site, account: Account, known: Sequence[Passkey]
) -> tuple[dict[str, Any], Cookie]:
    """Return what the browser is asked to make a passkey with, and the cookie of the challenge."""
    challenge, cookie = _challenge(conn, site, ADD, account.id)
    asked = generate_registration_options(
        rp_id=_host(site),
        rp_name=site.config.name,
        user_id=UUID(account.id).bytes,
        user_name=account.email,
        user_display_name=account.email,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
        exclude_credentials=_described(known),
    )
    return json.loads(options_to_json(asked)), cookie


def ask_to_prove(
    conn: sa.Connection, site: Site, account: str | None, known: Sequence[Passkey]
) -> tuple[dict[str, Any], Cookie]:
    """Return what the browser is asked to sign; without an account, any passkey it has for us."""
    challenge, cookie = _challenge(conn, site, PROVE, account)
    asked = generate_authentication_options(
        rp_id=_host(site),
        challenge=challenge,
        allow_credentials=_described(known) or None,
        user_verification=_VERIFIED,
    )
    return json.loads(options_to_json(asked)), cookie


def added(conn: sa.Connection, ask: Ask, site: Site, account: Account, name: str) -> Passkey | None:
    """Return the passkey that a browser made, None when its answer does not hold.

    The challenge is used up whatever the answer is: commit.
    """
    try:
        said, challenge = _said(ask), _taken(conn, ask, site, ADD, account.id)
        made = verify_registration_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=_host(site),
            expected_origin=site.config.issuer,
            require_user_verification=True,
        )
    except _BAD:
        return None
    id_ = bytes_to_base64url(made.credential_id)
    return Passkey(id_, account.id, made.credential_public_key, made.sign_count, name, site.clock())


def credential_id(ask: Ask) -> str | None:
    """Return the id of the passkey that an answer claims to be of."""
    try:
        found = _said(ask).get("id")
    except _RefusedError:
        return None
    return found if isinstance(found, str) and len(found) <= 1400 else None


def proven(
    conn: sa.Connection, ask: Ask, site: Site, known: Passkey, wanted: str | None
) -> int | None:
    """Return the count that a good signature came with, None for one that is not good.

    `wanted` is the account of the steps before. The challenge is used up whatever the answer is.
    """
    try:
        said, challenge = _said(ask), _taken(conn, ask, site, PROVE, wanted)
        handle = said["response"].get("userHandle")
        if handle and base64url_to_bytes(handle) != UUID(known.account).bytes:
            return None
        verified = verify_authentication_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=_host(site),
            expected_origin=site.config.issuer,
            credential_public_key=known.public_key,
            credential_current_sign_count=0,  # `store.signed` decides, for all workers at once
            require_user_verification=True,
        )
    except _BAD:
        return None
    return verified.new_sign_count


def _challenge(
    conn: sa.Connection, site: Site, purpose: str, account: str | None
) -> tuple[bytes, Cookie]:
    challenge = new_token()
    until = site.clock() + _LIFE
    token = tickets.issue(
        conn, site.sealer, purpose, {"challenge": challenge}, until, account=account
    )
    cookie = site.pages.cookie(_COOKIE, token, int(_LIFE.total_seconds()))
    return base64url_to_bytes(challenge), cookie


def _taken(conn: sa.Connection, ask: Ask, site: Site, purpose: str, account: str | None) -> bytes:
    """Use the challenge of this browser up, for this account."""
    token = site.pages.read_cookie(ask, _COOKIE) or ""
    found = tickets.use(conn, site.sealer, purpose, token, site.clock())
    if found is None or found.account != account:
        raise _RefusedError
    return base64url_to_bytes(found.data["challenge"])


def _said(ask: Ask) -> dict[str, Any]:
    try:
        said = json.loads(ask.form.get("response") or "")
    except (ValueError, RecursionError):
        raise _RefusedError from None
    if not isinstance(said, dict) or not isinstance(said.get("response"), dict):
        raise _RefusedError
    return said


def _described(known: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.id)) for each in known]


def _host(site: Site) -> str:
    return urlsplit(site.config.issuer).hostname or ""
