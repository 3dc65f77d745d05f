"""What a user sees of files of a project that are half written or wrong; nothing is touched."""

from __future__ import annotations

import os
import re

import pytest

from pipelines.bus import open_workspace
from pipelines.errors import ProjectError
from pipelines.project import load_project
from tests.pipelines.bad_input.conftest import MAPPING, PUSH, Place, mend

PROJECTS = {
    "empty": ("", r"isthmus\.yaml:1:1 yaml: the file is empty"),
    "no keys": (
        "- project\n",
        r"isthmus\.yaml:1:1 yaml: write keys and values, such as project: shop",
    ),
    "cut off": ("project: harmed\nsources: {shop: {connector: {type: fi", r"isthmus\.yaml:2:\d+ "),
    "a word alone": ("project: harmed\nsources\n", r"isthmus\.yaml:\d:\d+ "),
    "a tab": ("project: harmed\nsources:\n\tshop: {}\n", r"isthmus\.yaml:3:1 .*indent with spaces"),
    "a key twice": ("project: a\nproject: b\n", r"isthmus\.yaml:2:1 .*is here twice.*line 1"),
    "a wrong key": ("project: a\nsourcs: {}\n", r"yaml:2:1 sourcs: unknown key.*mean 'sources'"),
    "a wrong name": ("project: My Shop\n", r"yaml:1:1 project: write small letters"),
    "a list of sources": ("project: a\nsources: [x]\n", r"yaml:2:1 sources: input should be a"),
    "a word for a number": (
        "project: a\nsources: {x: {connector: {type: files, path: x}, max_shrink: some}}\n",
        r"yaml:2:\d+ sources\.x\.max_shrink: input should be a valid number",
    ),
    "no project": ("sources: {}\n", r"yaml:1:1 project: is required"),
    "itself within": ("project: &a [*a]\n", r"isthmus\.yaml:1:1 .*anchors blow this file up"),
    "ten billion": (
        "project: x\n"
        + "".join(
            f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 10)}]\n" for n in range(10)
        ),
        r"isthmus\.yaml:1:1 .*anchors blow this file up",
    ),
    "too deep": ("project: " + "[" * 500 + "]" * 500, r"isthmus\.yaml:1:1 .*nested too deeply"),
    "a tag": ("project: !!python/object:os.system {}\n", r"yaml:1:10 .*tags such as .* not read"),
    "latin-1": (
        "project: h\xe4rmed\n".encode("latin-1"),
        r"isthmus\.yaml: cannot be read: byte 11 is not UTF-8; save it",
    ),
    "rubbish": (
        bytes(range(256)),
        r"isthmus\.yaml: cannot be read: byte 129 is not UTF-8; save it",
    ),
    "NUL": ("project: a\0b\n", r"isthmus\.yaml:1:1 .*not allowed in YAML"),
}
"""Texts of ``isthmus.yaml``, and the line that a user gets."""


@pytest.mark.parametrize(("text", "line"), PROJECTS.values(), ids=PROJECTS)
def test_a_project_that_cannot_be_meant_is_told_by_its_line(place: Place, text, line):
    place.write("isthmus.yaml", text)
    said = place.sync()
    assert (said.code, said.out) == (2, "")
    assert re.search(line, said.err), said.err
    place.project()
    assert place.is_unharmed()


CONNECTORS = {
    "an unknown type": (
        "{type: fles, path: x}",
        r"yaml:4:\d+ .*: unknown connector type 'fles'; did you mean 'files'",
    ),
    "no type": ("{path: x}", r"yaml:4:\d+ sources\.shop\.connector: the key 'type' is missing"),
    "an unknown setting": ("{type: files, pth: x}", r"yaml:4:\d+ .*pth: unknown setting.*'path'"),
    "a wrong setting": ("{type: files, path: x, header: some}", r"yaml:4:\d+ .*header: "),
    "a password in sight": (
        "{type: sql, url: 'postgresql://h/d', password: geheim}",
        r"yaml:4:\d+ sources\.shop\.connector\.password: write env:NAME",
    ),
    "a password in the address": (
        "{type: sql, url: 'postgresql://u:geheim@h/d'}",
        r"yaml:4:\d+ sources\.shop\.connector\.url: holds a password",
    ),
    "a list": ("[files]", r"yaml:4:\d+ sources\.shop\.connector: input should be a"),
}


@pytest.mark.parametrize(("source", "line"), CONNECTORS.values(), ids=CONNECTORS)
def test_a_connector_that_is_described_wrongly_is_told_by_its_line(place, source, line):
    place.project(source=source)
    if "sql" in source:
        place.write("mappings/shop.yaml", MAPPING.replace("connector: files", "connector: sql"))
    said = place.sync()
    assert said.code == 2
    assert re.search(line, said.err), said.err
    assert "geheim" not in said.err
    mend(place)


