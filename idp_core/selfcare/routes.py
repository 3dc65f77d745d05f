"""The rooms of the account pages. A new room adds its line here."""

from __future__ import annotations

from idp_core.selfcare import (
    address,
    home,
    leaving,
    passkeys,
    password,
    profile,
    questions,
    security,
    sms,
)
from idp_core.site.routes import Route

ROUTES: tuple[Route, ...] = (
    *home.ROUTES,
    *profile.ROUTES,
    *address.ROUTES,
    *password.ROUTES,
    *security.ROUTES,
    *passkeys.ROUTES,
    *sms.ROUTES,
    *questions.ROUTES,
    *leaving.ROUTES,
)
