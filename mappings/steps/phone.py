"""The step for phone numbers: E.164, exactly as `phonenumbers` says, most of it without asking.

A number that is plainly a valid fixed or mobile one of a common country is recognised by one
regular expression, made from the metadata of `phonenumbers` itself; DuckDB runs it, and so does
the Python form. Everything else goes to `phonenumbers`. A test holds both to its answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import phonenumbers
from phonenumbers import PhoneMetadata

from mappings.steps.countries import country_code
from mappings.steps.spec import Accepts, Argument, Arguments, StepSpec, Udf
from mappings.values import quote

REGIONS = (
    "AT", "BE", "CA", "CH", "CZ", "DE", "DK", "ES", "FR", "GB", "IE", "IT", "NL", "NO", "PL", "PT",
    "SE", "US",
)  # fmt: skip
"""The countries with a fast path."""

_COMMON, _RARE = " -", "()./"
_PUNCTUATION = _COMMON + _RARE
_LONGEST = 60  # the fast path leaves longer texts alone


def _metadata(region: str) -> Any:
    return PhoneMetadata.metadata_for_region(region)


def _valid(metadata: Any) -> str:
    """A pattern of valid national numbers, fixed or mobile."""
    kinds = [kind for kind in (metadata.fixed_line, metadata.mobile) if kind is not None]
    patterns = [re.sub(r"\s", "", kind.national_number_pattern or "") for kind in kinds]
    patterns = [pattern for pattern in patterns if pattern]
    return "|".join(f"(?:{pattern})" for pattern in dict.fromkeys(patterns))


@cache
def national_pattern(region: str) -> str:
    """Return the pattern of a region's numbers as written at home, punctuation taken out."""
    prefix = _metadata(region).national_prefix or ""
    regions = ("US", "CA") if region in {"US", "CA"} else (region,)
    valid = "|".join(_valid(_metadata(r)) for r in regions)
    return f"(?:{prefix})?(?:{valid})" if prefix else f"(?:{valid})"


@cache
def international_pattern() -> str:
    """Return the pattern of the common countries' numbers with + and country code."""
    by_code: dict[int, list[str]] = {}
    for region in REGIONS:
        metadata = _metadata(region)
        by_code.setdefault(metadata.country_code, []).append(_valid(metadata))
    return "\\+(?:" + "|".join(f"{c}(?:{'|'.join(p)})" for c, p in by_code.items()) + ")"


@dataclass(frozen=True, slots=True)
class _Home:
    """The fast path of one region."""

    matches: re.Pattern[str]
    prefix: str
    code: str
    dials_00: bool

    def international(self, digits: str) -> str | None:
        if self.prefix and digits.startswith(self.prefix):
            national = digits[len(self.prefix) :]
        elif digits.startswith(self.code):
            return None  # perhaps an international number without its +
        else:
            national = digits
        return f"+{self.code}{national}" if self.matches.fullmatch(digits) else None


@lru_cache(maxsize=10_000)
def _national(named: str) -> _Home | None:
    region = named.strip(" ").upper()
    if region not in REGIONS:
        return None
    metadata = _metadata(region)
    pattern = re.compile(national_pattern(region), re.ASCII)
    return _Home(
        pattern,
        metadata.national_prefix or "",
        str(metadata.country_code),
        dials_00=metadata.international_prefix == "00",
    )


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


def _digits(text: str) -> str:
    for character in _PUNCTUATION:
        text = text.replace(character, "")
    return text


def normalise(text: str, region: str | None) -> str | None:
    """Return the number in E.164, or None when it is no valid number."""
    if len(text) <= _LONGEST:
        digits = _digits(text)
        home = _national(region) if region is not None else None
        if home is not None and home.dials_00 and digits.startswith("00"):
            digits = f"+{digits[2:]}"
        if digits.startswith("+"):
            if _international().fullmatch(digits):
                return digits
        elif home is not None and (number := home.international(digits)):
            return number
    return ask(text, region)


UDF = Udf("isthmus_phone", lambda text, region: None if text is None else ask(text, region), 2)


def _without(value: str, characters: str) -> str:
    for character in characters:
        value = f"replace({value}, '{character}', '')"
    return value


def _prepare(value: str, arguments: Arguments) -> Mapping[str, str]:
    plain = _without(value, _COMMON)
    rare = " OR ".join(f"contains({value}, '{character}')" for character in _RARE)
    digits = f"CASE WHEN {rare} THEN {_without(plain, _RARE)} ELSE {plain} END"
    return {
        "digits": f"CASE WHEN length({value}) <= {_LONGEST} THEN {digits} END",
        "code": f"upper(trim({arguments['region']}))",
    }


def _sql(value: str, arguments: Arguments) -> str:
    digits, code, region = arguments["digits"], arguments["code"], arguments["region"]
    literal = re.fullmatch(r"'\s*([A-Za-z]{2})\s*'", region)
    regions = [r for r in ([literal[1].upper()] if literal else REGIONS) if r in REGIONS]
    home = f"CASE {code} {' '.join(_arm(name, digits) for name in regions)} END"
    dial_00 = [quote(r) for r in regions if _metadata(r).international_prefix == "00"]
    dialled = f"'+' || substr({digits}, 3)"
    return (
        f"coalesce(CASE WHEN starts_with({digits}, '+') THEN {_abroad(digits)}"
        f" WHEN starts_with({digits}, '00') THEN"
        f" CASE WHEN {code} IN ({', '.join(dial_00) or 'NULL'}) THEN {_abroad(dialled)} END"
        f" ELSE {home if regions else 'NULL'} END,"
        f" CASE WHEN {value} IS NOT NULL THEN {UDF.name}({value}, {region}) END)"
    )


def _abroad(digits: str) -> str:
    pattern = quote(international_pattern())
    return f"CASE WHEN regexp_full_match({digits}, {pattern}) THEN {digits} END"


def _arm(region: str, digits: str) -> str:
    metadata = _metadata(region)
    prefix, code = metadata.national_prefix or "", str(metadata.country_code)
    plain = f"WHEN starts_with({digits}, '{code}') THEN NULL ELSE '+{code}' || {digits}"
    if prefix:
        rest = f"'+{code}' || substr({digits}, {len(prefix) + 1})"
        plain = f"WHEN starts_with({digits}, '{prefix}') THEN {rest} {plain}"
    pattern = quote(national_pattern(region))
    return (
        f"WHEN '{region}' THEN CASE WHEN regexp_full_match({digits}, {pattern}) "
        f" THEN CASE {plain} END END"
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
        prepare=_prepare,
    ),
)
