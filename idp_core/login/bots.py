"""The bot check: a proof of work (altcha) that the browser finds by itself, offline.

It makes a thousand registrations cost a thousand times some seconds of a processor. Who has no
JavaScript sends no proof: a network may do that a few times an hour, whoever is behind it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from idp_core.http.ask import Ask
from idp_core.login import guard
from idp_core.site.site import Site
from idp_core.throttle import store as throttle
from idp_core.throttle.store import Limit
from idp_core.vault.tokens import keyed

_LIFE = timedelta(minutes=30)
_HOUR = timedelta(hours=1)
_ALGORITHM: Final = "SHA-256"
_LONGEST = 2000


def challenge(site: Site) -> Mapping[str, object] | None:
    """Return the work that a form asks for, None where none is asked for."""
    if not site.config.bots.check:
        return None
    from altcha.v1 import ChallengeOptions, create_challenge

    work, until = site.config.bots.work, site.clock() + _LIFE
    made = create_challenge(ChallengeOptions(_ALGORITHM, work, hmac_key=_key(site), expires=until))
    return {
        "salt": made.salt,
        "challenge": made.challenge,
        "signature": made.signature,
        "most": made.max_number,
    }


def passed(conn: sa.Connection, ask: Ask, site: Site) -> bool:
    """Whether a form may go on: its work is done, in time and not sent before; or it has none."""
    said = site.config.bots
    if not said.check:
        return True
    now, proof = site.clock(), ask.form.get("altcha")
    if proof is None:
        bucket = keyed(site.secrets.tries, "unproven", guard.network(ask.peer))
        return throttle.count(conn, bucket, Limit(said.unproven_per_hour, _HOUR), now)
    done = _done(site, proof)
    if done is None:
        return False
    return throttle.count(conn, keyed(site.secrets.tries, "altcha", done), Limit(1, _LIFE * 2), now)


def _done(site: Site, proof: str) -> str | None:
    """Return the challenge that a proof solves, None when it solves none of ours in time."""
    from altcha.v1 import extract_params, verify_solution

    said = _read(proof)
    if said is None:
        return None
    # The time is ours to look at: the library knows only that of the machine.
    until = extract_params(said).get("expires", [""])[0]  # type: ignore[arg-type]
    late = not until.isdigit() or int(until[:12]) < site.clock().timestamp()
    good, _ = verify_solution(said, _key(site), check_expires=False)  # type: ignore[call-overload]
    return str(said["challenge"]) if good and not late else None


def _read(proof: str) -> dict[str, object] | None:
    try:
        said = json.loads(base64.b64decode(proof[:_LONGEST], validate=True))
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("algorithm") != _ALGORITHM:
        return None
    texts = all(isinstance(said.get(name), str) for name in ("challenge", "salt", "signature"))
    return said if texts and type(said.get("number")) is int else None


def _key(site: Site) -> str:
    return keyed(site.secrets.tries, "altcha key")
