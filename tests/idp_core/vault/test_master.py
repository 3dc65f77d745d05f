import base64
import threading

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from idp_core.errors import SettingsError
from idp_core.vault.master import Master, parse, read_or_make
from idp_core.vault.sealing import LocalSealer


def test_the_secret_is_made_once_for_its_owners_eyes(tmp_path):
    path = tmp_path / "data" / "master.key"
    first = read_or_make(path)
    assert read_or_make(path) == first
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["master.key"]


def test_several_processes_that_start_at_once_agree_on_one_secret(tmp_path):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(read_or_make(tmp_path / "k")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_file_that_others_can_read_is_refused_with_the_mend(tmp_path):
    path = tmp_path / "master.key"
    read_or_make(path)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_or_make(path)


@pytest.mark.parametrize("text", ["", "short", "ä", base64.b64encode(b"x" * 31).decode()])
def test_what_is_no_secret_is_refused_and_not_repeated(text):
    with pytest.raises(SettingsError, match="not a master secret") as caught:
        parse(text, "name")
    assert not text or text not in str(caught.value)


def test_each_purpose_has_its_own_key():
    master = Master(b"m" * 32)
    assert master.key("forms") == master.key("forms")
    assert master.key("forms") != master.key("sealing")
    assert "mmm" not in repr(master)


def test_what_is_sealed_opens_only_in_its_place_and_by_its_secret():
    sealer = LocalSealer(Master(b"m" * 32))
    sealed = sealer.seal(b"secret", "row 1")
    assert sealer.open(sealed, "row 1") == b"secret"
    assert sealed != sealer.seal(b"secret", "row 1")
    other = LocalSealer(Master(b"n" * 32))
    for opener, value, context in (
        (sealer, sealed, "row 2"),
        (other, sealed, "row 1"),
        (sealer, sealed[:-1], "row 1"),
        (sealer, b"", "row 1"),
    ):
        with pytest.raises(SettingsError, match="master secret"):
            opener.open(value, context)


def test_keys_of_purposes_are_those_of_hkdf():
    info, value = b"isthmus audit", bytes(range(32))
    expected = HKDF(SHA256(), 32, salt=None, info=info).derive(value)
    assert Master(value).key("audit") == expected
    assert Master(value).key("codes") != expected
