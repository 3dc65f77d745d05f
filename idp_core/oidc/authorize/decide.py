"""What an authorization request needs next. Pure: from what is known to one decision."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from idp_core.login.levels import level_named
from idp_core.oidc.authorize.request import Request, ReturnedError


class Next(StrEnum):
    """What comes next."""

    LOGIN = "login"
    CONSENT = "consent"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the browser; `since` is when we sent it to log in for this request."""

    now: datetime
    subject: str | None = None
    auth_time: datetime | None = None
    level: int = 0
    fits: bool = True
    """Whether the session meets the policy of the client."""
    since: datetime | None = None
    hinted: str | None = None
    hint_is_bad: bool = False
    consented: frozenset[str] = frozenset()
    consented_at: datetime | None = None


def decide(request: Request, known: Known) -> Next:
    """Return the next step. Raises ReturnedError when there is none."""
    silent = "none" in request.prompt
    if known.hint_is_bad:
        raise ReturnedError("invalid_request", "the id_token_hint is not one of ours")
    if _needs_login(request, known):
        if silent or _was_asked(known):
            raise ReturnedError("login_required", "the person has to log in")
        return Next.LOGIN
    needed, essential = wanted_level(request)
    if known.level < needed or not known.fits:
        if not silent and not _was_asked(known):
            return Next.LOGIN
        if essential or not known.fits:
            raise ReturnedError("unmet_authentication_requirements", "a stronger login is needed")
    if needs_consent(request, known):
        if silent:
            raise ReturnedError("consent_required", "the person has to agree")
        return Next.CONSENT
    return Next.CODE


def wanted_level(request: Request) -> tuple[int, bool]:
    """Return the level that is wanted, and whether nothing less will do."""
    levels = [level for level in map(level_named, request.essential_acr) if level is not None]
    if request.essential_acr:
        # An essential value that we do not have at all can never be met.
        return max(request.client.level, min(levels, default=99)), True
    wished = [level for level in map(level_named, request.acr_values) if level is not None]
    strongest = max(request.client.level, min(wished, default=1))
    return strongest, request.client.level == strongest > 1


def needs_consent(request: Request, known: Known) -> bool:
    """Whether the person has to be asked."""
    if "consent" in request.prompt:
        fresh = known.since is not None and known.consented_at is not None
        return not (fresh and known.consented_at >= known.since)  # type: ignore[operator]
    return not request.client.first_party and not _covers(request.agreed, known.consented)


def _covers(scope: Collection[str], consented: frozenset[str]) -> bool:
    return set(scope) <= consented


def _needs_login(request: Request, known: Known) -> bool:
    if known.subject is None or known.auth_time is None:
        return True
    if known.hinted is not None and known.hinted != known.subject:
        return True
    again = {"login", "select_account"} & request.prompt
    if again or request.max_age == 0:
        return known.since is None or known.auth_time < known.since
    if request.max_age is None:
        return False
    return known.now - known.auth_time > timedelta(seconds=request.max_age)


def _was_asked(known: Known) -> bool:
    """Whether the person has logged in for this very request: asking again would go on for ever."""
    return (
        known.since is not None and known.auth_time is not None and (known.auth_time >= known.since)
    )
