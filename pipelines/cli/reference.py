"""The tables of the command line's reference page, made of the commands; a test keeps it true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

MARK = re.compile(r"<!-- command: ([a-z -]+) -->\n(.*?)<!-- end -->\n", re.DOTALL)
"""The place of a command in the page: its usage and options stand between the two."""

_UNTOLD = {"help", "install_completion", "show_completion"}
_HEAD = ("| argument or option | default | what it says |", "| --- | --- | --- |")
_SHARED = ("--project", "--json")
"""What most commands take; the page explains these once."""


def commands(app: typer.Typer) -> dict[str, Any]:
    """Return every command by its words (``mapping check``); the root is ``isthmus``."""
    root = typer.main.get_command(app)
    return {" ".join(words) or "isthmus": command for words, command in _below((), root)}


def _below(words: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", {})
    if not inner or not words or command.callback is not None:
        yield words, command
    for name, each in inner.items():
        yield from _below((*words, name), each)


def described(words: str, command: Any) -> str:
    """Return a command as Markdown: its usage, its help and a table of what it takes."""
    given = [each for each in command.params if each.name not in _UNTOLD]
    rows = [_row(each) for each in given if each.opts[0] not in _SHARED or words == "isthmus"]
    lines = [f"`{_usage(words, command)}`", "", " ".join(command.help.replace("``", "`").split())]
    if rows:
        lines += [
            "",
            "| argument or option | default | what it says |",
            "| --- | --- | --- |",
            *rows,
        ]
    shared = [f"`{each.opts[0]}`" for each in given if each.opts[0] in _SHARED]
    if shared and words != "isthmus":
        lines += ["", f"Takes {' and '.join(shared)}, too."]
    return "\n".join([*lines, ""])


def _usage(words: str, command: Any) -> str:
    said = ["isthmus"] if words == "isthmus" else ["isthmus", words]
    for each in command.params:
        if each.param_type_name == "argument":
            name = _named(each) + ("…" if each.nargs == -1 else "")
            said.append(name if each.required else f"[{name}]")
    return " ".join([*said, "[OPTIONS]"])


def _row(param: Any) -> str:
    if param.param_type_name == "argument":
        name = _named(param)
    else:
        taken = "" if param.is_flag else f" {_metavar(param)}"
        name = ", ".join(f"{opt}{taken}" for opt in [*param.opts, *param.secondary_opts])
    words = " ".join((param.help or "").replace("|", "\\|").split())
    return f"| `{name}` | {_default(param)} | {words} |"


def _metavar(param: Any) -> str:
    choices = param.type_descriptor.choices
    return "|".join(map(str, choices)) if choices else _named(param)


def _named(param: Any) -> str:
    return str(param.metavar or param.name.strip("_").upper().replace("_", "-"))


def _default(param: Any) -> str:
    if param.required:
        return "required"
    if isinstance(param.show_default, str):
        return param.show_default
    if param.default in (None, (), [], False) or param.show_default is False:
        return ""
    return f"`{param.default}`"


def with_commands(page: str, app: typer.Typer) -> str:
    """Return the page with what stands between its marks made anew."""
    known = commands(app)

    def anew(found: re.Match[str]) -> str:
        words = found[1]
        body = described(words, known[words]) if words in known else ""
        return f"<!-- command: {words} -->\n{body}<!-- end -->\n"

    return MARK.sub(anew, page)
