"""SOAP faults, of version 1.1 and 1.2: from their codes to errors of ours.

A fault's words may repeat a customer's values, so messages name its codes and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    RejectedError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)
from connectors.http import Answer, error_of
from connectors.rest.rules import ErrorRule

_CODE = re.compile(r"[\w.:-]{1,60}")
_SECURITY = {
    "FailedAuthentication",
    "FailedCheck",
    "InvalidSecurity",
    "InvalidSecurityToken",
    "SecurityTokenUnavailable",
    "UnsupportedSecurityToken",
    "MessageExpired",
}
_WRONG = {"VersionMismatch", "MustUnderstand", "DataEncodingUnknown", "ActionNotSupported"}
_OURS = {"Client", "Sender"}
_PARSER = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


@dataclass(frozen=True, slots=True)
class Fault:
    """The codes of a fault, the outermost first, and the names of what its detail holds."""

    codes: tuple[str, ...]
    detail: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """What rules look at: ``fault.code``, ``fault.subcodes``, ``fault.detail``."""
        code, *more = self.codes or ("",)
        return {"fault": {"code": code, "subcodes": more, "detail": list(self.detail)}}

    @property
    def word(self) -> str:
        """The innermost code, "" when it is no plain word."""
        return next((code for code in self.codes[::-1] if _CODE.fullmatch(code)), "")

    def error(self, call: str) -> ConnectorError:
        """What it means as far as the standards say."""
        said = [code for code in self.codes if _CODE.fullmatch(code)]
        text = f"{call}: fault {' '.join(said) or 'without a code'}"
        known = set(self.codes)
        if known & _SECURITY:
            return UnauthorizedError(f"{text}; check security, auth and the clocks")
        if known & _WRONG:
            return MisconfiguredError(f"{text}; is this the WSDL of that service?")
        if self.codes and self.codes[0] in _OURS:
            return RejectedError(f"{text}; check arguments")
        return TransientError(text)


def fault_of(body: bytes) -> Fault | None:
    """Return the fault that an answer holds, None when it holds none."""
    try:
        root = etree.fromstring(body, etree.XMLParser(**_PARSER))
    except (etree.XMLSyntaxError, ValueError):
        return None
    found = next(root.iter("{*}Fault"), None)
    if found is None:
        return None
    codes = [each.text for each in found.iter("{*}faultcode")]
    codes += [each.text for each in found.iter("{*}Value") if _is_code(each)]
    holders = [*found.findall("{*}detail"), *found.findall("{*}Detail"), *found.findall("detail")]
    details = [
        _local(inner.tag) for each in holders for inner in each if isinstance(inner.tag, str)
    ]
    return Fault(tuple(_local(code or "") for code in codes), tuple(dict.fromkeys(details)))


def body_of(message: bytes) -> bytes:
    """Return the body of a message, without its header; nothing of what is no message."""
    try:
        root = etree.fromstring(message, etree.XMLParser(**_PARSER))
    except (etree.XMLSyntaxError, ValueError):
        return b""
    found = next(root.iter("{*}Body"), None)
    return b"" if found is None else bytes(etree.tostring(found, encoding="utf-8"))


def _is_code(element: Any) -> bool:
    above = element.getparent()
    return above is not None and _local(above.tag) in {"Code", "Subcode"}


def _local(name: str) -> str:
    return re.split(r"[:}]", name.strip())[-1]


@dataclass(frozen=True, slots=True)
class SoapMeaning:
    """Says what an answer means: by the rules of the settings, by its fault, by its status."""

    rules: Sequence[ErrorRule] = field(default=())

    def __call__(
        self, answer: Answer, wait: float | None, *, idempotent: bool
    ) -> ConnectorError | None:
        """Return the error, None for an answer to be read."""
        fault = fault_of(answer.body) if answer.status >= 400 or b"Fault" in answer.body else None
        if fault is None:
            return error_of(answer, wait, idempotent=idempotent)
        for rule in self.rules:
            if rule.holds(answer.status, fault.body()):
                return rule.error(f"{answer.call}: fault{rule.code(fault.body())}", wait)
        by_status = error_of(answer, wait, idempotent=idempotent)
        if isinstance(by_status, UnauthorizedError):
            return by_status
        error = fault.error(answer.call)
        if isinstance(error, TransientError) and not idempotent:
            return UncertainError(f"{error}; it may have been done all the same")
        return error
