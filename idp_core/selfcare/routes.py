"""The rooms of the account pages. A new room adds its line here."""

from __future__ import annotations

from idp_core.selfcare import home, password, security
from idp_core.site.routes import Route

ROUTES: tuple[Route, ...] = (*home.ROUTES, *password.ROUTES, *security.ROUTES)
