"""HTTP as connectors see it: one session, shared settings, answers mapped to our errors."""

from connectors.http.answers import Answer, Meaning, error_of
from connectors.http.options import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    CleanUrl,
    HttpOptions,
    NoAuth,
    OAuthAuth,
)
from connectors.http.request import Request, segment
from connectors.http.session import HttpSession

__all__ = [
    "Answer",
    "ApiKeyAuth",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "CleanUrl",
    "HttpOptions",
    "HttpSession",
    "Meaning",
    "NoAuth",
    "OAuthAuth",
    "Request",
    "error_of",
    "segment",
]
