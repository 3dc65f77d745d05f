"""Positions that are times, moved and written again as they were: many sources compare text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_FORM = re.compile(
    r"\d{4}-\d\d-\d\d(?:([T ])(\d\d:\d\d(?::\d\d)?)(?:([.,])(\d+))?(Z|[+-]\d\d(?::?\d\d)?)?)?"
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time and how its source writes it; without a zone where it has none."""

    moment: datetime = field(repr=False)
    _form: re.Match[str] = field(repr=False)

    def back(self, span: timedelta) -> Stamp:
        """Go back; a year before the first stays where it is."""
        try:
            return Stamp(self.moment - span, self._form)
        except OverflowError:
            return self

    def at(self, moment: datetime) -> Stamp:
        """Return another moment, to be written the same."""
        zone = self.moment.tzinfo
        return Stamp(moment.astimezone(zone) if zone else moment, self._form)

    @property
    def text(self) -> str:
        """The time as the source would write it; what it does not write is cut off."""
        day = self.moment.date().isoformat()
        mark, clock, point, fraction, zone = (part or "" for part in self._form.groups())
        if not clock:
            return day
        time = self.moment.strftime("%H:%M:%S")[: len(clock)]
        digits = self.moment.strftime("%f").ljust(len(fraction), "0")[: len(fraction)]
        return f"{day}{mark}{time}{point}{digits}{zone}"


def stamp_of(text: str) -> Stamp | None:
    """Return the time that a position says, None when it is something else: a number, a name."""
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    try:
        return Stamp(datetime.fromisoformat(text), form)
    except ValueError:  # the 31st of February
        return None
