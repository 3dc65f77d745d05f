"""An authenticator for tests: keys of its own, and answers as a browser sends them.

What it says can be bent: another origin, no verification, a count that stands still.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url as text

from tests.idp_core.web.browser import ORIGIN

_PRESENT, _VERIFIED, _HAS_KEY = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One passkey, once it was made."""

    origin: str = ORIGIN
    host: str = "login.example.com"
    verifies: bool = True
    counts: bool = True
    count: int = 0
    id: bytes = field(default_factory=lambda: os.urandom(16))
    handle: str | None = None
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def public(self) -> bytes:
        """The public key, as COSE writes it."""
        point = self.key.public_key().public_numbers()
        x, y = point.x.to_bytes(32), point.y.to_bytes(32)
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def make(self, asked: dict[str, Any]) -> str:
        """Answer the options of a registration."""
        self.handle = asked["user"]["id"]
        credential = bytes(16) + len(self.id).to_bytes(2) + self.id + self.public()
        data = self._data(_HAS_KEY) + credential
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked["challenge"])
        return self._said({"clientDataJSON": text(client), "attestationObject": text(attested)})

    def sign(self, asked: dict[str, Any], **changes: Any) -> str:
        """Answer the options of a login."""
        self.count += self.counts
        data, client = self._data(), self._client("webauthn.get", asked["challenge"])
        signed = data + hashlib.sha256(client).digest()
        answer = {
            "clientDataJSON": text(client),
            "authenticatorData": text(data),
            "signature": text(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": self.handle,
        }
        return self._said({k: v for k, v in (answer | changes).items() if v is not None})

    def _data(self, more: int = 0) -> bytes:
        flags = _PRESENT | more | (_VERIFIED if self.verifies else 0)
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _said(self, response: dict[str, Any]) -> str:
        id_ = text(self.id)
        return json.dumps({"id": id_, "rawId": id_, "type": "public-key", "response": response})
