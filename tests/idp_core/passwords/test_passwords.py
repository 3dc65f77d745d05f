import base64
import hashlib
import hmac
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp_core.errors import SettingsError
from idp_core.passwords import foreign
from idp_core.passwords.breached import BreachFile, BreachService
from idp_core.passwords.hashing import Hasher, is_importable
from idp_core.passwords.policy import PasswordPolicy, Refusal

HASHER = Hasher(1, 8)
WORD = "pässword 1"


def ab64(data):
    return base64.b64encode(data).decode().rstrip("=").replace("+", ".")


def pbkdf2(name):
    return hashlib.pbkdf2_hmac(name, WORD.encode(), b"salt", 1000)


def scrypt():
    return hashlib.scrypt(WORD.encode(), salt=b"salt", n=1024, r=8, p=1, dklen=32)


FOREIGN = {
    "bcrypt": bcrypt.hashpw(WORD.encode(), bcrypt.gensalt(4)).decode(),
    "bcrypt of PHP": "$2y$" + bcrypt.hashpw(WORD.encode(), bcrypt.gensalt(4)).decode()[4:],
    "Django": f"pbkdf2_sha256$1000$salt${base64.b64encode(pbkdf2('sha256')).decode()}",
    "Django, SHA-1": f"pbkdf2_sha1$1000$salt${base64.b64encode(pbkdf2('sha1')).decode()}",
    "passlib": f"$pbkdf2-sha512$1000${ab64(b'salt')}${ab64(pbkdf2('sha512'))}",
    "passlib, SHA-1": f"$pbkdf2$1000${ab64(b'salt')}${ab64(pbkdf2('sha1'))}",
    "Werkzeug": f"pbkdf2:sha256:1000$salt${pbkdf2('sha256').hex()}",
    "scrypt of passlib": f"$scrypt$ln=10,r=8,p=1${ab64(b'salt')}${ab64(scrypt())}",
    "scrypt of Werkzeug": f"scrypt:1024:8:1$salt${scrypt().hex()}",
    "scrypt of Django": f"scrypt$salt$1024$8$1${base64.b64encode(scrypt()).decode()}",
}  # fmt: skip


@pytest.mark.parametrize("hashed", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_hash_of_another_system_is_checked_and_known_to_be_old(hashed):
    assert is_importable(hashed)
    assert HASHER.verify(WORD, hashed)
    assert not HASHER.verify(WORD + "x", hashed)
    assert HASHER.is_outdated(hashed)


def test_phpass_is_checked_by_its_published_vector():
    """The test vector of Openwall's phpass."""
    assert foreign.verify("test12345", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0")
    assert not foreign.verify("test12346", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0")


def test_wordpress_of_today_is_checked():
    mac = base64.b64encode(hmac.digest(b"wp-sha384", WORD.encode(), "sha384"))
    hashed = "$wp" + bcrypt.hashpw(mac, bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$")
    assert foreign.verify(WORD, hashed)
    assert not foreign.verify("other", hashed)


@pytest.mark.parametrize(
    "hashed",
    [
        "plain text", "", "5f4dcc3b5aa765d61d8327deb882cf99", "pbkdf2:sha256:99999999$s$ab",
        "$2b$31$" + "a" * 53, "$scrypt$ln=30,r=8,p=1$c2FsdA$aaaa", "scrypt:1000:8:1$salt$abcd",
        "$P$z12345678" + "a" * 22,
    ],
)  # fmt: skip
def test_what_is_no_hash_or_would_stop_the_server_is_not_taken_over(hashed):
    assert not is_importable(hashed)
    assert not HASHER.verify("plain text", hashed)


@given(st.text(max_size=80))
def test_any_text_in_the_place_of_a_hash_lets_nobody_in(text):
    assert not HASHER.verify("password", text)


def test_a_hash_is_argon2id_and_outdated_at_another_cost():
    hashed = HASHER.hash(WORD)
    assert hashed.startswith("$argon2id$v=19$m=8192,t=1,p=1$")
    assert HASHER.verify(WORD, hashed)
    assert HASHER.verify("pa\u0308ssword 1", hashed), "two spellings of one letter"
    assert not HASHER.is_outdated(hashed)
    assert Hasher(2, 8).is_outdated(hashed)


def test_nobody_has_no_password_and_too_long_ones_cost_nothing(monkeypatch):
    assert not HASHER.verify("nobody has this password", None)
    monkeypatch.setattr(Hasher, "_same", None)
    assert not HASHER.verify("x" * 1025, "$argon2id$")


def breach_file(tmp_path, *words):
    lines = sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in words)
    path = tmp_path / "breached.txt"
    path.write_text("".join(f"{line}:{n}\r\n" for n, line in enumerate(lines)))
    return BreachFile(path)


@given(words=st.sets(st.text(max_size=3), min_size=1, max_size=40), other=st.text(max_size=3))
def test_the_file_has_just_the_words_it_was_made_of(tmp_path_factory, words, other):
    found = breach_file(tmp_path_factory.mktemp("b"), *words)
    found.check()
    assert all(found.has(word) for word in words)
    assert found.has(other) == (other in words)


def test_a_file_that_is_no_such_list_is_told(tmp_path):
    (tmp_path / "x").write_text("password\n")
    for name in ("x", "missing"):
        with pytest.raises(SettingsError):
            BreachFile(tmp_path / name).check()


def test_the_service_hears_five_digits_and_may_be_down():
    digits = hashlib.sha1(b"stolen").hexdigest().upper()
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"{digits[5:]}:7\r\n{'0' * 35}:0\r\n".encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    service = BreachService(f"http://127.0.0.1:{server.server_port}/range")
    assert service.has("stolen")
    assert not service.has("mine alone")
    assert all(len(path) == len("/range/12345") for path in asked)
    server.shutdown()
    server.server_close()
    assert not service.has("stolen")


def test_a_password_is_taken_or_the_reason_is_said(tmp_path):
    policy = PasswordPolicy(breached=breach_file(tmp_path, "four stolen words here"))
    assert policy.refusal("short") is Refusal.TOO_SHORT
    assert policy.refusal("x" * 1025) is Refusal.TOO_LONG
    assert policy.refusal("iloveyou1") is Refusal.GUESSABLE
    assert policy.refusal("annleeannlee", ["Ann Lee"]) is Refusal.GUESSABLE
    assert policy.refusal("four stolen words here") is Refusal.BREACHED
    assert policy.refusal("four other words here") is None
