"""Steps for countries, languages, locales and postal codes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from mappings.functions.characters import upper
from mappings.steps.countries import alpha_2_codes, country_code, language_code, locale_tag
from mappings.steps.spec import Accepts, Argument, Arguments, StepSpec, Udf
from mappings.steps.text import squeeze
from mappings.values import quote, strip

_FORMS = {
    "GB": (r"^([A-Z]{1,2}[0-9][A-Z0-9]?) ?([0-9][A-Z]{2})$", r"\1 \2"),
    "CA": (r"^([A-Z][0-9][A-Z])[ -]?([0-9][A-Z][0-9])$", r"\1 \2"),
    "NL": (r"^([0-9]{4}) ?([A-Z]{2})$", r"\1 \2"),
    "SE": (r"^(?:SE-)?([0-9]{3}) ?([0-9]{2})$", r"\1 \2"),
    "CZ": (r"^(?:CZ-)?([0-9]{3}) ?([0-9]{2})$", r"\1 \2"),
    "SK": (r"^(?:SK-)?([0-9]{3}) ?([0-9]{2})$", r"\1 \2"),
    "GR": (r"^(?:GR-)?([0-9]{3}) ?([0-9]{2})$", r"\1 \2"),
    "PL": (r"^([0-9]{2})[ -]?([0-9]{3})$", r"\1-\2"),
    "PT": (r"^([0-9]{4})[ -]?([0-9]{3})$", r"\1-\2"),
    "BR": (r"^([0-9]{5})[ -]?([0-9]{3})$", r"\1-\2"),
    "JP": (r"^([0-9]{3})[ -]?([0-9]{4})$", r"\1-\2"),
    "US": (r"^([0-9]{5})[ -]?([0-9]{4})$", r"\1-\2"),
    "DE": (r"^(?:DE?-)?([0-9]{5})$", r"\1"),
    "FR": (r"^(?:FR?-)?([0-9]{5})$", r"\1"),
    "AT": (r"^(?:AT?-)?([0-9]{4})$", r"\1"),
    "CH": (r"^(?:CH-)?([0-9]{4})$", r"\1"),
    "BE": (r"^(?:BE?-)?([0-9]{4})$", r"\1"),
}
_COMPILED = {code: (re.compile(p.replace("$", r"\Z")), new) for code, (p, new) in _FORMS.items()}
_FIVE = ("DE", "FR", "ES", "IT", "US")  # four digits: a spreadsheet took the leading zero
_FOUR_DIGITS = re.compile(r"[0-9]{4}")


def tidy_postal_code(text: str, country: str | None) -> str | None:
    """Write a postal code as its country does; an unknown form is only trimmed and in capitals."""
    code = upper(squeeze(text))
    home = (country_code(country) if country else None) or ""
    if home in _FIVE and _FOUR_DIGITS.fullmatch(code):
        return f"0{code}"
    pattern, new = _COMPILED.get(home, (None, ""))
    return (pattern.sub(new, code) if pattern else code) or None


def _postal_sql(value: str, arguments: Arguments) -> str:
    return f"CASE WHEN {value} IS NOT NULL THEN {_POSTAL.name}({value}, {arguments['country']}) END"


def _asked(udf: Udf) -> Callable[[str, Arguments], str]:
    return lambda value, _: f"{udf.name}({value})"


@cache
def _codes_pattern() -> str:
    """A pattern of all alpha-2 codes, by their first letters."""
    seconds: dict[str, str] = {}
    for code in sorted(alpha_2_codes()):
        seconds[code[0]] = seconds.get(code[0], "") + code[1]
    return "|".join(f"{first}[{letters}]" for first, letters in seconds.items())


def _country_sql(value: str, _: Arguments) -> str:
    return (
        f"CASE WHEN regexp_full_match({value}, {quote(_codes_pattern())}) THEN {value}"
        f" WHEN {value} IS NOT NULL THEN {_COUNTRY.name}({value}) END"
    )


def _country(text: str) -> str | None:
    code = strip(text)
    return code if len(code) == 2 and code in alpha_2_codes() else country_code(text)


def _none_safe(call: Callable[[str], str | None]) -> Callable[[str | None], str | None]:
    return lambda text: None if text is None else call(text)


_COUNTRY = Udf("isthmus_country", _none_safe(country_code), 1)
_LANGUAGE = Udf("isthmus_language", _none_safe(language_code), 1)
_LOCALE = Udf("isthmus_locale", _none_safe(locale_tag), 1)
_POSTAL = Udf(
    "isthmus_postal_code",
    lambda text, country: None if text is None else tidy_postal_code(text, country),
    2,
)

STEPS = (
    StepSpec(
        "country",
        "The ISO 3166-1 alpha-2 code of a country given by code or name.",
        sql=_country_sql,
        python=lambda _: _country,
        reason="not a country",
        trims=True,
        udfs=(_COUNTRY,),
    ),
    StepSpec(
        "language",
        "The ISO 639-1 code of a language given by code, name or locale.",
        sql=_asked(_LANGUAGE),
        python=lambda _: language_code,
        reason="not a language",
        trims=True,
        udfs=(_LANGUAGE,),
    ),
    StepSpec(
        "locale",
        "The BCP 47 tag of a locale: de_CH.UTF-8 becomes de-CH.",
        sql=_asked(_LOCALE),
        python=lambda _: locale_tag,
        reason="not a locale",
        trims=True,
        udfs=(_LOCALE,),
    ),
    StepSpec(
        "postal_code",
        "A postal code as its country writes it; never refused.",
        sql=_postal_sql,
        python=lambda _: tidy_postal_code,
        arguments={
            "country": Argument(
                Accepts.EXPRESSION, "A country, as ISO code or name, or a column with one."
            )
        },
        udfs=(_POSTAL,),
    ),
)
