"""Signing keys in the database, their private halves sealed.

A key is published before it signs and stays published after it stopped: whoever keeps our JWKS for
a while never meets a signature of a key it has not heard of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from joserfc.jwk import ECKey, RSAKey

from idp_core.keys.tables import signing_key
from idp_core.vault.sealing import Sealer

ALGORITHMS = ("ES256", "RS256")
_RSA_BITS = 2048

PrivateKey = ECKey | RSAKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair, `verifier` being its public half.

    It signs from `signs_from` until a newer one of its algorithm does.
    """

    kid: str
    algorithm: str
    public: dict[str, Any]
    private: PrivateKey = field(repr=False)
    verifier: PrivateKey = field(repr=False)
    created_at: datetime
    signs_from: datetime
    retired_at: datetime | None = None


def make(algorithm: str, now: datetime, signs_from: datetime) -> SigningKey:
    """Return a new key pair; its `kid` is its RFC 7638 thumbprint."""
    usage: Any = {"use": "sig", "alg": algorithm}
    private: PrivateKey
    if algorithm == "ES256":
        private = ECKey.generate_key("P-256", usage, auto_kid=True)
    else:
        private = RSAKey.generate_key(_RSA_BITS, usage, auto_kid=True)
    public = dict(private.as_dict(private=False))
    verifier = type(private).import_key(public)
    return SigningKey(str(private.kid), algorithm, public, private, verifier, now, signs_from)


def insert(conn: sa.Connection, key: SigningKey, sealer: Sealer) -> None:
    """Store a key, its private half sealed."""
    pem = key.private.as_pem(private=True)
    conn.execute(
        sa.insert(signing_key).values(
            kid=key.kid,
            algorithm=key.algorithm,
            public=key.public,
            sealed=sealer.seal(pem, _context(key.kid)),
            created_at=key.created_at,
            signs_from=key.signs_from,
        )
    )


def read(
    conn: sa.Connection, sealer: Sealer, known: Iterable[SigningKey] = ()
) -> Sequence[SigningKey]:
    """Return every key that is published, newest first; those that are `known` are not opened anew.

    Raises SettingsError when they were sealed with another master secret.
    """
    opened = {key.kid: key for key in known}
    query = (
        sa.select(signing_key)
        .where(signing_key.c.retired_at.is_(None))
        .order_by(signing_key.c.signs_from.desc(), signing_key.c.kid)
    )
    return [opened.get(row.kid) or _key(row, sealer) for row in conn.execute(query)]


def retire(conn: sa.Connection, kid: str, now: datetime) -> bool:
    """Publish a key no longer, and forget its private half; False when it was not published."""
    done = conn.execute(
        sa.update(signing_key)
        .where(signing_key.c.kid == kid, signing_key.c.retired_at.is_(None))
        .values(retired_at=now, sealed=b"")
    )
    return done.rowcount == 1


def lock(conn: sa.Connection) -> None:
    """Hold back whoever else changes keys until the caller commits (SQLite: a writer is alone)."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE")


def _key(row: sa.Row[Any], sealer: Sealer) -> SigningKey:
    pem = sealer.open(row.sealed, _context(row.kid))
    kind = ECKey if row.algorithm == "ES256" else RSAKey
    private = kind.import_key(pem, {"kid": row.kid, "use": "sig", "alg": row.algorithm})
    return SigningKey(
        row.kid,
        row.algorithm,
        row.public,
        private,
        kind.import_key(row.public),
        row.created_at,
        row.signs_from,
        row.retired_at,
    )


def _context(kid: str) -> str:
    return f"signing key {kid}"
