"""The rules that every request and every answer is under, whatever the route. Pure.

The mandatory checks stand here once, not in the handlers: host, size, method, content type, proof
that a form is ours, and the headers of the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from idp_core.http.answer import Answer, HttpError
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.vault.tokens import keyed, same

LARGEST = 64 * 1024
"""The largest body that is read, in bytes."""
LONGEST_QUERY = 16 * 1024
_DECIDING = (
    "host", "authorization", "content-type", "content-length", "origin", "sec-fetch-site", "dpop",
    "x-forwarded-for",
)  # fmt: skip
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate has to know of an installation."""

    origin: str
    """The scheme and host of the issuer, such as ``https://login.example.com``."""
    hosts: frozenset[str]
    """What the Host header may say, in small letters."""
    form_key: bytes = field(repr=False)

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by HTTPS; plain HTTP is for this machine alone."""
        return self.origin.startswith("https:")

    @property
    def form_cookie(self) -> str:
        """The cookie that a form's proof belongs to."""
        return cookie_name("form", secure=self.secure)


def cookie_name(name: str, *, secure: bool) -> str:
    """Return the name of a cookie of ours; ``__Host-`` binds it to this host, HTTPS and ``/``."""
    return f"__Host-isthmus-{name}" if secure else f"isthmus-{name}"


def check_host(gate: Gate, headers: Mapping[str, str]) -> None:
    """Raise HttpError unless the Host header is one of ours: links and cookies come from it."""
    if headers.get("host", "").casefold() not in gate.hosts:
        raise HttpError(421, "invalid_request", "this host is not served here")


def check_once(names: Iterable[str]) -> None:
    """Raise HttpError when a header that decides something was sent twice."""
    counted = Counter(names)
    twice = next((name for name in _DECIDING if counted[name] > 1), None)
    if twice is not None:
        raise HttpError(400, "invalid_request", f"the header {twice} was sent twice")


def check_body(kind: Kind, method: str, headers: Mapping[str, str]) -> None:
    """Raise HttpError for a body that is no form; or no JSON, where that is spoken."""
    said = headers.get("content-type", "").partition(";")[0].strip().casefold()
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if kind is Kind.JSON:
        if has_body and said != JSON:
            raise HttpError(415, "invalid_request", f"send {JSON}")
        return
    if method != "POST":
        return
    if said != FORM and (has_body or kind is not Kind.API):
        raise HttpError(415, "invalid_request", f"send {FORM}")


def check_form(gate: Gate, ask: Ask) -> None:
    """Raise HttpError unless a POST to a page comes from a form that we gave to this browser."""
    origin = ask.headers.get("origin")
    site = ask.headers.get("sec-fetch-site")
    foreign = (origin is not None and origin != gate.origin) or site in ("cross-site", "same-site")
    cookie = ask.cookies.get(gate.form_cookie)
    sent = ask.form.get("csrf")
    proven = cookie and sent and same(sent, form_proof(gate, cookie))
    if foreign or not proven:
        raise HttpError(403, "form_expired", "this form was not sent from our own page")


def form_proof(gate: Gate, cookie: str) -> str:
    """Return what the hidden field ``csrf`` says for a browser with this form cookie."""
    return keyed(gate.form_key, "form", cookie)


def dressed(gate: Gate, kind: Kind, answer: Answer, *, cors: bool = False) -> list[tuple[str, str]]:
    """Return the headers an answer goes out with."""
    given = {name for name, _ in answer.headers}
    headers = [
        ("content-type", answer.kind),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        *answer.headers,
    ]
    if gate.secure:
        headers.append(("strict-transport-security", "max-age=63072000"))
    if "cache-control" not in given:
        headers.append(("cache-control", "no-store"))
    if kind is Kind.PUBLIC or cors:
        headers += [
            ("access-control-allow-origin", "*"),
            ("cross-origin-resource-policy", "cross-origin"),
        ]
    else:
        headers.append(("cross-origin-resource-policy", "same-origin"))
    if kind in (Kind.PAGE, Kind.BROWSER):
        headers += [
            ("cross-origin-opener-policy", "same-origin"),
            ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
            ("x-frame-options", "DENY"),
        ]
    headers.append(("content-security-policy", _policy(kind, answer)))
    return headers


def _policy(kind: Kind, answer: Answer) -> str:
    if kind not in (Kind.PAGE, Kind.BROWSER):
        return "default-src 'none'; frame-ancestors 'none'"
    # After a form the browser may be redirected to the client, and this directive covers that, too.
    forms = " ".join(("'self'", *answer.form_to))
    return (
        "default-src 'none'; base-uri 'none'; connect-src 'self'; font-src 'self'; "
        f"form-action {forms}; frame-ancestors 'none'; img-src 'self' data:; script-src 'self'; "
        "style-src 'self'"
    )
