"""What a user sees of a bad file, and that nobody downstream does."""

from __future__ import annotations

import gzip
import random
import re

import pytest

from tests.pipelines.bad_input.conftest import GOOD, HEADER, LINES, Place, mend

RUBBISH = random.Random(1).randbytes(5_000)
REFUSED = {
    "UTF-16": (GOOD.encode("utf-16"), 4, r"customers\.csv: is full of NUL bytes.* utf-16"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), 4, "is full of NUL bytes.* utf-16"),
    "latin-1": (
        GOOD.replace("Given3", "Gïven3").encode("latin-1"),
        4,
        r"customers\.csv:4: byte \d+ is not utf-8; set encoding to what the file is in \(cp1252",
    ),
    "rubbish": (RUBBISH, 4, r"customers\.csv:\d+: byte \d+ is not utf-8"),
    "packed": (gzip.compress(GOOD.encode()), 4, r"customers\.csv:1: byte \d is not utf-8"),
    "a web page": ("<html><body>Log in</body></html>", 4, "cannot be read as CSV; check delim"),
    "no bytes": ("", 4, r"customers\.csv: is empty, not even a header is there"),
    "blank lines": ("\n\n\n", 4, r"customers\.csv: is empty, not even a header is there"),
    "a name twice": (
        GOOD.replace("first,last", "first,first"),
        4,
        r"customers\.csv:1: two columns are named 'first'; rename one",
    ),
    "two names alike": (
        GOOD.replace("first,last", "last,LAST"),
        1,
        "shop: the rows have two columns that differ only in case, 'last' and 'LAST'; leave one",
    ),
    "a name is missing": (
        GOOD.replace(",first,", ",,"),
        2,
        r"mappings/shop\.yaml:6:3 fields\.given_name: the source has no column 'first'; known: ",
    ),
    "a column renamed": (
        GOOD.replace("mail,", "email,", 1),
        2,
        r"mappings/shop\.yaml:5:3 fields\.email: .* no column 'mail'; did you mean 'email'",
    ),
    "the key renamed": (
        GOOD.replace("id,", "nr,", 1),
        2,
        r"mappings/shop\.yaml:1:1 key: the source has no column 'id'; known: first, last, mail, nr",
    ),
    "another delimiter": (
        GOOD.replace(",", ";"),
        2,
        "the source has no column 'id'; known: id;mail;first;last",
    ),
    "a header alone": (
        HEADER,
        3,
        r"shop: 20 of 20 known records are gone .*> max_shrink 20%\)\. Nothing was deleted; ",
    ),
    "other keys": (
        GOOD.replace("\n", "\nX").removesuffix("X"),
        3,
        "20 of 20 known records are gone.*keys not known before: 20: is the key still the same",
    ),
    "half of it": (HEADER + "".join(LINES[:10]), 3, "shop: 10 of 20 known records are gone"),
    "nearly all of another width": (
        HEADER + "".join(f"0,{line}" for line in LINES),
        3,
        "20 of 20 known records are gone.*rows that cannot be read or have no key: 20",
    ),
    "a key twice": (
        GOOD + LINES[2],
        3,
        r"unique.*2 of 21 rows.*mappings/shop\.yaml:1:1.*Nothing of it was stored",
    ),
    "columns changed places": (
        GOOD.replace("mail,first", "first,mail"),
        3,
        (
            r"20 of 20 rows became dead letters \(100% > max_dead 50%\), most often for "
            r"email at step email\. What passed is stored; look at isthmus deadletters"
        ),
    ),
    "no keys": (
        re.sub(r"(?m)^\d+", "", GOOD),
        3,
        r"key.*20 of 20 rows.*Nothing of it was stored",
    ),
}


