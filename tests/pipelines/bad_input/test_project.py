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
