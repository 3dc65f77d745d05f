from __future__ import annotations

import io
import zipfile

import asyncssh
import pytest

from connectors.contract import Query
from connectors.errors import MisconfiguredError, TransientError, UnauthorizedError
from connectors.files import fetched
from connectors.kit import CANARY, SourceContract
from tests.connectors.files.conftest import PASSWORD, files, rows
from tests.connectors.test_files import as_csv


@pytest.fixture
def login(sftp, monkeypatch):
    monkeypatch.setenv("PASSWORD", PASSWORD)
    return {"host_keys": [sftp.host_key], "password": "env:PASSWORD"}


def test_files_of_a_server_are_named_like_those_of_a_folder(sftp, login, tmp_path):
    (sftp.folder / "in/eu").mkdir(parents=True)
    (sftp.folder / "in/a.csv").write_text("n\n1\n")
    (sftp.folder / "in/eu/b.csv").write_text("n\n2\n")
    (sftp.folder / "in/.c.csv").write_text("n\n3\n")
    (sftp.folder / "in/d.csv.part").write_text("n\n4\n")
    for path, wanted in {
        "in": ["a", "eu/b"],
        "in/*.csv": ["a"],
        "in/**/*.csv": ["a", "eu/b"],
        "in/*/b.csv": ["eu/b"],
        "in/eu/b.csv": ["b"],
        "~/in": ["a", "eu/b"],
    }.items():
        source = files(tmp_path, sftp.address(path), sftp=login)
        assert [each.name for each in source.discover()] == wanted
    assert source.check().details == {"files": "3"}
    with pytest.raises(MisconfiguredError, match="no such file; check path"):
        files(tmp_path, sftp.address("out/*.csv"), sftp=login).check()


def test_the_login_may_be_a_key_with_a_passphrase(sftp, tmp_path, monkeypatch):
    (sftp.folder / "a.csv").write_text("n\n1\n")
    for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"):
        key = asyncssh.generate_private_key(kind)
        sftp.authorized.write_bytes(key.export_public_key())
        (tmp_path / "key").write_bytes(
            key.export_private_key("openssh", "open sesame", rounds=4, ignore_few_rounds=True)
        )
        (tmp_path / "key").chmod(0o600)
        monkeypatch.setenv("PHRASE", "open sesame")
        login = {"host_keys": [sftp.fingerprint], "key": "file:key"}
        address = sftp.address("a.csv")
        good = files(tmp_path, address, sftp=login | {"passphrase": "env:PHRASE"})
        assert rows(good.read(Query("a"))) == [{"n": "1"}]
        with pytest.raises(MisconfiguredError, match=r"has a passphrase; set sftp\.passphrase"):
            files(tmp_path, address, sftp=login).check()
        monkeypatch.setenv("PHRASE", "wrong")
        with pytest.raises(MisconfiguredError, match="or the passphrase is another one"):
            good.check()


def test_a_server_with_another_key_is_told_no_secret(sftp, login, tmp_path):
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    source = files(tmp_path, sftp.address("a.csv"), sftp=login | {"host_keys": [other]})
    with pytest.raises(MisconfiguredError, match="which is none of host_keys; someone may") as told:
        source.check()
    assert sftp.fingerprint in str(told.value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"host_keys": []}, "needs one at least"),
        ({"host_keys": ["ssh-ed25519 ???"]}, "write 'ssh-ed25519 AAAA"),
        ({"key": "env:KEY"}, "needs password or key, one of them"),
    ],
)
def test_wrong_settings_are_answered_with_the_mend(sftp, login, tmp_path, more, message):
    with pytest.raises(MisconfiguredError, match=message):
        files(tmp_path, sftp.address("a.csv"), sftp=login | more)


def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path):
    with pytest.raises(MisconfiguredError, match="holds a password") as told:
        files(tmp_path, f"sftp://ann:{CANARY}@host/a.csv")
    assert CANARY not in str(told.value)


