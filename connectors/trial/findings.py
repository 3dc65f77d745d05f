"""What a trial finds: one line for each rule, with the mend where it does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from connectors.contract import Connector
from connectors.errors import MisconfiguredError
from connectors.notices import listening
from connectors.secrets import Secret


class Verdict(StrEnum):
    """Whether a rule holds; a warning is about what may be so, and may be meant so."""

    OK = "ok"
    FAIL = "fail"
    WARN = "warn"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule: whether it holds, what was seen, and what to do. Holds no customer's value."""

    rule: str
    verdict: Verdict
    seen: str
    mend: str = ""


_WARNINGS = {
    "rest.filter_ignored": (
        "the system gave rows from before the position that it was asked to leave out",
        "check the parameters of `cursor`: unknown ones are often ignored in silence",
    ),
    "rest.total_differs": (
        "the system says another number of rows than it gave",
        "nothing, where rows come and go; else look whether a page is missing",
    ),
    "rest.partial_answer": (
        "an answer held errors beside its rows",
        "ask for fewer fields, or for those that the user has the right to",
    ),
    "http.refresh_token_rotated": (
        "the token server gave a new refresh token, which nobody keeps",
        "set auth.kept_in",
    ),
}
MORE = "rest.more_pages"
"""An answer speaks of pages after it, and its list has no paging."""


@contextmanager
def watched(rule: str, findings: list[Finding]) -> Iterator[None]:
    """Collect what the connector notices while the block runs, as findings of a rule."""
    with listening() as heard:
        yield
    for said in dict.fromkeys(each.fields["says"] for each in heard if each.event == MORE):
        write = next(each.fields["write"] for each in heard if each.fields.get("says") == said)
        seen = f"the answer says at {said} that there is more, and no pagination is declared"
        findings.append(Finding("paging", Verdict.WARN, seen, f"write {write}"))
    for event in dict.fromkeys(each.event for each in heard if each.event != MORE):
        seen, mend = _WARNINGS.get(event, (event, ""))
        findings.append(Finding(rule, Verdict.FAIL, seen, mend))


def hides_secrets(connector: Connector, findings: list[Finding]) -> Finding:
    """Look for the connector's own secrets in all that was said."""
    said = " ".join([repr(connector), *(f"{each.seen} {each.mend}" for each in findings)])
    secrets = list(_secrets(connector))
    shown = [secret.reference for secret in secrets if (text := _revealed(secret)) and text in said]
    if shown:
        return Finding("secrets", Verdict.FAIL, f"shown: {', '.join(shown)}", "report this bug")
    return Finding("secrets", Verdict.OK, f"{len(secrets)} used, none shown")


def _revealed(secret: Secret) -> str:
    try:
        return secret.reveal()
    except MisconfiguredError:
        return ""


def _secrets(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, dict):
        for each in value.values():
            yield from _secrets(each)
