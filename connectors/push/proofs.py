"""Whether a push is from whom it should be, of now, and not one that was there before. Pure.

Each scheme answers with the push's own name where it has one: the same name twice is a repetition.
Comparisons take the same time whatever is wrong.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt

from connectors.errors import MisconfiguredError
from connectors.secrets import Secret

CONFIG = ConfigDict(
    frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
)
_PART = re.compile(r"\{(method|url|timestamp|id|body)\}")
_WHSEC = "whsec_"


class RefusedError(Exception):
    """The push is not proven; the words are for our log and for the sender, and hold no value."""


@dataclass(frozen=True, slots=True)
class Got:
    """What came: header names in small letters, the address as the sender wrote it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def _template(text: str) -> str:
    if re.search(r"[{}]", _PART.sub("", text)):
        raise ValueError("may hold {method}, {url}, {timestamp}, {id} and {body}")
    return text


class _Proof(BaseModel):
    model_config = CONFIG

    secrets: tuple[Secret, ...] = Field(min_length=1)
    """References to the shared secrets; two while one is exchanged."""
    tolerance_seconds: PositiveInt = 300
    """How far the sender's clock and ours may be apart, where the push says when it was sent."""


class StandardProof(_Proof):
    """Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`."""

    type: Literal["standard"]


class StripeProof(_Proof):
    """One header with the moment and signatures, `t=…,v1=…`, as Stripe and others send it."""

    type: Literal["stripe"]
    header: str = "stripe-signature"
    """The header."""


class HmacProof(_Proof):
    """A signature (HMAC) in a header, over a text made of the push."""

    type: Literal["hmac"]
    header: str
    """The header that carries it, such as `x-hub-signature-256`."""
    prefix: str = ""
    """What stands before it there, such as `sha256=`."""
    hash: Literal["sha256", "sha1", "sha512"] = "sha256"
    """The hash."""
    encoding: Literal["hex", "base64"] = "hex"
    """How it is written."""
    signed: Annotated[str, AfterValidator(_template)] = "{body}"
    """What is signed: `{method}`, `{url}`, `{timestamp}`, `{id}` and `{body}` put together."""
    timestamp_header: str | None = None
    """The header that says when it was sent, in seconds or milliseconds since 1970."""
    id_header: str | None = None
    """The header that names the push, such as `x-github-delivery`."""


class TokenProof(_Proof):
    """A secret of its own in a header: for senders that sign nothing."""

    type: Literal["token"]
    header: str
    """The header that carries it."""
    prefix: str = ""
    """What stands before it there, such as `Bearer `."""


Proof = Annotated[StandardProof | StripeProof | HmacProof | TokenProof, Field(discriminator="type")]


def proven(proof: Proof, got: Got, now: float) -> str | None:
    """Return the push's own name, None where it has none; RefusedError when it is not proven."""
    match proof:
        case StandardProof():
            return _standard(proof, got, now)
        case StripeProof():
            return _stripe(proof, got, now)
        case HmacProof():
            return _hmac(proof, got, now)
        case TokenProof():
            shown = _header(got, proof.header).removeprefix(proof.prefix)
            if not _one_of([shown], [each.reveal() for each in proof.secrets]):
                raise RefusedError("the token is another one")
            return None


def _standard(proof: StandardProof, got: Got, now: float) -> str:
    id_, moment = _header(got, "webhook-id"), _header(got, "webhook-timestamp")
    _recent(moment, proof, now)
    shown = [each[3:] for each in _header(got, "webhook-signature").split() if each[:3] == "v1,"]
    text = b".".join((id_.encode(), moment.encode(), got.body))
    wanted = [
        base64.b64encode(hmac.new(_key(each), text, hashlib.sha256).digest()).decode()
        for each in proof.secrets
    ]
    _signed(shown, wanted)
    return id_


def _stripe(proof: StripeProof, got: Got, now: float) -> str:
    parts = [each.strip().partition("=") for each in _header(got, proof.header).split(",")]
    moment = next((value for name, _, value in parts if name == "t"), "")
    _recent(moment, proof, now)
    text = moment.encode() + b"." + got.body
    wanted = [_digest(each.reveal().encode(), text, "sha256", "hex") for each in proof.secrets]
    _signed([value for name, _, value in parts if name == "v1"], wanted)
    return f"{moment}.{hashlib.sha256(got.body).hexdigest()}"


def _hmac(proof: HmacProof, got: Got, now: float) -> str | None:
    moment = _header(got, proof.timestamp_header) if proof.timestamp_header else ""
    if proof.timestamp_header:
        _recent(moment, proof, now)
    id_ = _header(got, proof.id_header) if proof.id_header else ""
    values = {
        "method": got.method.encode(),
        "url": got.url.encode(),
        "timestamp": moment.encode(),
        "id": id_.encode(),
        "body": got.body,
    }
    pieces = _PART.split(proof.signed)
    text = b"".join(
        values[piece] if number % 2 else piece.encode() for number, piece in enumerate(pieces)
    )
    shown = _header(got, proof.header).removeprefix(proof.prefix)
    wanted = [
        _digest(each.reveal().encode(), text, proof.hash, proof.encoding) for each in proof.secrets
    ]
    _signed([shown], wanted)
    if id_:
        return id_
    return f"{moment}.{hashlib.sha256(text).hexdigest()}" if moment else None


def _header(got: Got, name: str) -> str:
    value = got.headers.get(name.lower(), "")
    if not value:
        raise RefusedError(f"the header {name.lower()} is missing")
    return value


def _recent(moment: str, proof: _Proof, now: float) -> None:
    if not re.fullmatch(r"\d{9,13}", moment):
        raise RefusedError("the push does not say when it was sent")
    seconds = int(moment) / 1000 if len(moment) > 11 else int(moment)
    if abs(now - seconds) > proof.tolerance_seconds:
        raise RefusedError("the push is of another time; are both clocks right?")


def _digest(key: bytes, text: bytes, name: str, encoding: str) -> str:
    made = hmac.new(key, text, name).digest()
    return made.hex() if encoding == "hex" else base64.b64encode(made).decode()


def _signed(shown: Sequence[str], wanted: Sequence[str]) -> None:
    if not _one_of(shown, wanted):
        raise RefusedError("the signature is another one")


def _one_of(shown: Sequence[str], wanted: Sequence[str]) -> bool:
    found = [hmac.compare_digest(a.encode(), b.encode()) for a in shown for b in wanted]
    return any(found)


def _key(secret: Secret) -> bytes:
    text = secret.reveal()
    if not text.startswith(_WHSEC):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_WHSEC), validate=True)
    except ValueError:
        raise MisconfiguredError(f"{secret}: is no base64 behind {_WHSEC}") from None
