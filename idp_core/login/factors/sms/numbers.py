"""Which numbers a code may be sent to, and how many: texts cost money, and some pay their caller.

Only mobile numbers of the countries that are named; few an hour to one number, from one network,
to one range of numbers, and altogether.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from idp_core.http.ask import Ask
from idp_core.login import guard
from idp_core.site.config import SmsSettings
from idp_core.site.site import Site
from idp_core.throttle import store as throttle
from idp_core.throttle.store import Limit
from idp_core.vault.tokens import keyed

_HOUR = timedelta(hours=1)
_RANGE = 5
"""Digits by which numbers left off are of one range; a fraud's are mostly neighbours."""


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


def may_text(conn: sa.Connection, ask: Ask, site: Site, number: str) -> bool:
    """Count a text to a number; False when there were too many. Each limit counts by itself."""
    said, now = site.config.sms, site.clock()
    limits = (
        (("text", number), said.per_number),
        (("texts of", guard.network(ask.peer)), said.per_network),
        (("texts to", number[:-_RANGE]), said.per_range),
        (("texts",), said.per_hour),
    )
    allowed = [
        throttle.count(conn, keyed(site.secrets.tries, *parts), Limit(most, _HOUR), now)
        for parts, most in limits
    ]
    return all(allowed)
