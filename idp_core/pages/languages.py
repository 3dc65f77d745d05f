"""The languages of pages and mails, read from the catalogues that translators know (``.po``)."""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "de", "fr", "es")
"""Those there are; the first is what the texts themselves are written in."""
NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}
_WISH = re.compile(r"([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,35})?(?:;q=([01](?:\.\d{0,3})?))?")
_MOST = 20


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the translations into a language."""
    if language == LANGUAGES[0] or language not in LANGUAGES:
        return gettext.NullTranslations()
    file = files("idp_core.pages") / "locales" / f"{language}.po"
    with file.open("rb") as source:
        read = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def wished(header: str) -> Sequence[str]:
    """Return the languages of an Accept-Language header, the most wanted first."""
    found = [
        (-float(match[2] or 1), place, match[1].casefold())
        for place, part in enumerate(header.split(",")[:_MOST])
        if (match := _WISH.fullmatch(part.strip().replace(" ", "")))
    ]
    return [language for _, _, language in sorted(found)]


def choose(wishes: Iterable[str | None], offered: Sequence[str] = LANGUAGES) -> str:
    """Return the first wish that can be granted; wishes are tags such as ``fr-CA``."""
    for wish in wishes:
        base = (wish or "").partition("-")[0].casefold()
        if base in offered:
            return base
    return offered[0]
