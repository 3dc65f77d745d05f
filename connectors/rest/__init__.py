"""JSON over HTTP as a source: any paged API, by configuration."""

from connectors.rest.connector import Rest
from connectors.rest.options import (
    CursorPages,
    LinkHeader,
    NextUrl,
    NumberedPages,
    OffsetPages,
    OnePage,
    RestObject,
)

__all__ = [
    "CursorPages",
    "LinkHeader",
    "NextUrl",
    "NumberedPages",
    "OffsetPages",
    "OnePage",
    "Rest",
    "RestObject",
]
