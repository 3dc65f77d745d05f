"""How sure a login is: levels, from the factors that were proven. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from idp_core.login.model import Factor, Nature

ACRS = ("urn:isthmus:acr:none", "urn:isthmus:acr:1", "urn:isthmus:acr:2", "urn:isthmus:acr:3")
"""The `acr` of each level: nothing proven, one factor, two natures, two that withstand phishing."""


def level_of(factors: Iterable[Factor]) -> int:
    """Return the level that these factors reach together."""
    proven = list(factors)
    natures = {factor.nature for factor in proven}
    if not proven:
        return 0
    if Nature.BOTH in natures and any(f.strong for f in proven):
        return 3
    return 2 if len(natures) > 1 or Nature.BOTH in natures else 1


def amr_of(factors: Iterable[Factor]) -> tuple[str, ...]:
    """Return the `amr` of these factors, with ``mfa`` where they are of more than one nature."""
    proven = list(factors)
    words = dict.fromkeys(word for factor in proven for word in factor.amr)
    if level_of(proven) > 1:
        words["mfa"] = None
    return tuple(words)


def level_named(acr: str | None) -> int | None:
    """Return the level of an `acr`; None when it is none of ours."""
    return ACRS.index(acr) if acr in ACRS[1:] else None