@pytest.mark.parametrize(("content", "code", "line"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_be_meant_stops_its_source_and_nothing_else(place, content, code, line):
    place.write("customers.csv", content)
    said = place.sync()
    assert said.code == code
    assert re.search(line, said.err)
    assert "portal: 20 unchanged" in said.out
    assert place.is_unharmed()
    mend(place)


READ = {
    "a byte-order mark": "\ufeff" + GOOD,
    "the lines of Windows": GOOD.replace("\n", "\r\n"),
    "the lines of old": GOOD.replace("\n", "\r"),
    "no end of the last line": GOOD.removesuffix("\n"),
    "blanks around the names": GOOD.replace(HEADER, " id , mail , first , last \n"),
    "one more column": GOOD.replace("\n", ",\n").replace("last,", "last,zip"),
}


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_what_can_only_mean_one_thing_is_read(place, content):
    place.write("customers.csv", content)
    said = place.sync()
    assert (said.code, place.letters()) == (0, [])
    assert "shop: 20 rows read, 0 new, 0 changed, 0 deleted, 0 dead letters" in said.out
    assert place.is_unharmed()


NAMELESS = {
    "a quote that is never closed": (
        GOOD.replace("Given3,", '"Given3,'),
        r"customers\.csv:4",
        "a quote is never closed",
    ),
    "the same in the last line": (
        GOOD.replace("Family20", '"Family20'),
        r"customers\.csv:21",
        "a quote is never closed",
    ),
    "a NUL in the key": (
        GOOD.replace("\n3,", "\n\0003,"),
        r"customers\.csv:4",
        "holds a NUL character",
    ),
    "one value too many": (
        GOOD.replace("\n3,", "\n3,3,"),
        r"customers\.csv:4",
        "5 columns where 4 were expected",
    ),
    "a cut-off line": (
        GOOD.removesuffix(",Given20,Family20\n"),
        r"customers\.csv:21",
        "2 columns where 4 were expected",
    ),
    "no key": (GOOD.replace("\n3,", "\n,"), "customers row 3", "the row has no key"),
}


@pytest.mark.parametrize(("content", "where", "why"), NAMELESS.values(), ids=NAMELESS)
def test_a_row_that_nobody_can_tell_is_kept_and_deletes_nobody(place, content, where, why):
    place.write("customers.csv", content)
    said = place.sync()
    assert said.code == 0
    assert "shop: 20 rows read, 0 new, 0 changed, 0 deleted, 1 dead letters" in said.out
    assert re.search("missing: 1; .* may be these: 1. Nothing was deleted; mend the rows", said.err)
    (letter,) = place.letters()
    assert re.fullmatch(where, letter.place)
    assert letter.reasons[0]["reason"] == why
    assert place.is_unharmed()
    mend(place)


def test_deletions_that_were_held_back_follow_when_every_row_can_be_told(place):
    place.write("customers.csv", GOOD.replace(LINES[2], "").replace("\n5,", "\n,"))
    assert "missing: 2; " in place.sync().err
    assert place.is_unharmed()
    place.write("customers.csv", GOOD.replace(LINES[2], ""))
    assert "shop: 19 rows read, 0 new, 0 changed, 1 deleted" in place.sync().out
    assert len(place.active()) == 19


def test_a_bad_value_is_kept_with_its_row_and_changes_nobody(place):
    place.write("customers.csv", GOOD.replace("@mail", "(at)mail"))
    said = place.sync()
    assert "shop: 20 rows read, 0 new, 0 changed, 0 deleted, 20 dead letters" in said.out
    assert said.code == 3
    assert len(place.letters()) == 20
    assert place.is_unharmed()
    mend(place)


def test_a_key_of_a_million_characters_is_a_key(place: Place):
    place.write("customers.csv", GOOD + "k" * 1_000_000 + LINES[0].removeprefix("1"))
    assert "1 new" in place.sync().out
    assert "0 new, 0 changed" in place.sync().out
    place.write("customers.csv", GOOD + "k" * 1_000_000 + ",not an address,A,B\n")
    said = place.sync()
    assert "0 changed, 0 deleted, 1 dead letters" in said.out
    assert len(place.keys()) == 21
    assert len(said.err) < 10_000


def test_a_value_of_ten_megabytes_is_a_value(place):
    place.write("customers.csv", GOOD.replace("Family3,", "F" * 10_000_000 + ","))
    assert place.sync().code == 0
    place.write("customers.csv", GOOD.replace("Family3\n", "F" * 10_000_000 + "\n"))
    said = place.sync()
    assert "0 new, 1 changed, 0 deleted, 0 dead letters" in said.out
    assert len(said.out + said.err) < 10_000
    mend(place)


def test_a_missing_file_is_named(place):
    (place.folder / "customers.csv").unlink()
    said = place.sync()
    assert (said.code, place.is_unharmed()) == (4, True)
    assert re.search(r"shop: .*customers\.csv: no such file; check path", said.err)
    (place.folder / "customers.csv").mkdir()
    said = place.sync()
    assert (said.code, place.is_unharmed()) == (4, True)
    assert re.search(r"shop: .*customers\.csv: no file is in this folder; check path", said.err)
    mend(place)


def test_who_was_gone_for_a_day_comes_back_to_the_same_account(place):
    before = {account.key: account.id for account in place.accounts.values()}
    place.write("customers.csv", GOOD.replace(LINES[2], ""))
    assert "portal: 1 deactivate, 19 unchanged" in place.sync().out
    assert "customer3@mail.test" not in place.active()
    place.write("customers.csv", GOOD)
    assert "portal: 1 update, 19 unchanged" in place.sync().out
    assert len(place.active()) == 20
    assert {account.key: account.id for account in place.accounts.values()} == before
