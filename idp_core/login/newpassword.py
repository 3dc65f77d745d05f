"""A new password: held to the policy, hashed, put in its place."""

from __future__ import annotations

from collections.abc import Iterable

from idp_core.http.ask import Ask
from idp_core.passwords.policy import Refusal
from idp_core.site.site import Site


def refusal(ask: Ask, site: Site, about: Iterable[str]) -> Refusal | None:
    """Return why the form's password is not taken."""
    words = [each for each in (site.config.name, *about) if each]
    return site.passwords.refusal(ask.form.get("password") or "", words)
