"""The keys at hand: sign, verify what we signed, publish."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from idp_core.keys.store import ALGORITHMS, SigningKey

Clock = Callable[[], datetime]
_REGISTRY = jws.JWSRegistry(algorithms=list(ALGORITHMS))
_LONGEST = 16_384


def now_utc() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Every published key."""

    keys: Sequence[SigningKey]

    def signing(self, algorithm: str, now: datetime) -> SigningKey:
        """Return the key that signs now."""
        return next(k for k in self.keys if k.algorithm == algorithm and k.signs_from <= now)

    def sign(
        self,
        claims: Mapping[str, Any],
        now: datetime,
        *,
        algorithm: str = "ES256",
        typ: str = "JWT",
    ) -> str:
        """Return a compact JWS over claims, with `kid` and `typ` in its header."""
        key = self.signing(algorithm, now)
        header = {"alg": algorithm, "typ": typ, "kid": key.kid}
        payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()
        return jws.serialize_compact(header, payload, key.private, registry=_REGISTRY)

    def verify(self, token: str, *, typ: str) -> Mapping[str, Any] | None:
        """Return the claims of a token that we signed as this `typ`; None for any other.

        Only `kid` chooses the key and only the key chooses the algorithm: what else the header
        says (`jwk`, `jku`, `crit`, another `alg`) makes it none of ours. Says nothing on `exp`.
        """
        try:
            if len(token) > _LONGEST:
                return None
            first = token.encode("ascii").partition(b".")[0]
            head = json.loads(base64.urlsafe_b64decode(first + b"=" * (-len(first) % 4)))
            key = next(k for k in self.keys if k.kid == head.get("kid"))
            if head != {"alg": key.algorithm, "typ": typ, "kid": key.kid}:
                return None
            found = jws.deserialize_compact(token, key.verifier, registry=_REGISTRY)
            claims = json.loads(found.payload)
        except (JoseError, ValueError, StopIteration, AttributeError, RecursionError):
            return None
        return claims if isinstance(claims, dict) else None

    def published(self) -> Mapping[str, Any]:
        """Return the JWK Set: public halves only, successors that do not sign yet too."""
        return {"keys": [k.public for k in self.keys]}
