"""Records of invented people, with as little writing as possible."""

from __future__ import annotations

from typing import Any

from idp_core.profiles.model import SourceProfile, SourceRef


def person(key: str, source: str = "shop", **said: Any) -> SourceProfile:
    """Return a record; `email`, `phone` and `street` are short for their first elements."""
    for short, many in (("email", "emails"), ("phone", "phones")):
        if short in said:
            said[many] = [{"value": said.pop(short), "verified": said.pop(f"{short}_ok", False)}]
    if "street" in said:
        said["addresses"] = [{"street_address": said.pop("street"), "postal_code": "8001"}]
    return SourceProfile(SourceRef(source, key), said, "shop@1", "")