@pytest.mark.parametrize(
    "file", ["isthmus.yaml", "mappings/shop.yaml", "mappings/portal.push.yaml"]
)
def test_a_file_that_is_not_there_is_a_folder_or_may_not_be_read_is_told(place, file):
    path = place.folder / file
    path.unlink()
    said = place.sync()
    assert said.code == 2
    assert re.search(f"{file}: no such file; ", said.err)
    path.mkdir()
    said = place.sync()
    assert said.code == 2
    assert re.search(f"{file}: cannot be read: Is a directory", said.err)
    path.rmdir()
    path.symlink_to(path)
    said = place.sync()
    assert said.code == 2
    assert re.search(f"{file}: cannot be read: .*symbolic links", said.err)
    path.unlink()
    if os.geteuid() != 0:
        path.touch(mode=0)
        said = place.sync()
        assert said.code == 2
        assert re.search(f"{file}: cannot be read: Permission denied", said.err)
        path.unlink()
    mend(place)


def test_a_byte_order_mark_and_the_line_ends_of_windows_mean_nothing(place):
    for file in ("isthmus.yaml", "mappings/shop.yaml", "mappings/portal.push.yaml"):
        text = (place.folder / file).read_text("utf-8")
        place.write(file, "\ufeff" + text.replace("\n", "\r\n"))
    said = place.sync()
    assert said.code == 0, said.err
    assert place.is_unharmed()


WHOLE = {"mappings/shop.yaml": MAPPING, "mappings/portal.push.yaml": PUSH}


@pytest.mark.parametrize("file", WHOLE)
def test_a_file_that_is_cut_anywhere_is_read_or_told_by_its_line(place: Place, file):
    """As an editor or a copy leaves it that is half done."""
    for end in range(len(WHOLE[file])):
        place.write(file, WHOLE[file][:end])
        workspace = open_workspace(load_project(place.folder))
        try:
            workspace.push("portal") if "push" in file else workspace.mapping("shop")
        except ProjectError as error:
            for line in str(error).splitlines():
                assert re.match(rf".*{file}:\d+:\d+ .", line)


@pytest.mark.parametrize("file", WHOLE)
@pytest.mark.parametrize("share", [0, 0.3, 0.7])
def test_a_file_that_is_half_written_touches_nothing(place: Place, file, share):
    text = WHOLE[file]
    place.write(file, text[: int(share * text.index("given")) if share else 0])
    said = place.sync()
    assert said.code == 2
    assert re.search(rf"{file}:\d+:\d+ ", said.err)
    assert place.is_unharmed()
    mend(place)


BESIDE: dict[str, tuple[str, str, str | bytes, str]] = {
    "a suite cut off": ("", "quality/shop.json", '{"exp', r"shop\.json:1:2: not JSON: "),
    "a suite of another kind": ("", "quality/shop.json", "[]", r"shop\.json: must be an object"),
    "a suite that is no text": (
        "",
        "quality/shop.json",
        b"\xff",
        r"shop\.json: .*byte 1 is not UTF",
    ),
    "a suite of nothing": (
        "",
        "quality/shop.json",
        '{"expectations": [{"type": "expect_colum", "kwargs": {}}]}',
        r"shop\.json:1 expectations\[0\]: unknown expectation 'expect_colum'",
    ),
    "a policy cut off": (
        "policies: {survivorship: p.yaml}",
        "p.yaml",
        "attributes: {email: [",
        r"p\.yaml:1:22 yaml: expected the node content",
    ),
    "a policy within itself": (
        "policies: {identifiers: p.yaml}",
        "p.yaml",
        "a: &a [*a]\n",
        r"p\.yaml:1:1 yaml: anchors blow this file up",
    ),
    "a policy of a wrong day": (
        "policies: {survivorship: p.yaml}",
        "p.yaml",
        "default: 2024-02-30\n",
        r"p\.yaml: a value is none that YAML can hold; put it in quotes",
    ),
    "a policy twice": (
        "policies: {survivorship: p.yaml}",
        "p.yaml",
        "attributes: {}\nattributes: {}\n",
        r"p\.yaml:2:1 yaml: the key 'attributes' is here twice; it is on line 1 already",
    ),
    "a policy of another kind": ("policies: {survivorship: p.yaml}", "p.yaml", "- a", "write keys"),
    "a policy not there": ("policies: {survivorship: q.yaml}", "p.yaml", "", r"q\.yaml: cannot be"),
    "attributes of no type": (
        "schema: own.yaml",
        "own.yaml",
        "attributes: {shoe: {type: txt}}\n",
        r"own\.yaml:1:27 attributes\.shoe\.type: unknown type 'txt'; did you mean 'text'",
    ),
    "a database of another kind": (
        "database: mysql://h/d",
        "x",
        "",
        "'mysql' is not supported; use",
    ),
    "data where a file is": ("data: x", "x", "", r"x: cannot be made or written \(File exists\)"),
}


@pytest.mark.parametrize(("more", "file", "text", "line"), BESIDE.values(), ids=BESIDE)
def test_another_file_of_the_project_that_is_wrong_touches_nobody(place, more, file, text, line):
    place.project(more=more + "\n")
    place.write(file, text)
    said = place.sync()
    assert said.code == 2
    assert re.search(line, said.err), said.err
    (place.folder / file).unlink()
    place.project()
    assert place.is_unharmed()
