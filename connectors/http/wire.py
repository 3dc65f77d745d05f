"""What went wrong on the wire, in our words: nothing sent, or sent and the answer lost."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests
from urllib3.exceptions import (
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)


def translated(
    error: requests.RequestException | HTTPError, call: str, url: str, *, idempotent: bool
) -> ConnectorError:
    """The error of ours for one of the libraries'; of `url` its text names the host alone."""
    unsent = _unsent(error, f"{call} at {host_of(url)}")
    if unsent is not None:
        return unsent
    late = isinstance(error, requests.Timeout | ReadTimeoutError)
    what = "no answer in time" if late else "the answer was cut off"
    if idempotent:
        return TransientError(f"{call}: {what}")
    return UncertainError(f"{call}: {what}; it may or may not have happened")


def host_of(url: str) -> str:
    """Host and port, as errors name them: no user, no path, no query."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is none"
    return f"{parts.hostname or 'an address without a host'}{port}"


def handshake_failed(place: str, said: str) -> ConnectorError:
    """What a TLS handshake's failure means; `said` is OpenSSL's text of it."""
    for words, text in _HANDSHAKE.items():
        if words in said:
            return MisconfiguredError(f"{place}: {text}")
    return TransientError(f"{place}: the TLS connection failed")


_HANDSHAKE = {  # the first that is found holds: the plain refusal comes after its reasons
    "certificate has expired": "its certificate has expired; have it renewed",
    "not yet valid": "its certificate is not valid yet; look at the clocks of both machines",
    "Hostname mismatch": "its certificate is for another host; check the host in url",
    "IP address mismatch": "its certificate is for another host; check the host in url",
    "doesn't match": "its certificate is for another host; check the host in url",
    "CERTIFICATE_VERIFY_FAILED": (
        "its certificate is not trusted; set http.ca_file to its authority's"
    ),
    "ALERT_CERTIFICATE_EXPIRED": (
        "it says that our certificate has expired; renew http.client_certificate"
    ),
    "CERTIFICATE_REQUIRED": "it refused the TLS handshake; does it want http.client_certificate?",
    "HANDSHAKE_FAILURE": "it refused the TLS handshake; does it want http.client_certificate?",
    "WRONG_VERSION_NUMBER": "it does not speak TLS there; is it http, not https?",
    "RECORD_LAYER_FAILURE": "it does not speak TLS there; is it http, not https?",
}


def _unsent(error: Exception, place: str) -> ConnectorError | None:
    """The error for a call that never left this machine, or was refused before it was read."""
    if isinstance(error, requests.exceptions.ProxyError):
        return _proxy(error, place)
    if isinstance(error, requests.exceptions.SSLError):
        return handshake_failed(place, str(error))
    for cause in (error, _reason(error)):
        for known, (kind, text) in _UNSENT.items():
            if isinstance(cause, known):
                return kind(f"{place}: {text}")
    return None


_UNSENT: dict[type[BaseException], tuple[type[ConnectorError], str]] = {
    requests.exceptions.InvalidHeader: (
        MisconfiguredError,
        "a header cannot be sent; does a secret hold a line break?",
    ),
    requests.exceptions.InvalidSchema: (MisconfiguredError, "not an http address, check url"),
    requests.exceptions.InvalidURL: (MisconfiguredError, "not an http address, check url"),
    requests.ConnectTimeout: (TransientError, "no connection in time; is the host reachable?"),
    NameResolutionError: (TransientError, "the host name is not known; check url or the network"),
    NewConnectionError: (TransientError, "no connection; check url, or is the system down?"),
}


def _reason(error: Exception) -> object:
    first = error.args[0] if error.args else None
    return first.reason if isinstance(first, MaxRetryError) else first


def _proxy(error: Exception, place: str) -> ConnectorError:
    if " 407 " in f"{error} ":
        return UnauthorizedError(f"{place}: the proxy refuses us, check http.proxy_user")
    return TransientError(f"{place}: the proxy does not connect us, check http.proxy")
