"""What a directory's refusals mean, by result code (RFC 4511 appendix A), and what mends them.

The server's own words may hold values, so of them only known names and numbers are shown.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from connectors.errors import (
    ConflictError,
    ConnectorError,
    ExpiredCursorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
)
from connectors.ldap.answers import Result

SUCCESS, PROTOCOL_ERROR, SIZE_LIMIT, REFERRAL, UNAVAILABLE_EXTENSION = 0, 2, 4, 10, 12
INSUFFICIENT_RIGHTS, UNWILLING, SYNC_REFRESH_REQUIRED = 50, 53, 4096

_Meaning = tuple[type[ConnectorError], str]
_LIMITS = "raise its limits for us (OpenLDAP: limits, size.prtotal), or narrow the filter"

_ANY: Mapping[int, _Meaning] = {
    2: (MisconfiguredError, "protocolError: the server does not understand the request"),
    7: (MisconfiguredError, "authMethodNotSupported: this way to log in is not offered; see bind"),
    8: (MisconfiguredError, "strongerAuthRequired: it wants TLS; use ldaps:// or start_tls"),
    13: (
        MisconfiguredError,
        "confidentialityRequired: it wants TLS; use ldaps:// or start_tls",
    ),
    48: (UnauthorizedError, "inappropriateAuthentication: it does not let us in so; see bind"),
    49: (UnauthorizedError, "invalidCredentials: the credentials are refused; look at bind"),
    51: (ThrottledError, "busy: try again later"),
    52: (TransientError, "unavailable: it is going down; try again later"),
    80: (TransientError, "other: the server failed within; its log says why"),
}
_READING: Mapping[int, _Meaning] = {
    1: (TransientError, "operationsError: the server failed within; its log says why"),
    3: (TransientError, f"timeLimitExceeded: {_LIMITS}"),
    4: (MisconfiguredError, f"sizeLimitExceeded: the server gives us no more entries; {_LIMITS}"),
    11: (MisconfiguredError, f"adminLimitExceeded: {_LIMITS}"),
    12: (MisconfiguredError, "unavailableCriticalExtension: it does not offer what we need to ask"),
    17: (MisconfiguredError, "undefinedAttributeType: it does not know an attribute that we name"),
    18: (MisconfiguredError, "inappropriateMatching: it cannot compare an attribute in the filter"),
    32: (MisconfiguredError, "noSuchObject: the base is not there, or we may not see it"),
    34: (MisconfiguredError, "invalidDNSyntax: the base is no distinguished name"),
    50: (UnauthorizedError, "insufficientAccessRights: we lack the right to read this"),
    53: (MisconfiguredError, "unwillingToPerform: the server refuses to do this for us"),
    SYNC_REFRESH_REQUIRED: (ExpiredCursorError, "the server has forgotten our position"),
}  # fmt: skip
_WRITING: Mapping[int, _Meaning] = {
    1: (RejectedError, "operationsError"),
    16: (RejectedError, "noSuchAttribute: it changed meanwhile; plan again"),
    17: (RejectedError, "undefinedAttributeType: the schema does not know an attribute"),
    19: (RejectedError, "constraintViolation: a value breaks a rule of the directory"),
    20: (RejectedError, "attributeOrValueExists: it changed meanwhile; plan again"),
    21: (RejectedError, "invalidAttributeSyntax: a value has the wrong form"),
    32: (NotFoundError, "noSuchObject: the entry, or the place it is to stand in, is not there"),
    34: (RejectedError, "invalidDNSyntax: the name that rdn and parent make is none"),
    50: (RejectedError, "insufficientAccessRights: we lack the right to write this"),
    53: (RejectedError, "unwillingToPerform: a rule of the directory forbids it"),
    64: (RejectedError, "namingViolation: it cannot have this name"),
    65: (RejectedError, "objectClassViolation: its classes need, or forbid, an attribute"),
    66: (RejectedError, "notAllowedOnNonLeaf: there are entries below it"),
    67: (RejectedError, "notAllowedOnRDN: this value is its name"),
    68: (ConflictError, "entryAlreadyExists: another entry has this name"),
    69: (RejectedError, "objectClassModsProhibited: its classes cannot be changed"),
    71: (RejectedError, "affectsMultipleDSAs: it would move to another server"),
}
_ACTIVE_DIRECTORY = {
    "525": "there is no such user",
    "52e": "the password is wrong",
    "530": "it may not log in at this time",
    "531": "it may not log in from here",
    "532": "its password has expired",
    "533": "the account is disabled",
    "701": "the account has expired",
    "773": "it must change its password first",
    "775": "the account is locked out",
}
"""Why Active Directory answers invalidCredentials: ``… data 52e, v3839``."""
_TAKEN = re.compile(r"^0000(21C7|21C8|2071|0524|0562)\b|no[nt][- ]unique", re.IGNORECASE)
"""A unique value is taken: Active Directory (SPN, UPN, name, account name), and slapo-unique."""


@contextmanager
def understood(place: str) -> Iterator[None]:
    """Tell answers whose inner parts are not as the standards say."""
    try:
        yield
    except (KeyError, IndexError, ValueError):
        raise TransientError(f"{place}: an answer does not keep to the protocol") from None


def raised(result: Result, place: str, known: Container[str] = ()) -> ConnectorError:
    """What a refusal of a search or a login means; `place` says what was asked for, and where."""
    said = result.diagnostic
    if result.code == REFERRAL:
        return _elsewhere(result, place)
    if result.code == 49 and (cause := re.search(r"\bdata ([0-9a-f]{3})\b", said)):
        why = _ACTIVE_DIRECTORY.get(cause[1], "the credentials are refused")
        return UnauthorizedError(f"{place}: invalidCredentials: {why}; look at bind")
    if result.code == 1 and said.startswith("000004DC"):
        return UnauthorizedError(f"{place}: it answers nobody who has not logged in; set bind")
    error, text = _ANY.get(result.code) or _READING.get(result.code) or _unknown(result.code)
    return error(f"{place}: {text}{_details(said, known)}")


def refused(result: Result, place: str, known: Container[str] = ()) -> ConnectorError:
    """What a refusal of a write means; `known` are names that may be repeated."""
    if result.code == REFERRAL:
        return _elsewhere(result, place)
    error, text = _ANY.get(result.code) or _WRITING.get(result.code) or _unknown(result.code)
    if result.code in {19, 53, 68} and _TAKEN.search(result.diagnostic):
        error, text = ConflictError, "another entry holds a value that must be unique"
    return error(f"{place}: {text}{_details(result.diagnostic, known)}")


def word_of(code: int) -> str:
    """Return the name of the result code of a write, "" for one that RFC 4511 does not know."""
    _, text = _ANY.get(code) or _WRITING.get(code) or _unknown(code)
    word = text.partition(":")[0]
    return word if word.isalpha() else ""


def untrusted(error: ssl.SSLError | OSError, place: str) -> ConnectorError:
    """What a failed TLS handshake means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if "mismatch" in error.verify_message or "not valid for" in error.verify_message:
            return MisconfiguredError(
                f"{place}: the certificate is for another name; use the name it has, or tell it "
                "by tls.server_name"
            )
        return MisconfiguredError(
            f"{place}: the certificate is not trusted ({error.verify_message}); renew it, or name "
            "its authority in tls.ca_file"
        )
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "").lower().replace("_", " ")
        return MisconfiguredError(
            f"{place}: TLS failed ({reason or type(error).__name__}); is this the right port, and "
            "does it want a client certificate (tls.client_certificate)?"
        )
    return TransientError(f"{place}: the connection was lost in the TLS handshake")


def _elsewhere(result: Result, place: str) -> ConnectorError:
    hosts = sorted({urlsplit(url).netloc or "another server" for url in result.referrals})
    where = ", ".join(hosts) or "another server"
    return MisconfiguredError(
        f"{place}: this is kept by {where}; credentials are not sent there by themselves: "
        "name it in url"
    )


def _unknown(code: int) -> _Meaning:
    return RejectedError, f"result code {code}"


def _details(said: str, known: Container[str]) -> str:
    """The names of attributes and classes in the server's words, and Windows error numbers."""
    names = [word for word in re.findall(r"[A-Za-z][\w-]+", said) if word.lower() in known]
    codes = re.findall(r"^[0-9A-F]{8}(?=:)", said)
    told = list(dict.fromkeys(codes + names))
    return f" ({', '.join(told[:4])})" if told else ""
