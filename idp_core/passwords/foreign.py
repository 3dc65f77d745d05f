"""Password hashes of other systems: recognised, checked, and replaced at the next login.

| form | of |
| --- | --- |
| ``$2a$``, ``$2b$``, ``$2y$`` | bcrypt |
| ``$wp$2y$`` | WordPress from 6.8 on: bcrypt over HMAC-SHA-384 |
| ``$P$``, ``$H$`` | phpass of WordPress, phpBB, Drupal |
| ``pbkdf2_sha256$iterations$salt$hash`` | Django (also ``_sha1``, ``_sha512``) |
| ``$pbkdf2-sha256$iterations$salt$hash`` | passlib (also ``-sha512``, and ``$pbkdf2$`` for SHA-1) |
| ``pbkdf2:sha256:iterations$salt$hash`` | Werkzeug |
| ``$scrypt$ln=14,r=8,p=1$salt$hash`` | passlib |
| ``scrypt:32768:8:1$salt$hash`` | Werkzeug |
| ``scrypt$salt$16384$8$1$hash`` | Django |

Their cost parameters are bounded: a hash in an import file must not stop the server.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable

import bcrypt

_MOST_ITERATIONS = 5_000_000
_MOST_SCRYPT = 128 * 1024 * 1024
_ITOA64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHA = r"(sha1|sha256|sha512)"

Check = Callable[[str, "re.Match[str]"], bool]


def is_known(text: str) -> bool:
    """Whether this is a hash that `verify` can check, at a bearable cost."""
    return _form(text) is not None


def verify(password: str, text: str) -> bool:
    """Whether the password is the one that was hashed; False for a form that is not known."""
    found = _form(text)
    return found is not None and found[0](password, found[1])


def _form(text: str) -> tuple[Check, re.Match[str]] | None:
    for pattern, bearable, check in _FORMS:
        match = pattern.fullmatch(text)
        if match:
            return (check, match) if bearable(match) else None
    return None


def _bcrypt(password: str, match: re.Match[str]) -> bool:
    # What bcrypt itself does with more than 72 bytes; the library leaves it to us.
    return bcrypt.checkpw(_until_nul(password)[:72], match[0].encode())


def _until_nul(password: str) -> bytes:
    return password.encode().partition(b"\0")[0]


def _wordpress(password: str, match: re.Match[str]) -> bool:
    mac = hmac.digest(b"wp-sha384", password.strip().encode(), "sha384")
    return bcrypt.checkpw(base64.b64encode(mac), match[1].encode())


def _phpass(password: str, match: re.Match[str]) -> bool:
    secret, salt = password.encode(), match[2].encode()
    state = hashlib.md5(salt + secret, usedforsecurity=False).digest()
    for _ in range(1 << _ITOA64.index(match[1])):
        state = hashlib.md5(state + secret, usedforsecurity=False).digest()
    return hmac.compare_digest(_phpass_text(state), match[3])


def _phpass_text(state: bytes) -> str:
    out = []
    for start in range(0, 16, 3):
        part = state[start : start + 3]
        value = int.from_bytes(part, "little")
        out += [_ITOA64[(value >> 6 * place) & 63] for place in range(len(part) + 1)]
    return "".join(out)


def _pbkdf2(name: str, password: str, salt: bytes, count: str, wanted: bytes) -> bool:
    made = hashlib.pbkdf2_hmac(name, password.encode(), salt, int(count), len(wanted))
    return hmac.compare_digest(made, wanted)


def _pbkdf2_django(password: str, match: re.Match[str]) -> bool:
    wanted = base64.b64decode(match[4])
    return _pbkdf2(match[1], password, match[3].encode(), match[2], wanted)


def _pbkdf2_passlib(password: str, match: re.Match[str]) -> bool:
    name = (match[1] or "-sha1").removeprefix("-")
    return _pbkdf2(name, password, _ab64(match[3]), match[2], _ab64(match[4]))


def _pbkdf2_werkzeug(password: str, match: re.Match[str]) -> bool:
    return _pbkdf2(match[1], password, match[3].encode(), match[2], bytes.fromhex(match[4]))


def _scrypt(password: str, salt: bytes, cost: tuple[int, int, int], wanted: bytes) -> bool:
    n, r, p = cost
    made = hashlib.scrypt(
        password.encode(), salt=salt, n=n, r=r, p=p, dklen=len(wanted), maxmem=2 * _MOST_SCRYPT
    )
    return hmac.compare_digest(made, wanted)


def _scrypt_passlib(password: str, match: re.Match[str]) -> bool:
    return _scrypt(password, _ab64(match[4]), _log_cost(match), _ab64(match[5]))


def _scrypt_werkzeug(password: str, match: re.Match[str]) -> bool:
    return _scrypt(password, match[4].encode(), _cost(match), bytes.fromhex(match[5]))


def _scrypt_django(password: str, match: re.Match[str]) -> bool:
    cost = int(match[2]), int(match[3]), int(match[4])
    return _scrypt(password, match[1].encode(), cost, base64.b64decode(match[5]))


def _ab64(text: str) -> bytes:
    """Decode passlib's base64: a dot for the plus, no padding."""
    return base64.b64decode(text.replace(".", "+") + "=" * (-len(text) % 4))


