"""Countries, languages and locales by their ISO names: what the steps and phone regions look up."""

from __future__ import annotations

import re
from functools import cache, lru_cache

import pycountry

from mappings.functions.characters import lower, strip_accents
from mappings.values import strip

_OWN_NAMES = {
    "UK": "GB", "England": "GB", "Scotland": "GB", "Wales": "GB", "Northern Ireland": "GB",
    "Great Britain": "GB", "Britain": "GB", "America": "US", "United States of America": "US",
    "U.S.": "US", "Deutschland": "DE", "Allemagne": "DE", "BRD": "DE", "Österreich": "AT",
    "Autriche": "AT", "Schweiz": "CH", "Suisse": "CH", "Svizzera": "CH", "España": "ES",
    "Espagne": "ES", "Spanien": "ES", "Italia": "IT", "Italie": "IT", "Italien": "IT",
    "Belgique": "BE", "België": "BE", "Belgien": "BE", "Nederland": "NL", "Holland": "NL",
    "The Netherlands": "NL", "Pays-Bas": "NL", "Niederlande": "NL", "Danmark": "DK",
    "Sverige": "SE", "Norge": "NO", "Suomi": "FI", "Polska": "PL", "Pologne": "PL",
    "Polen": "PL", "Česko": "CZ", "Czech Republic": "CZ", "Frankreich": "FR", "Brasil": "BR",
    "México": "MX", "Magyarország": "HU", "România": "RO", "Ελλάδα": "GR", "Россия": "RU",
    "Russia": "RU", "Türkiye": "TR", "Turkey": "TR", "South Korea": "KR", "North Korea": "KP",
    "Iran": "IR", "Syria": "SY", "Vatican": "VA", "Ivory Coast": "CI", "Kosovo": "XK",
    "日本": "JP", "中国": "CN", "대한민국": "KR",
}  # fmt: skip

_OWN_LANGUAGES = {
    "Deutsch": "de", "Français": "fr", "Español": "es", "Castellano": "es", "Italiano": "it",
    "Nederlands": "nl", "Flemish": "nl", "Português": "pt", "Polski": "pl", "Svenska": "sv",
    "Dansk": "da", "Norsk": "no", "Suomi": "fi", "Čeština": "cs", "Magyar": "hu", "Română": "ro",
    "Türkçe": "tr", "Русский": "ru", "日本語": "ja", "中文": "zh", "한국어": "ko", "Greek": "el",
}  # fmt: skip

_LOCALE = re.compile(
    r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?(?:[.@][A-Za-z0-9-]*)?"
)


def _key(text: str) -> str:
    """What a name is looked up by: small letters and digits only, no accents."""
    return "".join(filter(str.isalnum, lower(strip_accents(text))))


@cache
def alpha_2_codes() -> frozenset[str]:
    """Return all ISO 3166-1 alpha-2 codes."""
    return frozenset(country.alpha_2 for country in pycountry.countries)


@cache
def _countries() -> dict[str, str]:
    found: dict[str, str] = {_key(name): code for name, code in _OWN_NAMES.items()}
    for country in pycountry.countries:
        for field in ("name", "official_name", "common_name", "alpha_3", "alpha_2"):
            if hasattr(country, field):
                found[_key(getattr(country, field))] = country.alpha_2
    return found


@cache
def _languages() -> dict[str, str]:
    found: dict[str, str] = {_key(name): code for name, code in _OWN_LANGUAGES.items()}
    for language in pycountry.languages:
        code = getattr(language, "alpha_2", None)
        if code is None:
            continue
        for field in ("name", "common_name", "bibliographic", "alpha_3", "alpha_2"):
            if hasattr(language, field):
                found[_key(getattr(language, field))] = code
    return found


@lru_cache(maxsize=10_000)
def country_code(text: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code of a country given by code or name, or None."""
    text = strip(text)
    if text.isascii() and (code := text.upper()) in alpha_2_codes():
        return code  # most are; the table of names takes a seventh of a second to make
    return _countries().get(_key(text))


@lru_cache(maxsize=10_000)
def language_code(text: str) -> str | None:
    """Return the ISO 639-1 code of a language given by code, name or locale, or None."""
    known = _languages().get(_key(strip(text)))
    if known is None and (match := _LOCALE.fullmatch(strip(text))):
        return _languages().get(_key(match[1]))
    return known


@lru_cache(maxsize=10_000)
def locale_tag(text: str) -> str | None:
    """Return the BCP 47 tag (``de-CH``) of a locale however it is written, or None."""
    match = _LOCALE.fullmatch(strip(text))
    if match is None:
        return None
    language, script, region = match.groups()
    code = _languages().get(language.lower())
    if code is None:
        return None
    if region is not None and region.upper() not in alpha_2_codes() and not region.isdigit():
        return None
    tags = (code, script and script.title(), region and region.upper())
    return "-".join(tag for tag in tags if tag)
