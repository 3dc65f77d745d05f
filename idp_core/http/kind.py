"""Who a route is for, and so which of the gate's rules its requests and answers are under."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """Who a route is for, and so what its requests must prove and its answers carry."""

    PAGE = "page"
    """A person's browser: strict CSP, never framed; a POST proves that our own page sent it."""
    API = "api"
    """A program that brings its own credentials; cookies mean nothing."""
    JSON = "json"
    """A program with an access token: JSON in and out, errors as RFC 9457 has them."""
    PUBLIC = "public"
    """The same for everybody: any origin may read it, and keep it for a while."""
    BROWSER = "browser"
    """A browser that another site sent here, by GET or POST: it proves nothing yet."""