def _cost(match: re.Match[str]) -> tuple[int, int, int]:
    return int(match[1]), int(match[2]), int(match[3])


def _log_cost(match: re.Match[str]) -> tuple[int, int, int]:
    return 1 << int(match[1]), int(match[2]), int(match[3])


def _few(match: re.Match[str]) -> bool:
    return 0 < int(match[2]) <= _MOST_ITERATIONS


def _small(cost: tuple[int, int, int]) -> bool:
    n, r, p = cost
    power = n > 1 and n & (n - 1) == 0
    return power and r > 0 and 0 < p <= 16 and 128 * n * r <= _MOST_SCRYPT


def _cheap_bcrypt(match: re.Match[str]) -> bool:
    return 4 <= int(match["cost"]) <= 15


def _cheap_phpass(match: re.Match[str]) -> bool:
    return 7 <= _ITOA64.index(match[1]) <= 20


_B64 = r"[A-Za-z0-9+/]+={0,2}"
_AB64 = r"[A-Za-z0-9+/.]+"
_HEX = r"(?:[0-9a-f]{2})+"
_BCRYPT = r"\$2[aby]\$(?P<cost>\d\d)\$[A-Za-z0-9./]{53}"
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], bool], Check], ...] = (
    (re.compile(_BCRYPT), _cheap_bcrypt, _bcrypt),
    (re.compile(rf"\$wp({_BCRYPT})"), _cheap_bcrypt, _wordpress),
    (re.compile(r"\$[PH]\$([./0-9A-Za-z])(.{8})([./0-9A-Za-z]{22})"), _cheap_phpass, _phpass),
    (re.compile(rf"pbkdf2_{_SHA}\$(\d{{1,8}})\$([^$]+)\$({_B64})"), _few, _pbkdf2_django),
    (
        re.compile(rf"\$pbkdf2(-sha256|-sha512)?\$(\d{{1,8}})\$({_AB64})\$({_AB64})"),
        _few,
        _pbkdf2_passlib,
    ),
    (re.compile(rf"pbkdf2:{_SHA}:(\d{{1,8}})\$([^$]+)\$({_HEX})"), _few, _pbkdf2_werkzeug),
    (
        re.compile(rf"\$scrypt\$ln=(\d{{1,2}}),r=(\d{{1,3}}),p=(\d{{1,2}})\$({_AB64})\$({_AB64})"),
        lambda m: _small(_log_cost(m)),
        _scrypt_passlib,
    ),
    (
        re.compile(rf"scrypt:(\d{{1,8}}):(\d{{1,3}}):(\d{{1,2}})\$([^$]+)\$({_HEX})"),
        lambda m: _small(_cost(m)),
        _scrypt_werkzeug,
    ),
    (
        re.compile(rf"scrypt\$([^$]+)\$(\d{{1,8}})\$(\d{{1,3}})\$(\d{{1,2}})\$({_B64})"),
        lambda m: _small((int(m[2]), int(m[3]), int(m[4]))),
        _scrypt_django,
    ),
)
