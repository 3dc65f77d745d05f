from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from connectors.contract import Query
from connectors.errors import MisconfiguredError
from connectors.files import packed
from connectors.kit import SourceContract
from tests.connectors.files.conftest import files, rows
from tests.connectors.test_files import as_csv

TEXT = b"id,name\n1,Ann\n2,Zo\xc3\xab\n"
WANTED = [{"id": "1", "name": "Ann"}, {"id": "2", "name": "Zoë"}]
PACKERS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}


def tar(names: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return made.getvalue()


def zipped(names: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in names.items():
            archive.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_packed_file_is_read_by_the_name_of_what_is_in_it(tmp_path, suffix):
    (tmp_path / f"a.csv.{suffix}").write_bytes(PACKERS[suffix](TEXT))
    source = files(tmp_path, f"a.csv.{suffix}")
    assert rows(source.read(Query("a"))) == WANTED
    assert [each.name for each in source.discover()] == ["a"]


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tgz", "tar.zst", "zip"])
def test_the_files_of_an_archive_are_objects_below_its_name(tmp_path, suffix):
    names = {"eu/a.csv": TEXT, "b.csv.gz": gzip.compress(TEXT), ".hidden.csv": b""}
    made = zipped(names) if suffix == "zip" else tar(names)
    packer = {"tar.gz": "gz", "tgz": "gz", "tar.zst": "zst"}.get(suffix)
    (tmp_path / f"day.{suffix}").write_bytes(PACKERS[packer](made) if packer else made)
    source = files(tmp_path, f"day.{suffix}")
    assert [each.name for each in source.discover()] == ["day/b", "day/eu/a"]
    assert rows(source.read(Query("day/eu/a"))) == rows(source.read(Query("b"))) == WANTED
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"day.{suffix}"]


def test_the_same_file_of_each_days_archive_is_one_object_and_an_archive_is_read_once(tmp_path):
    for day in (1, 2):
        (tmp_path / f"day-{day}.zip").write_bytes(zipped({"c.csv": b"n\n%d\n" % day}))
    source = files(tmp_path, "*.zip")
    pages = list(source.read(Query("day-*/c")))
    assert [row["n"] for row in rows(pages)] == ["1", "2"]
    assert rows(source.read(Query("day-*/c", after=pages[-1].cursor))) == []
    (tmp_path / "day-3.zip").write_bytes(zipped({"c.csv": b"n\n3\n"}))
    assert rows(source.read(Query("day-*/c", after=pages[-1].cursor))) == [{"n": "3"}]


def test_parquet_is_read_from_an_archive_and_from_a_packed_file(tmp_path):
    made = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2]}), made)
    (tmp_path / "a.zip").write_bytes(zipped({"a.parquet": made.getvalue()}))
    (tmp_path / "b.parquet.gz").write_bytes(gzip.compress(made.getvalue()))
    for name in ("a.zip", "b.parquet.gz"):
        assert rows(files(tmp_path, name).read(Query(name[0]))) == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize("suffix", PACKERS)
def test_what_unpacks_to_more_than_allowed_is_refused(tmp_path, suffix):
    (tmp_path / f"a.csv.{suffix}").write_bytes(PACKERS[suffix](b"x" * 3_000_000))
    with pytest.raises(MisconfiguredError, match=r"more than 1,000,000 bytes; .*unpack_limit"):
        list(files(tmp_path, f"a.csv.{suffix}", unpack_limit="1MB").read(Query("a")))


@pytest.mark.parametrize("name", ["a.csv.gz", "a.zip", "a.tar.gz"])
def test_a_bomb_is_refused_before_it_has_unfolded(tmp_path, name, monkeypatch):
    monkeypatch.setattr(packed, "_FREE", 1_000_000)
    data = b"x" * 20_000_000
    archives = {"a.zip": zipped({"a.csv": data}), "a.tar.gz": gzip.compress(tar({"a.csv": data}))}
    (tmp_path / name).write_bytes(archives.get(name) or gzip.compress(data))
    with pytest.raises(MisconfiguredError, match=r"a\.(csv|zip|tar).* 250 times its size"):
        list(files(tmp_path, name).read(Query("a")))


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst", "a.csv.xz", "a.zip", "a.tar", "a.tgz"])
def test_damage_is_told_by_the_file(tmp_path, name):
    whole = {
        "zip": zipped({"a.csv": TEXT * 999}),
        "tar": tar({"a.csv": TEXT * 999}),
        "tgz": gzip.compress(tar({"a.csv": TEXT * 999})),
        "zst": PACKERS["zst"](TEXT * 999),
        "xz": lzma.compress(TEXT * 999),
    }.get(name.rpartition(".")[2], gzip.compress(TEXT * 999))
    for broken in (b"no such thing", whole[: len(whole) // 2]):
        (tmp_path / name).write_bytes(broken)
        with pytest.raises(MisconfiguredError, match=f"{name}.* damaged|{name}.*no such"):
            list(files(tmp_path, name).read(Query("a")))


def test_a_name_that_leads_out_of_an_archive_is_left_out(tmp_path):
    names = {"../a.csv": TEXT, "/etc/b.csv": TEXT, "good.csv": TEXT}
    (tmp_path / "a.tar").write_bytes(tar(names))
    assert [each.name for each in files(tmp_path, "a.tar").discover()] == ["a/good"]


def test_an_archive_with_a_password_says_so(tmp_path):
    made = bytearray(zipped({"a.csv": TEXT}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.index(mark) + at] |= 1
    (tmp_path / "a.zip").write_bytes(bytes(made))
    with pytest.raises(MisconfiguredError, match=r"a\.zip: is locked by a password"):
        list(files(tmp_path, "a.zip").read(Query("a")))


def test_an_archive_of_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MEMBERS", 3)
    (tmp_path / "a.zip").write_bytes(zipped({f"{n}.csv": TEXT for n in range(4)}))
    with pytest.raises(MisconfiguredError, match="more than 3 files"):
        files(tmp_path, "a.zip").discover()


class TestZipContract(SourceContract):
    cursor = None
    typed = False

    @pytest.fixture
    def source(self, records, tmp_path):
        (tmp_path / "day.zip").write_bytes(zipped({"people.csv": as_csv(records).encode()}))
        return files(tmp_path, "day.zip")

    name = "day/people"
