"""What went wrong on the wire, in our words: nothing sent, or sent and the answer lost."""

from __future__ import annotations

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
    error: requests.RequestException | HTTPError, call: str, *, idempotent: bool
) -> ConnectorError:
    """The error of ours for one of the libraries'; its text holds neither URL nor header values."""
    unsent = _unsent(error, call)
    if unsent is not None:
        return unsent
    late = isinstance(error, requests.Timeout | ReadTimeoutError)
    what = "no answer in time" if late else "the answer was cut off"
    if idempotent:
        return TransientError(f"{call}: {what}")
    return UncertainError(f"{call}: {what}; it may or may not have happened")


def _unsent(error: Exception, call: str) -> ConnectorError | None:
    """The error for a call that never left this machine, or was refused before it was read."""
    if isinstance(error, requests.exceptions.ProxyError):
        return _proxy(error, call)
    if isinstance(error, requests.exceptions.SSLError):
        return _tls(error, call)
    for cause in (error, _reason(error)):
        for known, (kind, text) in _UNSENT.items():
            if isinstance(cause, known):
                return kind(f"{call}: {text}")
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


def _proxy(error: Exception, call: str) -> ConnectorError:
    if " 407 " in f"{error} ":
        return UnauthorizedError(f"{call}: the proxy refuses us, check http.proxy_user")
    return TransientError(f"{call}: the proxy does not connect us, check http.proxy")


def _tls(error: Exception, call: str) -> ConnectorError:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text or "doesn't match" in text:
        return MisconfiguredError(
            f"{call}: its certificate is not trusted; set http.ca_file to its authority's"
        )
    if "CERTIFICATE_REQUIRED" in text or "HANDSHAKE_FAILURE" in text:
        return MisconfiguredError(
            f"{call}: it refused the TLS handshake; does it want http.client_certificate?"
        )
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text:
        return MisconfiguredError(f"{call}: it does not speak TLS there; is it http, not https?")
    return TransientError(f"{call}: the TLS connection failed")
