"""The step for phone numbers: E.164, exactly as `phonenumbers` says, most of it without asking.

A number that is plainly a valid fixed or mobile one of a common country is recognised by one
regular expression, made from the metadata of `phonenumbers` itself; DuckDB runs it, and so does
the Python form. Everything else goes to `phonenumbers`. A test holds both to its answers.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

import phonenumbers
from phonenumbers import PhoneMetadata

from mappings.steps.countries import country_code
from mappings.steps.spec import Accepts, Argument, Arguments, StepSpec, Udf
from mappings.values import quote

REGIONS = (
    "AT BE CA CH CZ DE DK ES FR GB IE NL NO PL PT SE US".split()
)  # fmt: skip
"""The countries with a fast path."""

_PUNCTUATION = " ()-./"
_DROP = {ord(c): None for c in _PUNCTUATION}
_LONGEST = 60  # the fast path leaves longer texts alone


def _valid(metadata: Any) -> str:
    """A pattern of valid national numbers, fixed or mobile."""
    patterns = []
    for kind in (metadata.fixed_line, metadata.mobile):
        if kind is not None and kind.national_number_pattern:
            patterns.append(re.sub(r"\s", "", kind.national_number_pattern))
    return "|".join(f"(?:{pattern})" for pattern in dict.fromkeys(patterns))


@cache
def national_pattern(region: str) -> str:
    """Return the pattern of a region's numbers as written at home, punctuation taken out."""
    prefix = PhoneMetadata.metadata_for_region(region).national_prefix or ""
    regions = ("US", "CA") if region in {"US", "CA"} else (region,)
    valid = "|".join(_valid(PhoneMetadata.metadata_for_region(r)) for r in regions)
    return f"(?:{prefix})?(?:{valid})" if prefix else f"(?:{valid})"


@cache
def international_pattern() -> str:
    """Return the pattern of the common countries' numbers with + and country code."""
    by_code: dict[int, list[str]] = {}
    for region in REGIONS:
        metadata = PhoneMetadata.metadata_for_region(region)
        by_code.setdefault(metadata.country_code, []).append(_valid(metadata))
    return "\\+(?:" + "|".join(f"{c}(?:{'|'.join(p)})" for c, p in by_code.items()) + ")"


@cache
def _national(region: str) -> tuple[re.Pattern[str], str, str] | None:
    if region not in REGIONS:
        return None
    metadata = PhoneMetadata.metadata_for_region(region)
    pattern = re.compile(national_pattern(region), re.ASCII)
    return pattern, metadata.national_prefix or "", f"+{metadata.country_code}"


@cache
def _international() -> re.Pattern[str]:
    return re.compile(international_pattern(), re.ASCII)


@lru_cache(maxsize=100_000)
def ask(text: str, region: str | None) -> str | None:
    """Ask `phonenumbers`; None when it is no valid number. Region: any name of a country."""
    try:
        number = phonenumbers.parse(text, country_code(region) if region else None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def normalise(text: str, region: str | None) -> str | None:
    """Return the number in E.164, or None when it is no valid number."""
    if len(text) <= _LONGEST:
        digits = text.translate(_DROP)
        if digits.startswith("+"):
            if _international().fullmatch(digits):
                return digits
        elif region is not None and digits:
            home = _national(region.strip(" ").upper())
            if home is not None and home[0].fullmatch(digits):
                return home[2] + digits.removeprefix(home[1]) if home[1] else home[2] + digits
    return ask(text, region)


UDF = Udf("isthmus_phone", lambda text, region: None if text is None else ask(text, region), 2)


def _sql(value: str, arguments: Arguments) -> str:
    digits = f"translate({value}, '{_PUNCTUATION}', '')"
    region = arguments["region"]
    literal = re.fullmatch(r"'\s*([A-Za-z]{2})\s*'", region)
    regions = [literal[1].upper()] if literal else list(REGIONS)
    arms = " ".join(_arm(name, digits) for name in regions if name in REGIONS)
    home = f"CASE upper(trim({region})) {arms} END" if arms else "NULL"
    international = quote(international_pattern())
    return (
        f"coalesce(CASE WHEN length({value}) > {_LONGEST} THEN NULL"
        f" WHEN starts_with({digits}, '+') THEN"
        f" CASE WHEN regexp_full_match({digits}, {international}) THEN {digits} END"
        f" ELSE {home} END,"
        f" CASE WHEN {value} IS NOT NULL THEN {UDF.name}({value}, {region}) END)"
    )


def _arm(region: str, digits: str) -> str:
    metadata = PhoneMetadata.metadata_for_region(region)
    prefix = metadata.national_prefix or ""
    national = digits
    if prefix:
        rest = f"substr({digits}, {len(prefix) + 1})"
        national = f"CASE WHEN starts_with({digits}, '{prefix}') THEN {rest} ELSE {digits} END"
    pattern = quote(national_pattern(region))
    return (
        f"WHEN '{region}' THEN CASE WHEN regexp_full_match({digits}, {pattern})"
        f" THEN '+{metadata.country_code}' || {national} END"
    )


STEPS = (
    StepSpec(
        "phone_e164",
        "A valid phone number as +33612345678; region is its country when it begins without +.",
        sql=_sql,
        python=lambda _: normalise,
        arguments={
            "region": Argument(
                Accepts.EXPRESSION, "A country, as ISO code or name, or a column with one."
            )
        },
        reason="not a phone number",
        udfs=(UDF,),
    ),
)
