from __future__ import annotations

import fsspec
import pytest

from connectors.contract import Query
from connectors.errors import MisconfiguredError, TransientError, UnauthorizedError
from connectors.kit import CANARY, SourceContract
from tests.connectors.files.conftest import files, rows
from tests.connectors.test_files import as_csv


@pytest.fixture(autouse=True)
def store():
    found = fsspec.filesystem("memory")
    yield found
    found.store.clear()


def test_files_of_a_store_are_named_like_those_of_a_folder(store, tmp_path):
    for name in ("a.csv", "eu/b.csv", ".hidden/c.csv"):
        store.pipe(f"/bucket/in/{name}", b"n\n1\n")
    for path, wanted in {
        "bucket/in": ["a", "eu/b"],
        "bucket/in/*.csv": ["a"],
        "bucket/in/**/*.csv": ["a", "eu/b"],
        "bucket/in/a.csv": ["a"],
    }.items():
        source = files(tmp_path, f"memory://{path}")
        assert [each.name for each in source.discover()] == wanted
    assert rows(source.read(Query("a"))) == [{"n": "1"}]
    with pytest.raises(MisconfiguredError, match="no such file; check path"):
        files(tmp_path, "memory://bucket/out/*.csv").check()


def test_a_file_is_read_again_only_when_it_changed(store, tmp_path):
    store.pipe("/bucket/a.csv", b"n\n1\n")
    source = files(tmp_path, "memory://bucket/a.csv")
    (page,) = source.read(Query("a"))
    assert list(source.read(Query("a", after=page.cursor))) == []
    store.pipe("/bucket/a.csv", b"n\n2\n")
    assert rows(source.read(Query("a", after=page.cursor))) == [{"n": "2"}]


def test_an_unknown_kind_of_place_is_named_and_the_web_is_none(tmp_path):
    with pytest.raises(MisconfiguredError, match="did you mean 's3'"):
        files(tmp_path, "s33://bucket/a.csv").check()
    with pytest.raises(MisconfiguredError, match="http://: no such kind of place"):
        files(tmp_path, "http://127.0.0.1/a.csv").check()


def test_a_driver_that_is_not_installed_is_named(tmp_path):
    with pytest.raises(MisconfiguredError, match=r"pip install 'isthmus\[storage\]' ocifs"):
        files(tmp_path, "oci://bucket/a.csv").check()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PermissionError(CANARY), UnauthorizedError),
        (type("NoCredentialsError", (Exception,), {})(CANARY), UnauthorizedError),
        (TimeoutError(CANARY), TransientError),
        (type("EndpointConnectionError", (Exception,), {})(CANARY), TransientError),
    ],
)
def test_what_a_driver_raises_is_told_without_its_words(tmp_path, monkeypatch, error, kind):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "find", fails)
    with pytest.raises(kind) as told:
        files(tmp_path, "memory://bucket/a.csv").check()
    assert CANARY not in str(told.value)


class TestStoreContract(SourceContract):
    cursor = None
    typed = False

    @pytest.fixture
    def source(self, records, store, tmp_path):
        store.pipe("/bucket/people.csv", as_csv(records).encode())
        return files(tmp_path, "memory://bucket/people.csv")

    @pytest.fixture
    def empty(self, store, tmp_path):
        store.pipe("/bucket/people.csv", as_csv([]).encode())
        return files(tmp_path, "memory://bucket/people.csv")
