"""Field types that connector settings share.

Paths in a project are relative to its folder. The registry passes that folder as the validation
context ``{"base": Path}``; without one, paths are relative to the working directory.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo


def base_of(info: ValidationInfo) -> Path:
    """The folder that relative paths start from."""
    context = info.context if isinstance(info.context, dict) else {}
    return Path(context.get("base", "."))


def _from_base(path: Path, info: ValidationInfo) -> Path:
    return base_of(info) / path.expanduser()


LocalPath = Annotated[Path, AfterValidator(_from_base)]
"""A path of this machine, made absolute or relative to the project's folder."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """``; did you mean 'lower'?`` when a known name is near, else up to 12 known ones."""
    names = sorted(set(known))
    near = get_close_matches(wrong, names, n=1) or [n for n in names if n.lower() == wrong.lower()]
    if near:
        return f"; did you mean {near[0]!r}?"
    if not names:
        return ""
    return "; known: " + ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
