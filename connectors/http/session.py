"""The one HTTP session that every connector shares: patient, bounded, discreet."""

from __future__ import annotations

import json as jsonlib
import random
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote_plus, urlsplit

import requests
import structlog
from urllib3.exceptions import HTTPError

from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)
from connectors.exchange import Exchange, kept, secrets
from connectors.http import redirects
from connectors.http.answers import Answer, Meaning, call_name, error_of
from connectors.http.auth import Credentials
from connectors.http.auths import Auth, NoAuth
from connectors.http.budget import Allowance
from connectors.http.limit import TokenBucket
from connectors.http.options import HttpOptions
from connectors.http.request import Params, Request
from connectors.http.retry import IDEMPOTENT, back_off, retry_after
from connectors.http.transport import configure
from connectors.http.wire import translated

log = structlog.get_logger(__name__)

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    url: str = field(repr=False)
    params: Params | None = field(repr=False)
    body: bytes | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    idempotent: bool
    meaning: Meaning = field(repr=False)
    deadline: float
    about_one: bool

    @property
    def name(self) -> str:
        return call_name(self.method, self.url)


class HttpSession:
    """Calls one remote system. Use it as a context manager; it may be shared between threads.

    `url` is the address that paths are relative to. `auth` may be credentials that are shared with
    other sessions. `meaning` reads errors from answers where a system says more in their bodies
    than in their status. `clock`, `sleep` and `random` are for tests.
    """

    def __init__(
        self,
        url: object,
        auth: Auth | Credentials | None = None,
        options: HttpOptions | None = None,
        *,
        meaning: Meaning = error_of,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._base = str(url)
        self._options = options or HttpOptions()
        self._clock, self._sleep, self._random = clock, sleep, random
        self._meaning = meaning
        self._credentials = (
            auth if isinstance(auth, Credentials) else Credentials(auth or NoAuth(), self._options)
        )
        rate = self._options.per_second
        self._bucket = (
            TokenBucket(rate, self._options.burst, clock=clock, sleep=sleep) if rate else None
        )
        self._allowance = Allowance(self._options.budget, clock, sleep)
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers["User-Agent"] = "isthmus"
        configure(self._session, self._options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def request(  # noqa: PLR0913 (the parts of a request)
        self,
        method: str,
        path: str = "",
        *,
        params: Params | None = None,
        json: Any = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        allow: Collection[int] = (),
        idempotent: bool | None = None,
        about_one: bool = False,
    ) -> Answer:
        """Call `path` (relative to our url, or an address on the same host) and return a success.

        Repeats what may be repeated: a call that was not sent, one that was turned away for now
        (429), and any failure of an idempotent method. `idempotent` overrides what the method
        says. `data` is a body that is no JSON; its ``Content-Type`` goes into `headers`. A status
        in `allow` is returned instead of raised; `about_one` is that of `Request`. Ids in a path
        must have gone through `segment`. Raises a ConnectorError that names method and path only.
        """
        body = data if json is None else jsonlib.dumps(json, ensure_ascii=False).encode()
        meaning, said = self._allowing(allow), headers or {}
        return self.send(Request(method, path, params, body, said, idempotent, meaning, about_one))

    def send(self, request: Request) -> Answer:
        """Make a call as `request` says, and return the answer that means a success."""
        method = request.method.upper()
        self._allowance.wait(self._options.total_seconds)
        call = _Call(
            method,
            self.address(request.path),
            request.params,
            request.body,
            _default_headers(request.body) | dict(request.headers),
            method in IDEMPOTENT if request.idempotent is None else request.idempotent,
            request.meaning or self._meaning,
            self._clock() + self._options.total_seconds,
            request.about_one,
        )
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._authorized(call)
            except UncertainError:
                raise
            except TransientError as error:
                self._wait_or_give_up(call, attempt, error)

    def pause(self, seconds: float) -> None:
        """Let the next call wait for this long: its system said that it would be too early."""
        self._allowance.pause(seconds)

    def _allowing(self, allow: Collection[int]) -> Meaning:
        def meaning(
            answer: Answer, wait: float | None, *, idempotent: bool
        ) -> ConnectorError | None:
            if answer.status in allow:
                return None
            return self._meaning(answer, wait, idempotent=idempotent)

        return meaning

    def get(self, path: str = "", **options: Any) -> Answer:
        """`request` with GET."""
        return self.request("GET", path, **options)

    def post(self, path: str = "", **options: Any) -> Answer:
        """`request` with POST."""
        return self.request("POST", path, **options)

    def put(self, path: str = "", **options: Any) -> Answer:
        """`request` with PUT."""
        return self.request("PUT", path, **options)

    def patch(self, path: str = "", **options: Any) -> Answer:
        """`request` with PATCH."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str = "", **options: Any) -> Answer:
        """`request` with DELETE."""
        return self.request("DELETE", path, **options)

    def address(self, path: str) -> str:
        """The full address of a path; MisconfiguredError when it leaves our host."""
        if not path:
            return self._base
        if "://" not in path.partition("?")[0]:
            return f"{self._base.rstrip('/')}/{path.lstrip('/')}"
        if redirects.origin(path) != redirects.origin(self._base):
            raise MisconfiguredError(
                f"{call_name('GET', path)}: leads to another host ({urlsplit(path).hostname}); "
                "credentials are not sent there, check url"
            )
        return path

    def bare(self, url: str) -> str:
        """Return an address without what our credentials add to its query."""
        ours, (path, _, query) = self._credentials.params(), url.partition("?")
        kept = [pair for pair in query.split("&") if unquote_plus(pair.split("=")[0]) not in ours]
        return f"{path}?{'&'.join(kept)}" if ours and query else url

    def _wait_or_give_up(self, call: _Call, attempt: int, error: TransientError) -> None:
        wait = back_off(attempt, self._options, self._random)
        if isinstance(error, ThrottledError) and error.retry_after is not None:
            wait = error.retry_after
        if attempt >= self._options.attempts or self._clock() + wait > call.deadline:
            raise error
        log.info(
            "http.again",
            call=call.name,
            attempt=attempt,
            wait=round(wait, 3),
            error=type(error).__name__,
        )
        self._sleep(wait)

    def _authorized(self, call: _Call) -> Answer:
        """One attempt; when the credentials are refused, once more with fresh ones."""
        headers = self._credentials.headers()
        answer = self._redirected(call, headers)
        error = self._judged(call, answer)
        # A status of 403 says that we are known and lack a right: new credentials change nothing.
        refused = isinstance(error, UnauthorizedError) and answer.status != 403
        if refused and self._credentials.renew(headers):
            headers = self._credentials.headers()
            answer = self._redirected(call, headers)
            error = self._judged(call, answer)
        if error is not None:
            raise error.after(self._exchange(call, answer, headers)) if call.about_one else error
        return answer

    def proofs(self) -> list[str]:
        """Return what proves who we are: an answer may repeat it, and nothing of it is kept."""
        return [*secrets(self._credentials.headers(), self._credentials.params())]

    def _exchange(self, call: _Call, answer: Answer, proof: Mapping[str, str]) -> Exchange:
        hidden = [*secrets({**call.headers, **proof}, self._credentials.params())]
        path = urlsplit(call.url).path or "/"
        body = kept(answer.body, hidden)
        return Exchange(call.method, path, answer.status, sent=kept(call.body), answered=body)

    def _judged(self, call: _Call, answer: Answer) -> ConnectorError | None:
        wait = retry_after(answer.headers.get("Retry-After"), datetime.now(UTC))
        if wait is None and answer.status == 429:
            wait = self._allowance.reset_in(answer.headers)
        return call.meaning(answer, wait, idempotent=call.idempotent)

    def _redirected(self, call: _Call, credentials: Mapping[str, str]) -> Answer:
        """Follow redirects of reading calls; another host gets no header of ours."""
        headers, known = {**call.headers, **credentials}, True
        answer = self._send_ours(call, call.url, call.params, headers)
        for _ in range(redirects.MOST):
            url = redirects.led_to(answer, call.method)
            if url is None:
                return answer
            ours = redirects.origin(url) == redirects.origin(call.url)
            if ours and known:
                answer = self._send_ours(call, url, None, headers)
                continue
            if not ours:
                certificate = bool(self._options.client_certificate)
                redirects.require_safe(call.name, call.url, url, certificate=certificate)
            known = False  # not even if it leads back to us
            answer = self._send(call, url, None, _default_headers(None))
        raise MisconfiguredError(f"{call.name}: redirects without end, check url")

    def _send_ours(
        self, call: _Call, url: str, params: Params | None, headers: Mapping[str, str]
    ) -> Answer:
        """Send to our own host: with a key in the query and a signature, where they are wanted."""
        prepared = requests.PreparedRequest()
        try:
            prepared.prepare_url(url, {**(params or {}), **self._credentials.params()})
        except requests.RequestException as error:
            raise translated(error, call.name, url, idempotent=call.idempotent) from None
        address = prepared.url or url
        kind = headers.get("Content-Type", "")
        signed = self._credentials.signed(call.method, address, call.body, kind)
        answer = self._send(call, address, None, {**headers, **signed})
        self._allowance.note(answer.headers)
        return answer

    def _send(
        self, call: _Call, url: str, params: Params | None, headers: Mapping[str, str]
    ) -> Answer:
        if self._bucket:
            self._bucket.take()
        left = max(0.001, call.deadline - self._clock())
        timeout = (
            min(self._options.connect_timeout, left),
            min(self._options.read_timeout, left),
        )
        try:
            with self._session.request(
                call.method,
                url,
                params=params,
                data=call.body,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = self._body(call, response)
                return Answer(
                    call.method, response.url, response.status_code, response.headers, body
                )
        except (requests.RequestException, HTTPError) as error:
            raise translated(error, call.name, url, idempotent=call.idempotent) from None

    def _body(self, call: _Call, response: requests.Response) -> bytes:
        limit = int(self._options.max_answer_mb * 1_000_000)
        body = bytearray()
        # read1 returns what has come: a body that drips is seen to take too long.
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > limit:
                raise self._too_large(call)
            if self._clock() > call.deadline:
                raise requests.ReadTimeout
        return bytes(body)

    def _too_large(self, call: _Call) -> ConnectorError:
        return MisconfiguredError(
            f"{call.name}: the answer is larger than {self._options.max_answer_mb:g} MB; "
            "ask for smaller pages or raise http.max_answer_mb"
        )


def _default_headers(body: bytes | None) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    return headers
