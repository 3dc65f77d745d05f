"""The requests session below: TLS, proxies, mutual TLS and the guard against private addresses."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from connectors.errors import MisconfiguredError
from connectors.http.options import HttpOptions


class PrivateAddressError(MisconfiguredError):
    """The name leads into a private network, and `public_only` is set."""


def configure(session: requests.Session, options: HttpOptions) -> None:
    """Give a session our TLS, proxy and guard settings, and none of the environment's."""
    session.trust_env = False
    session.verify = str(options.ca_file) if options.ca_file else True
    _check_files(options)
    if options.client_certificate:
        certificate = str(options.client_certificate)
        session.cert = (certificate, str(options.client_key)) if options.client_key else certificate
    if options.proxy:
        address = _proxy_address(options)
        session.proxies = {"http": address, "https": address}
    adapter = _PublicOnlyAdapter() if options.public_only else HTTPAdapter()
    session.mount("https://", adapter)
    session.mount("http://", adapter)


def _check_files(options: HttpOptions) -> None:
    for name in ("ca_file", "client_certificate", "client_key"):
        path = getattr(options, name)
        if path is not None and not path.is_file():
            raise MisconfiguredError(f"http.{name}: no such file: {path}")


def _proxy_address(options: HttpOptions) -> str:
    address = str(options.proxy)
    if not options.proxy_user or not options.proxy_password:
        return address
    user, password = quote(options.proxy_user, ""), quote(options.proxy_password.reveal(), "")
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{user}:{password}@{rest}"


def _refuse_private(connected: socket.socket, host: str) -> socket.socket:
    """Look at whom we really reached, after the name was resolved and before a byte is sent."""
    address = ipaddress.ip_address(connected.getpeername()[0].partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_global and not address.is_multicast:
        return connected
    connected.close()
    raise PrivateAddressError(
        f"{host}: leads into a private network; set http.public_only: false if that is meant"
    )


class _PublicHttp(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _refuse_private(super()._new_conn(), self.host)


class _PublicHttps(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _refuse_private(super()._new_conn(), self.host)


class _PublicHttpPool(HTTPConnectionPool):
    ConnectionCls = _PublicHttp


class _PublicHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHttps


class _PublicOnlyAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _PublicHttpPool,
            "https": _PublicHttpsPool,
        }
