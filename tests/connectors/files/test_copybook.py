from __future__ import annotations

import struct
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Query
from connectors.errors import MisconfiguredError
from connectors.files.cobol import decoder
from connectors.files.copybook import parse, walk
from tests.connectors.files.conftest import files, rejected, rows

BOOK = """\
000100* CUSTOMERS OF THE OLD SHOP                                       SHOP0001
000200 01  CUST-REC.
000300     05  CUST-ID           PIC 9(9)  COMP-3.
000400     05  CUST-NAME         PIC X(10).                             SHOP0004
000500     05  CUST-SEX          PIC X.
000600         88  FEMALE        VALUE 'F'.
000700     05  BALANCE           PIC S9(5)V99 COMP-3 VALUE ZERO.
000800     05  LIMIT-OLD         PIC S9(4) USAGE IS COMP.
000900     05  BONUS             PIC S9(3)V9.
001000     05  FILLER            PIC X(2).
001100     05  ADDRESS-LINES     OCCURS 2 TIMES PIC X(6).
001200     05  PHONE OCCURS 2.
001300         10  KIND          PIC X.
001400         10  NR            PIC 9(4).
001500     05  COUNTRY           PIC X(2).
"""


def packed(number: int, digits: int) -> bytes:
    text = f"{abs(number):0{digits}d}{'d' if number < 0 else 'c'}"
    return bytes.fromhex(text.zfill(len(text) + len(text) % 2))


def zoned(number: int, digits: int, encoding: str = "cp037") -> bytes:
    raw = bytearray(f"{abs(number):0{digits}d}".encode(encoding))
    raw[-1] = (0xD0 if number < 0 else 0xC0) | (abs(number) % 10)
    return bytes(raw)


def record(number: int, name: str, balance: int) -> bytes:
    e = lambda text: text.encode("cp037")  # noqa: E731
    return b"".join(
        (
            packed(number, 9),
            e(name.ljust(10)),
            e("F"),
            packed(balance, 7),
            struct.pack(">h", -number),
            zoned(-125, 4),
            b"\0\0",
            e("street" + "town  "),
            e("m1234" + "h0000"),
            e("NL"),
        )
    )


def book(tmp_path, text=BOOK, data=b"", **settings):
    (tmp_path / "cust.cpy").write_text(text)
    (tmp_path / "cust.dat").write_bytes(data)
    more = {"file": "cust.cpy"} | settings.pop("copybook", {})
    settings = {"encoding": "cp037"} | settings
    return files(tmp_path, "cust.dat", format="copybook", copybook=more, **settings)


def test_records_of_a_mainframe_become_rows(tmp_path):
    source = book(tmp_path, data=record(1, "GARCÍA", -4200) + record(2, "LEE", 5))
    first, second = rows(source.read(Query("cust", page_size=1)))
    assert first == {
        "CUST_ID": 1,
        "CUST_NAME": "GARCÍA",
        "CUST_SEX": "F",
        "BALANCE": Decimal("-42.00"),
        "LIMIT_OLD": -1,
        "BONUS": Decimal("-12.5"),
        "ADDRESS_LINES": ["street", "town"],
        "PHONE": [{"KIND": "m", "NR": 1234}, {"KIND": "h", "NR": 0}],
        "COUNTRY": "NL",
    }
    assert (second["CUST_ID"], second["BALANCE"]) == (2, Decimal("0.05"))
    assert [(c.name, c.type) for c in source.discover()[0].columns][3:6] == [
        ("BALANCE", "packed(7,2)"),
        ("LIMIT_OLD", "binary"),
        ("BONUS", "zoned(4,1)"),
    ]


def test_a_record_with_bytes_that_are_no_number_is_rejected_whole(tmp_path):
    bad = bytearray(record(2, "LEE", 5))
    bad[16] = 0xAA
    source = book(tmp_path, data=record(1, "A", 1) + bytes(bad) + record(3, "C", 3))
    pages = list(source.read(Query("cust")))
    assert [row["CUST_ID"] for row in rows(pages)] == [1, 3]
    assert rejected(pages) == [("cust.dat[2]", "BALANCE (byte 17) is no packed decimal")]
    assert bytes.fromhex(pages[0].rejected[0].raw) == bytes(bad)


def test_a_file_that_is_not_cut_as_declared_is_refused(tmp_path):
    source = book(tmp_path, data=record(1, "A", 1)[:-1])
    with pytest.raises(
        MisconfiguredError, match="record 1 has 51 bytes where the copybook says 52"
    ):
        list(source.read(Query("cust")))
    source = book(tmp_path, data=record(1, "A", 1), copybook={"cut": "rdw"})
    with pytest.raises(MisconfiguredError, match="record 1 does not stand behind its length"):
        list(source.read(Query("cust")))


VARIABLE = """
       01 R.
          05 ID-NR PIC 9(3).
          05 N PIC 9.
          05 TAGS OCCURS 0 TO 5 TIMES DEPENDING ON N PIC X(2).
          05 LAST-WORD PIC X(3).
"""


def test_a_table_is_as_long_as_its_count_says(tmp_path):
    def described(text):
        return struct.pack(">HH", len(text) + 4, 0) + text.encode("cp037")

    data = (
        described("0012aabbend")
        + described("0020end")
        + described("0039end")
        + described("004*end")
    )
    source = book(tmp_path, VARIABLE, data, copybook={"cut": "rdw"})
    pages = list(source.read(Query("cust")))
    assert rows(pages) == [
        {"ID_NR": 1, "N": 2, "TAGS": ["aa", "bb"], "LAST_WORD": "end"},
        {"ID_NR": 2, "N": 0, "TAGS": [], "LAST_WORD": "end"},
    ]
    assert rejected(pages) == [
        ("cust.dat[3]", "N is no count up to 5"),
        ("cust.dat[4]", "N (byte 4) is no number"),
    ]


