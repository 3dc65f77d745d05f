"""The themes of an installation, read once: what pages are told of them, and their files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from idp_core.errors import SettingsError
from idp_core.pages.theme import Theme
from idp_core.site import colours
from idp_core.site.config import FILE, ServeConfig
from idp_core.site.theme import KINDS, ClientTheme, ThemeSettings

_LARGEST = 256 * 1024


@dataclass(frozen=True, slots=True)
class Look:
    """A theme and its files: each a path below ``/``, its content type and its bytes."""

    theme: Theme
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict, repr=False)


def read(config: ServeConfig, folder: Path) -> Mapping[str, Look]:
    """Return the looks by name; that of the installation is "". Raises SettingsError."""
    named = {name: _look(name, said, config, folder) for name, said in config.themes.items()}
    return {"": _look("", config.theme, config, folder), **named}


def _look(name: str, said: ThemeSettings, config: ServeConfig, folder: Path) -> Look:
    key, path = (f"themes.{name}", f"theme/{name}") if name else ("theme", "theme")
    own = said if isinstance(said, ClientTheme) else None
    files: dict[str, tuple[str, bytes]] = {}
    style = _rules(said) + (_file(folder, said.css, f"{key}.css") if said.css else b"")
    if style:
        files[f"{path}.css"] = ("text/css; charset=utf-8", style)
    if said.logo:
        kind = KINDS[said.logo.suffix]
        files[f"{path}.logo"] = (kind, _file(folder, said.logo, f"{key}.logo"))
    theme = Theme(
        (own and own.name) or config.name,
        _url(f"{path}.css", files),
        _url(f"{path}.logo", files),
        (own and own.sender) or "",
    )
    return Look(theme, files)


def _rules(said: ThemeSettings) -> bytes:
    """Return the colours as rules; those for the dark are said anew, as these come last."""
    light: dict[str, str] = {}
    dark: dict[str, str] = {}
    if said.accent is not None:
        light |= {"accent": said.accent, "on-accent": "#fff"}
        dark |= {"accent": colours.lighter(said.accent), "on-accent": colours.DARK_GROUND}
    if said.ground is not None:
        light["ground"], dark["ground"] = said.ground, colours.DARK_GROUND
    if not light:
        return b""
    at_night = f"@media (prefers-color-scheme: dark) {{ {_root(dark)} }}"
    return f"{_root(light)}\n{at_night}\n".encode()


def _root(named: Mapping[str, str]) -> str:
    said = " ".join(f"--{name}: {colour};" for name, colour in named.items())
    return f":root {{ {said} }}"


def _file(folder: Path, path: Path, key: str) -> bytes:
    try:
        found = (folder / path).read_bytes()
    except OSError as error:
        raise SettingsError(f"{FILE} {key}: {path} cannot be read ({error.strerror})") from None
    if len(found) > _LARGEST:
        raise SettingsError(f"{FILE} {key}: {path} is larger than 256 KB; make it smaller")
    return found


def _url(path: str, files: Mapping[str, tuple[str, bytes]]) -> str | None:
    """Return where browsers get a file; another content has another address, so none is stale."""
    if path not in files:
        return None
    return f"/{path}?v={hashlib.sha256(files[path][1]).hexdigest()[:12]}"
