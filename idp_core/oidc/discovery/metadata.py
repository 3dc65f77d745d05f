"""The provider's metadata, put together of what each slice says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from idp_core.site.site import Site

Describes = Callable[[Site], Mapping[str, Any]]
"""A slice's part of the metadata. Lists of the same name are joined."""


def describe(site: Site) -> Mapping[str, Any]:
    """Return what stands in it whatever slices there are."""
    return {
        "issuer": site.config.issuer,
        "jwks_uri": site.url("/jwks"),
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
    }


def together(site: Site, parts: Sequence[Describes]) -> dict[str, Any]:
    """Return the metadata of all parts."""
    document: dict[str, Any] = {}
    for part in parts:
        for name, value in part(site).items():
            there = document.get(name)
            if isinstance(there, list):
                document[name] = [*there, *(each for each in value if each not in there)]
            else:
                document[name] = value
    return document