REDEFINED = """
 01 R.
    05 KIND PIC X.
    05 PERSON.
       10 FIRST-NAME PIC X(4).
       10 BORN PIC 9(8).
    05 COMPANY REDEFINES PERSON.
       10 COMPANY-NAME PIC X(9).
       10 TAX-NR PIC 9(3).
    05 REST PIC X.
"""


def test_views_of_the_same_bytes_are_read_where_they_are_asked_for(tmp_path):
    data = b"pAnn 20010203.\ncAcme Ltd 123.\n"
    plain = book(tmp_path, REDEFINED, data, encoding="ascii", copybook={"cut": "lines"})
    pages = list(plain.read(Query("cust")))
    assert rows(pages) == [{"KIND": "p", "FIRST_NAME": "Ann", "BORN": 20010203, "REST": "."}]
    assert len(rejected(pages)) == 1
    views = {"cut": "lines", "views": ["COMPANY"]}
    both = book(tmp_path, REDEFINED, data, encoding="ascii", copybook=views)
    first, second = rows(both.read(Query("cust")))
    assert (first["BORN"], first["TAX_NR"]) == (20010203, 203)
    assert (second["BORN"], second["COMPANY_NAME"], second["TAX_NR"]) == (None, "Acme Ltd", 123)
    wrong = book(tmp_path, REDEFINED, data, copybook={"views": ["COMPNY"]})
    with pytest.raises(MisconfiguredError, match="no item 'COMPNY' with REDEFINES; did you mean"):
        list(wrong.read(Query("cust")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "c.cpy: no item is in this copybook"),
        ("01 R.\n 05 A PIC X.\n 05 B COMP SYNC PIC 9.\n", "c.cpy:3: SYNCHRONIZED"),
        ("01 R.\n 05 A PIC 9(3)PPP.\n", r"c.cpy:2: P in a PIC"),
        ("01 R.\n 05 A.\n 05 B PIC X.\n", "A has neither PIC nor items"),
        ("01 R.\n 05 A REDEFINES Q PIC X.\n", "A REDEFINES Q, which is not there"),
        ("01 R.\n COPY OTHER.\n", "c.cpy:2: put what COPY brings into this file"),
        ("01 R. 05 A PIC X.\n01 S. 05 B PIC X.\n", "several records; set copybook.record; known"),
        ("hello world", "c.cpy:1: is no item"),
        ("01 R. 05 A PIC 9(99).", "a number has 1 to 38 digits, not 99"),
    ],
)
def test_what_is_not_understood_of_a_copybook_is_told_by_its_line(text, message):
    with pytest.raises(MisconfiguredError, match=message):
        parse(text, "c.cpy")


def test_names_that_are_there_twice_carry_their_group(tmp_path):
    text = "01 R.\n 05 HOME. 10 CITY PIC X.\n 05 WORK. 10 CITY PIC X.\n 05 CITY-X PIC X.\n"
    found = [each.name for each in walk(parse(text, "c.cpy")) if each.size]
    assert found == ["HOME_CITY", "WORK_CITY", "CITY_X"]


@given(st.integers(-(10**9) + 1, 10**9 - 1), st.integers(0, 4))
def test_numbers_come_back_however_they_were_stored(number, scale):
    pic = f"PIC S9({9 - scale})V9({scale})" if scale else "PIC S9(9)"
    wanted = Decimal(number).scaleb(-scale) if scale else number
    marks = {"cp037": "}JKLMNOPQR", "ascii": "pqrstuvwxy"}
    digits = f"{abs(number):09d}"
    stored = {
        ("COMP-3", "cp037"): packed(number, 9),
        ("COMP", "cp037"): struct.pack(">i", number),
        ("COMP-5", "ascii"): struct.pack("<i", number),
        ("", "cp037"): zoned(number, 9),
        ("SIGN LEADING SEPARATE", "ascii"): f"{'-' if number < 0 else '+'}{digits}".encode(),
        ("", "ascii"): (digits[:-1] + marks["ascii"][int(digits[-1])]).encode()
        if number < 0
        else digits.encode(),
    }
    for (usage, encoding), raw in stored.items():
        root = parse(f"01 R. 05 A {pic} {usage}.", "c.cpy")
        (item,) = root.items
        assert item.size == len(raw)
        assert decoder(item, encoding)(raw) == wanted


@given(st.binary(max_size=60), st.sampled_from(["fixed", "lines", "rdw"]))
def test_no_bytes_end_in_anything_but_rows_rejections_or_words(tmp_path_factory, data, cut):
    source = book(tmp_path_factory.mktemp("cobol"), data=data, copybook={"cut": cut})
    with suppress(MisconfiguredError):
        list(source.read(Query("cust")))


def test_floats_are_read_as_the_machine_of_the_encoding_writes_them():
    root = parse("01 R. 05 A COMP-1. 05 B COMP-2.", "c.cpy")
    single, double = (decoder(item, "cp037") for item in root.items)
    assert single(bytes.fromhex("C276A000")) == -118.625
    assert double(bytes.fromhex("4110000000000000")) == 1.0
    assert decoder(root.items[1], "ascii")(struct.pack("<d", 2.5)) == 2.5
