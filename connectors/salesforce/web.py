"""Our HTTP session in the place where simple-salesforce takes one of requests.

So its calls have our time-outs, repetitions, limits, certificates and proxies; and our credentials:
the token it would send is never given to it.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict

from connectors.errors import MisconfiguredError, ThrottledError
from connectors.http import Answer, HttpSession
from connectors.salesforce.codes import LimitReachedError

Watch = Callable[[Answer], None]
_OURS = frozenset({"authorization", "x-prettyprint"})


def simple_salesforce() -> ModuleType:
    """The library, imported when it is first needed: it takes most of a second."""
    try:
        return importlib.import_module("simple_salesforce")
    except ModuleNotFoundError:
        raise MisconfiguredError(
            "salesforce: needs the extra 'salesforce'; pip install 'isthmus[salesforce]'"
        ) from None


class WebSession(requests.Session):
    """What simple-salesforce calls; errors are raised as ours, so it sees answers of success only.

    `before` may refuse a call before it is made, `after` sees each answer.
    """

    def __init__(
        self,
        http: HttpSession,
        *,
        before: Callable[[], None] = lambda: None,
        after: Watch = lambda _: None,
    ) -> None:
        super().__init__()
        self._http = http
        self._before = before
        self._after = after

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        *,
        about_one: bool = False,
        **_: Any,
    ) -> requests.Response:
        """Make the call at our own host, whatever host the address names.

        One that is `about_one` writes one record: what was said stays with its refusal.
        """
        self._before()
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        kept = {k: v for k, v in (headers or {}).items() if k.lower() not in _OURS}
        try:
            answer = self._http.request(
                method,
                path,
                params={k: str(v) for k, v in (params or {}).items()},
                json=json,
                data=data.encode() if isinstance(data, str) else data,
                headers=kept,
                idempotent=_repeatable(method, parts.path),
                about_one=about_one,
            )
        except LimitReachedError as error:
            raise ThrottledError(str(error)) from None
        self._after(answer)
        return _response(answer)


def _repeatable(method: str, path: str) -> bool | None:
    """Whether a call may be made twice where the method alone does not tell.

    A bulk job that was made and not closed does nothing; data is taken once per job.
    """
    if method == "POST" and path.rstrip("/").endswith(("/jobs/query", "/jobs/ingest")):
        return True
    return False if method == "PUT" else None


class _Response(requests.Response):
    """An answer as requests has it; what is no JSON is told in our words."""

    answer: Answer

    def json(self, **options: Any) -> Any:
        """The body; MisconfiguredError or TransientError when it is something else."""
        try:
            return super().json(**options)
        except ValueError:
            return self.answer.json()


def _response(answer: Answer) -> requests.Response:
    response = _Response()
    response.answer = answer
    response.status_code = answer.status
    response.url = answer.url
    response.headers = CaseInsensitiveDict(answer.headers)
    response.raw = io.BytesIO(answer.body)
    response.encoding = "utf-8"
    return response
