"""HTTP as connectors see it: one session, shared settings, answers mapped to our errors."""

from connectors.http.answers import Answer, Meaning, error_of
from connectors.http.auths import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    JwtAuth,
    NoAuth,
    OAuthAuth,
    RefreshAuth,
)
from connectors.http.options import Budget, CleanUrl, HttpOptions
from connectors.http.request import Request, segment
from connectors.http.session import HttpSession

__all__ = [
    "Answer",
    "ApiKeyAuth",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "Budget",
    "CleanUrl",
    "HttpOptions",
    "HttpSession",
    "JwtAuth",
    "Meaning",
    "NoAuth",
    "OAuthAuth",
    "RefreshAuth",
    "Request",
    "error_of",
    "segment",
]
