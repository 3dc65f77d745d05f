"""A browser for tests: it calls the application itself, keeps cookies, reads and sends forms."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

ORIGIN = "https://login.example.com"


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(said.get("action", ""), said.get("method", "get").lower()))
        if not self.forms or "name" not in said:
            return
        form = self.forms[-1]
        if tag == "button" or said.get("type") == "submit":
            form.buttons.append((said["name"], said.get("value", "")))
        elif tag in ("input", "select", "textarea"):
            box = said.get("type") in ("checkbox", "radio")
            if not box or "checked" in said:
                form.fields[said["name"]] = said.get("value", "on" if box else "")

    def handle_data(self, data):
        self.text.append(data)


def forms_in(text: str) -> list[Form]:
    """The forms of a page, with what is filled in."""
    parser = _Forms()
    parser.feed(text)
    return parser.forms


@dataclass
class Got:
    """An answer, with what a browser sees in it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    url: str

    def header(self, name: str) -> str | None:
        return next((v for k, v in self.headers if k == name), None)

    @property
    def location(self) -> str:
        return self.header("location") or ""

    @property
    def query(self) -> dict[str, str]:
        """The query of where it redirects to."""
        return {k: v[0] for k, v in parse_qs(urlsplit(self.location).query).items()}

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def forms(self) -> list[Form]:
        return forms_in(self.text)

    @property
    def words(self) -> str:
        parser = _Forms()
        parser.feed(self.text)
        return " ".join(" ".join(parser.text).split())


class Browser:
    """One browser: its own cookies. `origin` and `peer` are what it claims to be."""

    def __init__(self, app, *, origin=ORIGIN, peer="91.1.2.3", host="login.example.com") -> None:
        self.app, self.origin, self.peer, self.host = app, origin, peer, host
        self.cookies: dict[str, str] = {}
        self.language = "en"
        self.page: Got | None = None

    def get(self, url: str, headers: dict[str, str] | None = None, **query: str) -> Got:
        return self.send("GET", _with(url, query), headers=headers)

    def post(self, url: str, form: dict[str, Any] | None = None, **headers: str) -> Got:
        body = urlencode(form or {}, doseq=True).encode()
        told = {"content-type": "application/x-www-form-urlencoded", **headers}
        return self.send("POST", url, body, {k.replace("_", "-"): v for k, v in told.items()})

    def submit(self, page: Got, *, form: int | str = 0, press: str | None = None, **fields) -> Got:
        """Fill a form of a page and send it, as a browser without JavaScript does."""
        forms = page.forms
        if isinstance(form, str):
            chosen = next(f for f in forms if f.action.split("?")[0] == form)
        else:
            chosen = forms[form]
        told = chosen.fields | {k: v for k, v in fields.items() if v is not None}
        if press is not None:
            told |= dict([next(b for b in chosen.buttons if press in b)])
        to = urljoin(page.url, chosen.action)
        if chosen.method == "get":
            return self.get(to, **told)
        return self.post(to, told, origin=self.origin)

    def follow(self, got: Got, most: int = 10) -> Got:
        """Follow redirects as long as they stay here."""
        while got.status in (302, 303) and most:
            to = urljoin(ORIGIN + got.url, got.location)
            if not to.startswith(ORIGIN + "/"):
                return got
            got, most = self.get(to.removeprefix(ORIGIN)), most - 1
        return got

    def send(self, method, url, body=b"", headers=None) -> Got:
        url = url.removeprefix(ORIGIN)
        parts = urlsplit(url)
        told = {"host": self.host, "accept-language": self.language, **(headers or {})}
        if body:
            told.setdefault("content-length", str(len(body)))
        if self.cookies:
            told["cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "path": parts.path,
            "raw_path": parts.path.encode(), "query_string": parts.query.encode(),
            "scheme": "https",
            "headers": [(k.lower().encode(), v.encode()) for k, v in told.items()],
            "client": (self.peer, 1), "server": (self.host, 443), "root_path": "",
        }  # fmt: skip
        got = asyncio.run(_call(self.app, scope, body))
        got.url = url
        self._keep(got)
        self.page = got
        return got

    def _keep(self, got: Got) -> None:
        for name, value in got.headers:
            if name == "set-cookie":
                pair, *attributes = [part.strip() for part in value.split(";")]
                key, _, said = pair.partition("=")
                if any(each.lower() == "max-age=0" for each in attributes):
                    self.cookies.pop(key, None)
                else:
                    self.cookies[key] = said


async def _call(app, scope, body: bytes) -> Got:
    sent: list[dict] = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in start["headers"]]
    return Got(start["status"], headers, b"".join(m.get("body", b"") for m in sent[1:]), "")


def _with(url: str, query: dict[str, str]) -> str:
    if not query:
        return url
    return url + ("&" if "?" in url else "?") + urlencode(query, doseq=True)
