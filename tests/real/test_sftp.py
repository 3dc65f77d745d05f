"""An OpenSSH drop box with a mainframe's records in it, written by a COBOL program (GnuCOBOL)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Query
from connectors.errors import MisconfiguredError, UnauthorizedError
from connectors.files import Files
from connectors.registry import build
from pipelines.sandbox.heavy import dropbox
from pipelines.sandbox.heavy.dropbox import DropBox
from tests.real.packages import debian, or_skip

pytestmark = pytest.mark.real

COPYBOOK = """\
       01 CUST-REC.
          05 CUST-ID      PIC 9(9) COMP-3.
          05 CUST-NAME    PIC X(30).
          05 CUST-DOB     PIC 9(8).
          05 CUST-BAL     PIC S9(7)V99 COMP-3.
          05 CUST-DEBT    PIC S9(5)V99.
          05 CUST-LIMIT   PIC S9(5) SIGN LEADING SEPARATE.
          05 CUST-FLAG    PIC X.
          05 CUST-SEQ     PIC S9(4) COMP.
          05 CUST-PHONES  OCCURS 2 TIMES.
             10 KIND      PIC X.
             10 NUMB      PIC 9(5) COMP-5.
"""
PROGRAM = """\
       IDENTIFICATION DIVISION.
       PROGRAM-ID. CUSTFILE.
       ENVIRONMENT DIVISION.
       INPUT-OUTPUT SECTION.
       FILE-CONTROL.
           SELECT CUST-FILE ASSIGN TO "CUST.DAT"
               ORGANIZATION IS SEQUENTIAL.
       DATA DIVISION.
       FILE SECTION.
       FD CUST-FILE.
{copybook}
       WORKING-STORAGE SECTION.
       01 I PIC 9(4).
       PROCEDURE DIVISION.
           OPEN OUTPUT CUST-FILE
           PERFORM VARYING I FROM 1 BY 1 UNTIL I > 100
              MOVE I TO CUST-ID
              MOVE SPACES TO CUST-NAME
              STRING "GARCIA, ANA " I DELIMITED BY SIZE INTO CUST-NAME
              MOVE 19800102 TO CUST-DOB
              COMPUTE CUST-BAL = I * -1.25
              COMPUTE CUST-DEBT = I * -0.01
              COMPUTE CUST-LIMIT = 0 - I
              MOVE "A" TO CUST-FLAG
              COMPUTE CUST-SEQ = 0 - I
              MOVE "m" TO KIND(1)
              MOVE 12345 TO NUMB(1)
              MOVE "h" TO KIND(2)
              MOVE I TO NUMB(2)
              WRITE CUST-REC
           END-PERFORM
           CLOSE CUST-FILE
           STOP RUN.
"""


def source_of(box: DropBox, base: Path, path: str, **more: Any) -> Files:
    login = {"host_keys": [box.host_key], "key": f"file:{box.login}"}
    built = build("files", {"path": box.address(path), "sftp": login} | more, base)
    assert isinstance(built, Files)
    return built


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DropBox]:
    folder = tmp_path_factory.mktemp("sftp")
    try:
        yield or_skip(dropbox.start)(folder)
    finally:
        dropbox.stop(folder)


def rows(source: Files, **more: Any) -> list[dict[str, Any]]:
    return [dict(row) for page in source.read(Query("*", **more)) for row in as_rows(page.rows)]


def as_rows(found: Any) -> Any:
    return found.to_pylist() if hasattr(found, "to_pylist") else found


def test_records_that_cobol_wrote_are_read_from_the_drop_box(box, tmp_path):
    debian("gnucobol3", commands=["cobc"])
    (tmp_path / "cust.cpy").write_text(COPYBOOK)
    (tmp_path / "cust.cob").write_text(PROGRAM.format(copybook=COPYBOOK.rstrip()))
    compiled = ["cobc", "-x", "-o", "cust", "cust.cob"]
    subprocess.run(compiled, cwd=tmp_path, check=True, capture_output=True)
    subprocess.run([tmp_path / "cust"], cwd=tmp_path, check=True)
    shutil.copy(tmp_path / "CUST.DAT", box.drop / "cust.dat")
    book = {"format": "copybook", "encoding": "ascii", "copybook": {"file": "cust.cpy"}}
    found = rows(source_of(box, tmp_path, "cust.dat", **book))
    assert len(found) == 100
    assert found[6] == {
        "CUST_ID": 7,
        "CUST_NAME": "GARCIA, ANA 0007",
        "CUST_DOB": 19800102,
        "CUST_BAL": Decimal("-8.75"),
        "CUST_DEBT": Decimal("-0.07"),
        "CUST_LIMIT": -7,
        "CUST_FLAG": "A",
        "CUST_SEQ": -7,
        "CUST_PHONES": [{"KIND": "m", "NUMB": 12345}, {"KIND": "h", "NUMB": 7}],
    }
    (box.drop / "cust.dat").unlink()


def test_what_is_put_into_the_drop_box_is_read_once(box, tmp_path):
    (box.drop / "a.csv").write_text("id\n1\n")
    (box.drop / "b.csv.part").write_text("id\n2\n")
    source = source_of(box, tmp_path, "*")
    assert source.check().identity.startswith("files sftp://")
    pages = list(source.read(Query("*")))
    assert [row for page in pages for row in as_rows(page.rows)] == [{"id": "1"}]
    assert rows(source, after=pages[-1].cursor) == []
    (box.drop / "b.csv.part").rename(box.drop / "b.csv")
    assert rows(source, after=pages[-1].cursor) == [{"id": "2"}]


def test_another_host_key_and_another_login_are_refused(box, tmp_path):
    for name in ("other", "stranger"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(command, check=True)
    right = source_of(box, tmp_path, "a.csv").sftp
    wrong = (tmp_path / "other.pub").read_text().strip()
    login = {"host_keys": [wrong], "key": right.key}
    with pytest.raises(MisconfiguredError, match="none of host_keys"):
        source_of(box, tmp_path, "a.csv", sftp=login).check()
    stranger = {"host_keys": right.host_keys, "key": f"file:{tmp_path}/stranger"}
    with pytest.raises(UnauthorizedError, match="the login was refused"):
        source_of(box, tmp_path, "a.csv", sftp=stranger).check()
