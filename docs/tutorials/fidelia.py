"""Fidelia, a loyalty club that nobody has connected yet: a small API for the tutorial.

Run it by ``python fidelia.py [PORT]``; it forgets everything when it ends.
"""

from __future__ import annotations

import json
import secrets
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

HELP = """\
FIDELIA API
Log in:  POST /session {"user": …, "password": …}   the token is data.token; send it as X-Session
Members: GET /v1/members                            members; meta.count says how many there are
           page, per_page (at most 20)              the pages begin with 1
           order=modified                           otherwise they come by name
           modified_from=MILLISECONDS               from this moment on
           ref=REF                                  those with this reference
         GET, PATCH, DELETE /v1/members/NO
         POST /v1/members                           answers with the number of the new member
         ref is a field for other systems' keys. A mail address belongs to one member.
Gone:    GET /v1/gone?from=MILLISECONDS             who left, and when
"""
USER, PASSWORD = "isthmus", "let-me-in"
START = 1_767_225_600_000  # 2026-01-01, in milliseconds
NAMES = (
    "Ann Lee,Bo Okafor,Chloé Dubois,Dina Novak,Emre Kaya,Finn O'Brien,Gül Şahin,Hana Kim,"
    "Ivo Petrov,Jana Nováková,Kai Sato,Lea Müller,Mia Rossi,Noor Haddad,Olga Ivanova,Pia Lindqvist,"
    "Quim Puig,Rosa García,Sam Cohen,Tova Berg,Uma Rao,Vera Costa,Wim de Vries,Xia Chen,Yara Silva"
)


class Club:
    """The members, by number, and who left."""

    def __init__(self) -> None:
        self.now = START
        self.members: dict[str, dict[str, Any]] = {}
        self.gone: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        for number, name in enumerate(NAMES.split(",")):
            first, _, last = name.partition(" ")
            mail = f"member{number}@example.com"
            # Members were brought in from another system, five at a time: they share a moment.
            self.now = START + (number * 7 % 25) // 5 * 60_000
            person = {"first": first, "last": last, "mail": mail}
            self.put(
                f"F-{number + 1:03}", {"person": person, "tier": ("GOLD", "SILVER")[number % 2]}
            )
        self.now = START + 3_600_000

    def put(self, no: str, told: dict[str, Any]) -> dict[str, Any]:
        """Make or change a member."""
        held = self.members.get(no, {"no": no, "person": {}, "tier": "BASIC", "ref": None})
        person = {**held["person"], **told.get("person", {})}
        self.members[no] = {**held, **told, "person": person, "no": no, "modified": self.now}
        return self.members[no]

    def listed(self, asked: dict[str, str]) -> dict[str, Any]:
        """A page of members. A parameter it does not know is ignored, as many systems do."""
        since, ref = int(asked.get("modified_from", 0)), asked.get("ref")
        found = [m for m in self.members.values() if m["modified"] >= since]
        found = [m for m in found if ref is None or m["ref"] == ref]
        by_name = sorted(found, key=lambda m: m["person"]["last"])
        if asked.get("order") == "modified":
            by_name.sort(key=lambda m: m["modified"])
        size = min(int(asked.get("per_page", 20)), 20)
        start = (int(asked.get("page", 1)) - 1) * size
        return {"meta": {"count": len(found)}, "members": by_name[start : start + size]}

    def answer(self, method: str, path: list[str], asked: dict[str, str], told: Any) -> Any:
        """A status and a body."""
        self.now += 1000
        match method, path:
            case "GET", ["v1", "members"]:
                return 200, self.listed(asked)
            case "GET", ["v1", "gone"]:
                since = int(asked.get("from", 0))
                return 200, {"gone": [each for each in self.gone if each["at"] >= since]}
            case "POST", ["v1", "members"]:
                return self.kept(f"F-{len(self.members) + len(self.gone) + 1:03}", told, 201)
            case _, ["v1", "members", no] if no in self.members:
                return self.one(method, no, told)
        return 404, {"error": "NOT_THERE"}

    def one(self, method: str, no: str, told: Any) -> Any:
        """What is asked of one member."""
        if method == "PATCH":
            return self.kept(no, told, 200)
        if method == "DELETE":
            del self.members[no]
            self.gone.append({"no": no, "at": self.now})
            return 204, None
        return 200, self.members[no]

    def kept(self, no: str, told: dict[str, Any], status: int) -> Any:
        """Keep what was told of a member, unless another one has the mail address."""
        mail = told.get("person", {}).get("mail")
        if mail and any(
            m["person"].get("mail") == mail for n, m in self.members.items() if n != no
        ):
            return 400, {"error": "MAIL_TAKEN", "message": f"{mail} belongs to somebody else"}
        return status, self.put(no, told)


class Handler(BaseHTTPRequestHandler):
    """Takes requests apart and asks for the token."""

    club: Club

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        path = [unquote(part) for part in parts.path.strip("/").split("/")]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        told = json.loads(body) if body else {}
        if path == [""]:
            self._say(200, HELP.encode(), "text/plain; charset=utf-8")
        elif path == ["session"]:
            self._log_in(told)
        elif self.headers.get("X-Session") not in self.club.tokens:
            self._say(401, b'{"error": "LOG_IN_FIRST"}')
        else:
            status, found = self.club.answer(self.command, path, dict(parse_qsl(parts.query)), told)
            self._say(status, b"" if found is None else json.dumps(found).encode())

    def _log_in(self, told: dict[str, Any]) -> None:
        if (told.get("user"), told.get("password")) != (USER, PASSWORD):
            self._say(401, b'{"error": "WHO_ARE_YOU"}')
            return
        token = secrets.token_hex(8)
        self.club.tokens.add(token)
        self._say(200, json.dumps({"data": {"token": token}}).encode())

    def _say(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 (the base's names)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


def club_at(port: int) -> ThreadingHTTPServer:
    """A new club, ready to serve on loopback."""
    return ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (Handler,), {"club": Club()}))


if __name__ == "__main__":
    server = club_at(int(sys.argv[1]) if len(sys.argv) > 1 else 8765)
    print(
        f"Fidelia is at http://127.0.0.1:{server.server_port}/ (user {USER}, password {PASSWORD})"
    )
    server.serve_forever()
