"""Tries, limited so that guessing is hopeless and nobody can lock somebody else out.

A wrong password counts against the pair of account and network, against the network (one password
tried on many accounts), and against the account from browsers it does not know. A browser that
logged in before has a device cookie and counts by itself: however many try, the owner gets in.
Recovery by mail is under none of these limits. An address without an account counts the same.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from idp_core.accounts import email as emails
from idp_core.http.ask import Ask
from idp_core.site.site import Site
from idp_core.throttle import store as throttle
from idp_core.throttle.store import Limit
from idp_core.vault.tokens import keyed, new_token, same

PAIR = Limit(10, timedelta(minutes=15))
DEVICE = Limit(20, timedelta(minutes=15))
NETWORK = Limit(200, timedelta(minutes=15))
ACCOUNT = Limit(100, timedelta(hours=1))
MAILS = Limit(5, timedelta(hours=1))
MAILS_OF_NETWORK = Limit(50, timedelta(hours=1))
_YEAR = 365 * 86_400
_COOKIE = "device"


@dataclass(frozen=True, slots=True)
class Counted:
    """The buckets a try was counted in: those to forget when it succeeds, those to give back to."""

    allowed: bool
    forget: tuple[str, ...] = ()
    refund: tuple[str, ...] = ()


def network(peer: str) -> str:
    """Return the part of an address that one customer of a provider has: /64 of IPv6."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return peer


def count(conn: sa.Connection, ask: Ask, site: Site, name: str, account: str | None) -> Counted:
    """Count a try to log in as `name` (an address, or an account's id), before it is looked at."""
    now, key = site.clock(), emails.key(name)
    device = known_device(ask, site, account)
    if device is not None:
        bucket = _bucket(site, "device", device, key)
        return Counted(throttle.count(conn, bucket, DEVICE, now), (bucket,))
    pair = _bucket(site, "pair", key, network(ask.peer))
    whole = _bucket(site, "account", key)
    around = _bucket(site, "network", network(ask.peer))
    # Each is counted whatever the others say: otherwise one could be asked about by the others.
    allowed = [
        throttle.count(conn, pair, PAIR, now),
        throttle.count(conn, whole, ACCOUNT, now),
        throttle.count(conn, around, NETWORK, now),
    ]
    return Counted(all(allowed), (pair,), (whole, around))


def succeeded(conn: sa.Connection, counted: Counted) -> None:
    """Take back the counts of a try that was right."""
    throttle.forget(conn, counted.forget)
    throttle.refund(conn, counted.refund)


def may_mail(conn: sa.Connection, ask: Ask, site: Site, address: str) -> bool:
    """Count a mail that a stranger makes us send; False when there were too many."""
    now = site.clock()
    to = throttle.count(conn, _bucket(site, "mail", emails.key(address)), MAILS, now)
    around = _bucket(site, "mails", network(ask.peer))
    return throttle.count(conn, around, MAILS_OF_NETWORK, now) and to


def known_device(ask: Ask, site: Site, account: str | None) -> str | None:
    """Return the id of a browser in which this account logged in before."""
    device, _, proof = (site.pages.read_cookie(ask, _COOKIE) or "").partition(".")
    if account is None or not device or not same(proof, _proof(site, device, account)):
        return None
    return device


def device_cookie(ask: Ask, site: Site, account: str) -> tuple[str, str]:
    """Return the Set-Cookie header by which this browser is known to the account."""
    device = known_device(ask, site, account) or new_token()
    return site.pages.cookie(_COOKIE, f"{device}.{_proof(site, device, account)}", _YEAR)


def _proof(site: Site, device: str, account: str) -> str:
    return keyed(site.secrets.devices, device, account)


def _bucket(site: Site, *parts: str) -> str:
    return keyed(site.secrets.tries, *parts)
