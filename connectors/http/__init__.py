"""HTTP as connectors see it: one session, shared settings, answers mapped to our errors."""

from connectors.http.answers import Answer
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
from connectors.http.session import HttpSession, segment

__all__ = [
    "Answer",
    "ApiKeyAuth",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "CleanUrl",
    "HttpOptions",
    "HttpSession",
    "NoAuth",
    "OAuthAuth",
    "segment",
]
