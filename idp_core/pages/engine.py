"""Templates rendered to answers: escaped, in the reader's language, with the form's proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date, format_datetime
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from idp_core.http import gate as gates
from idp_core.http.answer import Answer
from idp_core.http.ask import Ask
from idp_core.http.gate import Gate, cookie_name
from idp_core.pages import languages
from idp_core.pages.theme import Theme
from idp_core.vault.tokens import new_token

LANGUAGE_COOKIE = "language"
_YEAR = 365 * 86_400
STATIC = {
    "site.css": "text/css; charset=utf-8",
    "site.js": "text/javascript; charset=utf-8",
    "altcha.js": "text/javascript; charset=utf-8",
    "passkey.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
}


@dataclass(frozen=True)
class Pages:
    """Renders pages of one installation."""

    gate: Gate
    theme: Theme
    offered: Sequence[str] = languages.LANGUAGES
    shared: Mapping[str, Any] = field(default_factory=dict)

    def language(self, ask: Ask, more: Sequence[str | None] = ()) -> str:
        """Return the language to answer in: asked for, remembered, known, or the browser's."""
        cookie = ask.cookies.get(cookie_name(LANGUAGE_COOKIE, secure=self.gate.secure))
        asked = (ask.query.all("ui_locales") or ("",))[0].split(" ")
        browsers = languages.wished(ask.headers.get("accept-language", ""))
        wishes = [*(ask.query.all("lang")), *asked, cookie, *more, *browsers]
        return languages.choose(wishes, self.offered)

    def page(self, ask: Ask, template: str, status: int = 200, /, **values: Any) -> Answer:
        """Render a page. `form_to` among the values are origins that its forms may end at,
        `theme` is another look.
        """
        form_to = values.pop("form_to", ())
        language = self.language(ask, [values.pop("account_language", None)])
        cookie = ask.cookies.get(self.gate.form_cookie, "")
        fresh = len(cookie) != len(new_token())
        cookie = new_token() if fresh else cookie
        text = self.render(
            template,
            language,
            csrf=gates.form_proof(self.gate, cookie),
            here=_here(ask),
            **values,
        )
        headers: list[tuple[str, str]] = [("content-language", language), ("vary", "cookie")]
        if fresh:
            headers.append(self.cookie("form", cookie))
        if ask.query.all("lang"):
            headers.append(self.cookie(LANGUAGE_COOKIE, language, _YEAR))
        kind = "text/html; charset=utf-8"
        return Answer(status, text.encode(), kind, tuple(headers), tuple(form_to))

    def render(self, template: str, language: str, /, **values: Any) -> str:
        """Render a template in a language; `theme` among the values is another look."""
        theme = values.pop("theme", self.theme)
        said = languages.catalogue(language)
        found = _environment().get_template(template)
        return found.render(
            _=said.gettext,
            n_=said.ngettext,
            day=lambda moment: format_date(moment, "long", locale=language),
            when=lambda moment: format_datetime(moment, "medium", locale=language),
            language=language,
            languages=[(each, languages.NAMES[each]) for each in self.offered],
            theme=theme,
            place=theme.place,
            **{**self.shared, **values},
        )

    def cookie(self, name: str, value: str, seconds: int | None = None) -> tuple[str, str]:
        """Return a Set-Cookie header for this host; without seconds it ends with the browser."""
        parts = [f"{cookie_name(name, secure=self.gate.secure)}={value}", "Path=/", "HttpOnly"]
        parts += ["SameSite=Lax", *(["Secure"] if self.gate.secure else [])]
        parts += [f"Max-Age={seconds}"] if seconds is not None else []
        return ("set-cookie", "; ".join(parts))

    def read_cookie(self, ask: Ask, name: str) -> str | None:
        """Return the value of a cookie of ours."""
        return ask.cookies.get(cookie_name(name, secure=self.gate.secure))


def static(name: str) -> tuple[bytes, str] | None:
    """Return a file that pages need and its content type; None when there is none of this name."""
    kind = STATIC.get(name)
    if kind is None:
        return None
    return (files("idp_core.pages") / "static" / name).read_bytes(), kind


@cache
def _environment() -> Environment:
    """Return what keeps templates once they were compiled: the same for all installations."""
    return Environment(
        loader=PackageLoader("idp_core.pages"),
        autoescape=select_autoescape(default=True, disabled_extensions=("txt",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _here(ask: Ask) -> str:
    """Return where this page is, for a link that only changes the language."""
    said = ask.query.pairs if ask.method == "GET" else ask.form.pairs
    kept = [
        (name, value)
        for name, value in said
        if name != "lang" and (ask.method == "GET" or name == "continue")
    ]
    query = urlencode(kept)
    return f"{ask.path}?{query}&" if query else f"{ask.path}?"
