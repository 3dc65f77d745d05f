"""``serve.yaml``: how the login of an installation is served."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field

from idp_core.profiles import policyfile
from idp_core.profiles.policyfile import Strict

FILE = "serve.yaml"
_LOCAL = {"localhost", "127.0.0.1", "[::1]", "::1"}


def _issuer(url: str) -> str:
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in _LOCAL
    if not parts.hostname or not (parts.scheme == "https" or local):
        raise ValueError("write https://host (http:// only for localhost)")
    if parts.path or parts.query or parts.fragment or parts.username:
        raise ValueError("write scheme, host and port alone, without a slash at the end")
    return f"{parts.scheme}://{parts.netloc.casefold()}"


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("write address:port, such as 127.0.0.1:8080")
    return text


class Part(Strict):
    """A part of the file; the text below a key is what the reference page says of it."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class KeySettings(Part):
    """Signing keys."""

    rotate_days: Annotated[int, Field(ge=7, le=730)] = 90
    """After how many days another key signs; it is published a day before."""


class ServeConfig(Part):
    """The whole of ``serve.yaml``."""

    issuer: Annotated[str, AfterValidator(_issuer)] = "http://localhost:8080"
    """How browsers and clients reach the login; tokens are issued in this name."""
    listen: Annotated[str, AfterValidator(_address)] = "127.0.0.1:8080"
    """Where it listens; a proxy with the certificate stands before it."""
    hosts: tuple[str, ...] = ()
    """What a Host header may say beside the issuer's host."""
    proxies: tuple[str, ...] = ()
    """Addresses of proxies whose `X-Forwarded-For` is believed."""
    name: Annotated[str, Field(min_length=1, max_length=60)] = "Isthmus"
    """What the pages call the place people log in to."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes; on SQLite one is the most there is use for."""
    metrics: bool = True
    """Whether `/metrics` answers whoever asks from a private network and through no proxy."""
    keys: KeySettings = KeySettings()
    """Signing keys."""

    @property
    def served_hosts(self) -> frozenset[str]:
        """What a Host header may say, in small letters."""
        return frozenset({urlsplit(self.issuer).netloc, *(h.casefold() for h in self.hosts)})


def read(path: Path) -> ServeConfig:
    """Read the file. Raises PolicyError naming file, line, key and mend."""
    return policyfile.read(ServeConfig, path)


STARTER = """\
# How the login is served; `isthmus serve` wrote this file, and it is yours now.
# Every key: docs/reference/serve.md.
issuer: http://localhost:8080   # how browsers reach it; https://… for everybody but this machine
listen: 127.0.0.1:8080
name: Isthmus
"""


def read_or_make(path: Path) -> tuple[ServeConfig, bool]:
    """Read the file, written with the defaults if it is not there; tell whether it was made."""
    made = not path.exists()
    if made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STARTER, encoding="utf-8")
    return read(path), made
