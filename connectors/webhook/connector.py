"""The webhook target: tells another system of each change; what it does with it is its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import urlsplit

from connectors.contract import Change, Connector, Health, Outcome, Request
from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    NotFoundError,
)
from connectors.fields import did_you_mean
from connectors.http import Answer, Auth, CleanUrl, HttpOptions, HttpSession, NoAuth, error_of
from connectors.secrets import Secret
from connectors.webhook.events import CONTENT_TYPE, body_of, event_of, secret_bytes, signed

_GONE = (404, 410)


class Webhook(Connector):
    """Posts one event for each change; an answer of 2xx is the receiver's word that it has it."""

    type: ClassVar[str] = "webhook"

    url: CleanUrl
    """Where events are posted."""
    secrets: tuple[Secret, ...] = ()
    """References to the secrets that events are signed by; two while one is exchanged."""
    source: str = "isthmus"
    """The `source` of events: who sends them, such as `https://id.example.com/crm`."""
    event_type: str = "isthmus.account"
    """What the `type` of events begins with; `.created`, `.updated`, … follow."""
    objects: tuple[str, ...] = ("account",)
    """The objects that push files may name."""
    auth: Auth = NoAuth()
    """How to log in, beside the signature."""
    http: HttpOptions = HttpOptions()
    """How calls are made."""

    def check(self) -> Health:
        """See that the secrets are there; nothing is posted, so nobody answers who they are."""
        for secret in self.secrets:
            secret_bytes(secret)
        address = urlsplit(str(self.url))
        signed_by = f"{len(self.secrets)} secrets" if self.secrets else "nothing"
        return Health(f"webhook at {address.netloc}{address.path}", {"signed by": signed_by})

    def apply(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Post an event for each change, in their order.

        Events may come twice, with the same id: a lost answer is asked for by sending again.
        """
        secrets = [secret_bytes(secret) for secret in self.secrets]
        with HttpSession(self.url, self.auth, self.http, meaning=_meaning) as http:
            for change in changes:
                self._known(change)
                try:
                    self._post(http, change, secrets)
                except MisconfiguredError:
                    raise
                except ConnectorError as error:
                    yield Outcome(change, error, id=change.id)
                else:
                    yield Outcome(change, id=change.id or change.key)

    def preview(self, change: Change) -> Request:
        """Return the event that would be posted."""
        self._known(change)
        event = event_of(change, self.source, self.event_type, datetime.now(UTC))
        return Request("POST", str(self.url), event)

    def _post(self, http: HttpSession, change: Change, secrets: list[bytes]) -> None:
        now = datetime.now(UTC)
        event = event_of(change, self.source, self.event_type, now)
        body = body_of(event)
        headers = {"Content-Type": CONTENT_TYPE}
        if secrets:
            headers |= signed(event["id"], body, now, secrets)
        http.request("POST", data=body, headers=headers, idempotent=True)

    def _known(self, change: Change) -> None:
        if change.object not in self.objects:
            known = did_you_mean(change.object, self.objects)
            raise MisconfiguredError(f"webhook: no object {change.object!r}{known}")


def _meaning(answer: Answer, wait: float | None, *, idempotent: bool) -> ConnectorError | None:
    """A receiver that is not there is no matter of one change; 410 is its word to send no more."""
    error = error_of(answer, wait, idempotent=idempotent)
    if isinstance(error, NotFoundError) and answer.status in _GONE:
        return MisconfiguredError(f"{error}; nobody takes events there, check url")
    return error
