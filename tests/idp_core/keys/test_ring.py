"""What we take for a token of ours."""

import base64
import hmac
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from idp_core.keys import store
from idp_core.keys.ring import KeyRing

NOW = datetime(2030, 1, 1, tzinfo=UTC)
RING = KeyRing([store.make(each, NOW, NOW) for each in ("ES256", "RS256")])
CLAIMS = {"sub": "g1", "name": "Zoë"}


def part(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def head(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_what_is_signed_is_verified(algorithm):
    """oidcc-idtoken-signature, oidcc-idtoken-rs256"""
    token = RING.sign(CLAIMS, NOW, algorithm=algorithm, typ="at+jwt")
    assert head(token)["alg"] == algorithm
    assert RING.verify(token, typ="at+jwt") == CLAIMS


def test_a_token_of_one_type_is_none_of_another():
    token = RING.sign(CLAIMS, NOW, typ="logout+jwt")
    assert RING.verify(token, typ="at+jwt") is None


def forged(**changes):
    token = RING.sign(CLAIMS, NOW)
    _, payload, signature = token.split(".")
    return ".".join([part(head(token) | changes), payload, signature])


def by_public_key_as_secret():
    """HS256 with the published key as the secret: the classic confusion."""
    key = RING.signing("RS256", NOW)
    told = part({"alg": "HS256", "typ": "JWT", "kid": key.kid}) + "." + part(CLAIMS)
    secret = key.private.as_pem(private=False)
    return told + "." + part(hmac.digest(secret, told.encode(), "sha256"))


def by_key_in_header():
    mine = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "typ": "JWT", "kid": "mine", "jwk": mine.as_dict(private=False)}
    return jws.serialize_compact(header, json.dumps(CLAIMS), mine, ["ES256"])


def unsigned():
    kid = RING.signing("ES256", NOW).kid
    return f"{part({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{part(CLAIMS)}."


def all_zeros():
    header, payload, _ = RING.sign(CLAIMS, NOW).split(".")
    return f"{header}.{payload}.{part(bytes(64))}"


FORGERIES = {
    "alg none": unsigned(),
    "alg None": forged(alg="None"),
    "HS256 by the public key": by_public_key_as_secret(),
    "a key in the header": by_key_in_header(),
    "jku": forged(jku="https://evil.example/jwks"),
    "x5u": forged(x5u="https://evil.example/cert"),
    "crit": forged(crit=["exp"]),
    "b64 false": forged(b64=False, crit=["b64"]),
    "another alg than the key's": forged(alg="RS256"),
    "kid as a path": forged(kid="../../dev/null"),
    "kid as SQL": forged(kid="' OR 1=1 --"),
    "kid as a list": forged(kid=["a"]),
    "compressed": forged(zip="DEF"),
    "zero signature": all_zeros(),
    "no signature": RING.sign(CLAIMS, NOW).rpartition(".")[0] + ".",
    "another payload": RING.sign(CLAIMS, NOW).split(".")[0] + "." + part({"sub": "g2"}) + "."
    + RING.sign(CLAIMS, NOW).split(".")[2],
    "five parts": "a.b.c.d.e",
    "nothing": "",
    "very long": "a" * 100_000,
    "not ASCII": "ä.ö.ü",
}  # fmt: skip


@pytest.mark.parametrize("token", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forgery_is_no_token_of_ours(token):
    assert RING.verify(token, typ="JWT") is None


@given(st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_.-]{0,80}", fullmatch=True)))
def test_garbage_is_no_token_and_no_error(text):
    assert RING.verify(text, typ="JWT") is None


def test_only_public_halves_are_published():
    for key in RING.published()["keys"]:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
        assert key["use"] == "sig"
