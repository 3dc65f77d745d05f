"""Stores of objects by fsspec: S3 and what speaks like it, Google, Azure, and others."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict

from connectors.errors import ConnectorError, MisconfiguredError, TransientError, UnauthorizedError
from connectors.fields import did_you_mean
from connectors.files.fetched import Fetched, Way, afar
from connectors.files.places import Address
from connectors.files.stored import Stamp, Stored
from connectors.secrets import Secret

_DRIVERS = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "az": "adlfs",
    "oci": "ocifs",
    "oss": "ossfs",
    "hdfs": "pyarrow",
    "smb": "smbprotocol",
    "memory": "fsspec",
}
"""The schemes that are read, and the package that each wants. No http: REST is for that."""


class StorageOptions(BaseModel):
    """What fsspec's driver for a store of objects wants to be told."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    options: dict[str, Any] = {}
    """What the driver takes, such as `endpoint_url` or `anon: true` for S3. Never secrets."""
    secrets: dict[str, Secret] = {}
    """References to what it takes as secrets: `key` and `secret` for S3."""


@contextmanager
def cloud_place(address: Address, options: StorageOptions) -> Iterator[CloudPlace]:
    """Give the files of a store; all copies end with the block."""
    driver = _DRIVERS.get(address.scheme)
    if driver is None:
        raise MisconfiguredError(
            f"{address.scheme}://: no such kind of place{did_you_mean(address.scheme, known())}"
        )
    secrets = {name: secret.reveal() for name, secret in options.secrets.items()}
    try:
        fsspec = importlib.import_module("fsspec")
        with _told(str(address)):
            store = fsspec.filesystem(
                address.scheme, **options.options, **secrets, use_listings_cache=False
            )
    except ImportError:
        raise MisconfiguredError(
            f"{address.scheme}:// needs the extra 'storage' and a driver; "
            f"pip install 'isthmus[storage]' {driver}"
        ) from None
    with tempfile.TemporaryDirectory() as folder:
        yield CloudPlace(address, store, Path(folder))


def known() -> tuple[str, ...]:
    """The schemes of addresses."""
    return ("sftp", *_DRIVERS)


class CloudPlace:
    """The files of a store, while it is open."""

    def __init__(self, address: Address, store: Any, folder: Path) -> None:
        self._address, self._store, self._folder = address, store, folder
        self._way = Way(self._stamp, self._read, self._copy)

    def files(self) -> dict[str, Stored]:
        """Return what the address means: a file, all below a folder, or a pattern."""
        base = f"{self._address.host}{self._address.path}".rstrip("/")
        with _told(str(self._address)):
            magic = any(sign in base for sign in "*?[")
            if magic:
                found = self._store.glob(base, detail=True)
                fixed = base[: min(base.index(sign) for sign in "*?[" if sign in base)]
                root = fixed.rpartition("/")[0]
            else:
                found = self._store.find(base, detail=True)
                root = base if base.lstrip("/") not in {p.lstrip("/") for p in found} else ""
                root = root or base.rpartition("/")[0]
        files: dict[str, Stored] = {}
        for path, info in sorted(found.items()):
            name = path.lstrip("/").removeprefix(root.lstrip("/")).lstrip("/")
            if info.get("type") == "file" and not _hidden(name):
                files[name] = Fetched(path, self._stamp(path), self._way, self._folder)
        if not files:
            raise MisconfiguredError(f"{self._address}: no such file; check path")
        return files

    def _stamp(self, path: str) -> Stamp:
        with _told(path):
            size = int(self._store.info(path)["size"])
            return Stamp(size, int(self._store.ukey(path)[:15], 16))

    def _read(self, path: str) -> BinaryIO:
        with _told(path):
            return afar(self._store.open(path, "rb"), lambda: _told(path))

    def _copy(self, path: str, copy: Path) -> None:
        with _told(path):
            self._store.get_file(path, str(copy))


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


@contextmanager
def _told(place: str) -> Iterator[None]:
    """Turn what a driver raises into words of ours: each has errors of its own."""
    try:
        yield
    except (ConnectorError, ImportError):
        raise
    except FileNotFoundError:
        raise TransientError(f"{place}: went away, or was never there; check path") from None
    except PermissionError:
        raise UnauthorizedError(f"{place}: access is refused; check storage.secrets") from None
    except (TypeError, ValueError) as error:
        raise MisconfiguredError(
            f"{place}: the driver refuses storage.options ({type(error).__name__})"
        ) from None
    except Exception as error:  # noqa: BLE001
        kind = type(error).__name__
        if "Credential" in kind or "Auth" in kind:
            raise UnauthorizedError(f"{place}: {kind}; check storage.secrets") from None
        raise TransientError(f"{place}: cannot be read ({kind})") from None
