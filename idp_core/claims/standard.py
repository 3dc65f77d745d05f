"""The claims of OpenID Connect and the scopes that stand for them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

SCOPES: Mapping[str, tuple[str, ...]] = {
    "profile": (
        "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username",
        "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    ),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "address": ("address",),
}  # fmt: skip
"""OpenID Connect Core section 5.4."""
SCOPE_OF: Mapping[str, str] = {name: scope for scope, names in SCOPES.items() for name in names}
"""The scope that stands for each claim of the standard."""
_SAME = {
    "given_name": "given_name", "family_name": "family_name", "middle_name": "middle_name",
    "nickname": "nickname", "gender": "gender", "birth_date": "birthdate", "language": "locale",
    "timezone": "zoneinfo", "display_name": "name", "username": "preferred_username",
}  # fmt: skip


def standard_claims(email: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return every claim that canonical attributes tell, the login's own verified address first."""
    found: dict[str, Any] = {"email": email, "email_verified": True}
    for attribute, claim in _SAME.items():
        value = said.get(attribute)
        if value is not None:
            found[claim] = value.isoformat() if isinstance(value, date) else value
    names = [said.get("given_name"), said.get("family_name")]
    if "name" not in found and any(names):
        found["name"] = " ".join(filter(None, names))
    phone = _primary(said.get("phones"))
    if phone and phone.get("value"):
        found["phone_number"] = phone["value"]
        found["phone_number_verified"] = bool(phone.get("verified"))
    address = _primary(said.get("addresses"))
    if address:
        kept = ("formatted", "street_address", "locality", "region", "postal_code", "country")
        found["address"] = {name: address[name] for name in kept if address.get(name)}
    return found


def _primary(elements: Any) -> Mapping[str, Any] | None:
    found = [each for each in elements or () if isinstance(each, Mapping)]
    return next((each for each in found if each.get("primary")), found[0] if found else None)