def test_a_file_that_is_written_while_it_comes_does_not_count(sftp, login, tmp_path, monkeypatch):
    (sftp.folder / "a.csv").write_text("n\n1\n")
    source = files(tmp_path, sftp.address("a.csv"), sftp=login)
    looks = fetched.Fetched._same

    def and_grows(self):
        looks(self)
        with (sftp.folder / "a.csv").open("a") as file:
            file.write("2\n")

    monkeypatch.setattr(fetched.Fetched, "_same", and_grows)
    with pytest.raises(TransientError, match=r"a\.csv: is being written"):
        list(source.read(Query("a")))
    monkeypatch.undo()


def test_a_file_counts_when_its_marker_is_there(sftp, login, tmp_path):
    for name in ("a.csv", "a.csv.done", "b.csv"):
        (sftp.folder / name).write_text("n\n1\n")
    source = files(tmp_path, sftp.address("*.csv*"), sftp=login, marker=".done")
    assert [each.name for each in source.discover()] == ["a"]
    with pytest.raises(TransientError, match=r"b\.csv: is not whole yet.* 1 files wait"):
        list(source.read(Query("*")))
    (sftp.folder / "b.csv.done").touch()
    _, second = source.read(Query("*"))
    (sftp.folder / "c.csv").write_text("n\n3\n")
    assert rows(source.read(Query("*", after=second.cursor))) == []
    (sftp.folder / "c.csv.done").touch()
    assert rows(source.read(Query("*", after=second.cursor))) == [{"n": "3"}]


def test_a_file_that_grows_between_two_looks_waits(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("n\n1\n")
    (tmp_path / "b.csv").write_text("n\n1\n")

    def and_it_grows(_):
        (tmp_path / "b.csv").write_text("n\n1\n2\n")

    monkeypatch.setattr("connectors.files.found.time.sleep", and_it_grows)
    source = files(tmp_path, "*.csv", settle=5)
    assert [each.name for each in source.discover()] == ["a"]


def test_an_archive_far_away_is_listed_without_being_brought_here(sftp, login, tmp_path):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.csv", "n\n1\n")
    (sftp.folder / "day.zip").write_bytes(made.getvalue())
    source = files(tmp_path, sftp.address("*.zip"), sftp=login)
    copies = []
    whole = fetched.Fetched.open

    def counted(self):
        copies.append(self.name)
        return whole(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetched.Fetched, "open", counted)
        first = list(source.read(Query("day/a")))
        assert (rows(first), set(copies)) == ([{"n": "1"}], {"day.zip"})
        copies.clear()
        assert list(source.read(Query("day/a", after=first[-1].cursor))) == []
        assert copies == []


class TestSftpContract(SourceContract):
    cursor = None
    typed = False

    @pytest.fixture
    def source(self, records, sftp, login, tmp_path):
        (sftp.folder / "people.csv").write_text(as_csv(records), encoding="utf-8", newline="")
        return files(tmp_path, sftp.address("people.csv"), sftp=login)

    @pytest.fixture
    def empty(self, sftp, login, tmp_path):
        (sftp.folder / "people.csv").write_text(as_csv([]))
        return files(tmp_path, sftp.address("people.csv"), sftp=login)

    @pytest.fixture
    def unreachable(self, login, tmp_path):
        return files(tmp_path, "sftp://ann@127.0.0.1:1/people.csv", sftp=login)

    @pytest.fixture
    def refused(self, sftp, login, tmp_path, monkeypatch):
        monkeypatch.setenv("WRONG", CANARY)
        wrong = login | {"password": "env:WRONG"}
        return files(tmp_path, sftp.address("people.csv"), sftp=wrong)


def test_a_refused_login_and_a_dead_server_are_told_apart(sftp, login, tmp_path, monkeypatch):
    monkeypatch.setenv("PASSWORD", "wrong")
    with pytest.raises(UnauthorizedError, match="the login was refused; check the user and the p"):
        files(tmp_path, sftp.address("a"), sftp=login).check()
    with pytest.raises(TransientError, match="cannot be reached"):
        files(tmp_path, "sftp://ann@127.0.0.1:1/a", sftp=login).check()
