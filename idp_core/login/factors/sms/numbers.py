"""Which numbers a code may be sent to: mobile ones, of the countries that are named."""

from __future__ import annotations

from idp_core.site.config import SmsSettings


def cleaned(text: str, said: SmsSettings) -> str | None:
    """Return a mobile number of a country that is served as E.164 has it, None for anything else.

    What has no country code is of the first country.
    """
    import phonenumbers
    from phonenumbers import PhoneNumberType

    try:
        parsed = phonenumbers.parse(text[:40], said.countries[0])
    except phonenumbers.NumberParseException:
        return None
    mobile = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    served = phonenumbers.region_code_for_number(parsed) in said.countries
    if not served or phonenumbers.number_type(parsed) not in mobile:
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
