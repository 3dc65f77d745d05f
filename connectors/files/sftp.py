"""SFTP by paramiko: a server known by its key, or no word is said to it.

One connection serves one reading. The server's key is pinned in the settings: trust on first use
would trust whoever answers first.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import io
import logging
import socket
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from pydantic import BaseModel, ConfigDict, PositiveFloat, field_validator, model_validator

from connectors.errors import MisconfiguredError, TransientError, UnauthorizedError
from connectors.files.fetched import Fetched, Way, afar
from connectors.files.places import Address, Entry, remote_files
from connectors.files.stored import Stamp, Stored
from connectors.secrets import Secret

if TYPE_CHECKING:
    import paramiko

_PORT = 22
_SECOND = 1_000_000_000
_LOGGER = "connectors.sftp"


class SftpOptions(BaseModel):
    """How to log in at an SFTP server, and which server it must be."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    host_keys: tuple[str, ...]
    """The server's keys: `ssh-ed25519 AAAA…`, or fingerprints `SHA256:…`; two while one changes."""
    password: Secret | None = None
    """A reference to the password."""
    key: Secret | None = None
    """A reference to our private key in OpenSSH's or PEM form, such as `file:~/.ssh/id_ed25519`."""
    passphrase: Secret | None = None
    """A reference to the passphrase of `key`."""
    connect_timeout: PositiveFloat = 10.0
    """Seconds to wait for a connection and for each step of the login."""
    read_timeout: PositiveFloat = 60.0
    """Seconds to wait for the next bytes."""

    @field_validator("host_keys")
    @classmethod
    def _known_forms(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if not keys:
            raise ValueError("needs one at least; ask the server's owner for it")
        for key in keys:
            _fingerprint(key)
        return keys

    @model_validator(mode="after")
    def _one_login(self) -> SftpOptions:
        if (self.password is None) == (self.key is None):
            raise ValueError("needs password or key, one of them")
        return self


@contextmanager
def sftp_place(address: Address, options: SftpOptions) -> Iterator[SftpPlace]:
    """Connect and give the files; the connection and all copies end with the block.

    Raises TransientError when nobody answers, UnauthorizedError when the login is refused,
    MisconfiguredError when the server is another one than it should be.
    """
    with _connected(address, options) as transport, tempfile.TemporaryDirectory() as folder:
        with _told(address):
            client = cast("paramiko.SFTPClient", _library().SFTPClient.from_transport(transport))
            client.get_channel().settimeout(options.read_timeout)
        yield SftpPlace(address, client, Path(folder))


class SftpPlace:
    """The files of a server, while connected."""

    def __init__(self, address: Address, client: paramiko.SFTPClient, folder: Path) -> None:
        self._address, self._client = address, client
        self._way = Way(self._stamp, self._read, self._copy)
        self._folder = folder

    def files(self) -> dict[str, Stored]:
        """Return what the address means; ``/~/`` begins at the login's own folder."""
        pattern = self._address.path
        pattern = pattern.removeprefix("/~/") if pattern.startswith("/~/") else pattern
        found = remote_files(pattern, self._look)
        if not found:
            raise MisconfiguredError(f"{self._address}: no such file; check path")
        return {
            name: Fetched(path, seen, self._way, self._folder)
            for name, (path, seen) in found.items()
        }

    def _look(self, folder: str) -> Mapping[str, Entry[tuple[str, Stamp]]] | None:
        entries: dict[str, Entry[tuple[str, Stamp]]] = {}
        try:
            with _told(self._address):
                for each in self._client.listdir_attr(folder or "."):
                    path = f"{folder.rstrip('/')}/{each.filename}" if folder else each.filename
                    if stat.S_ISLNK(each.st_mode or 0):
                        each = self._behind(path) or each  # noqa: PLW2901
                    kind = stat.S_IFMT(each.st_mode or 0)
                    if kind in {stat.S_IFREG, stat.S_IFDIR}:
                        entry = Entry(kind == stat.S_IFDIR, (path, _stamp_of(each)))
                        entries[path.rpartition("/")[2]] = entry
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:  # a server's general "failure": what is no folder cannot be listed
            return None
        return entries

    def _behind(self, link: str) -> paramiko.SFTPAttributes | None:
        """What a link leads to, if it is a file: folders behind links might lead in circles."""
        try:
            found = self._client.stat(link)
        except OSError:
            return None
        return found if stat.S_ISREG(found.st_mode or 0) else None

    def _stamp(self, path: str) -> Stamp:
        with _of_file(self._address, path):
            return _stamp_of(self._client.stat(path))

    def _read(self, path: str) -> BinaryIO:
        with _of_file(self._address, path):
            stream = self._client.open(path, "rb")
        return afar(stream, lambda: _of_file(self._address, path))

    def _copy(self, path: str, copy: Path) -> None:
        with _of_file(self._address, path), copy.open("wb") as file:
            self._client.getfo(path, file, max_concurrent_prefetch_requests=64)


def _stamp_of(found: paramiko.SFTPAttributes) -> Stamp:
    return Stamp(int(found.st_size or 0), int(found.st_mtime or 0) * _SECOND)


@contextmanager
def _connected(address: Address, options: SftpOptions) -> Iterator[paramiko.Transport]:
    library = _library()
    port = address.port or _PORT
    with _told(address):
        try:
            line = socket.create_connection((address.host, port), options.connect_timeout)
        except OSError as error:
            raise TransientError(
                f"{address}: cannot be reached ({error.strerror or 'no answer'})"
            ) from None
        logging.getLogger(_LOGGER).setLevel(logging.CRITICAL)  # it logs stacks of what we raise
        transport = library.Transport(line)
    try:
        with _told(address):
            transport.set_log_channel(_LOGGER)
            transport.banner_timeout = transport.auth_timeout = options.connect_timeout
            _prefer(transport, options)
            transport.start_client(timeout=options.connect_timeout)
            _pinned(address, transport.get_remote_server_key(), options)
            _login(address, transport, options)
        yield transport
    finally:
        transport.close()


def _prefer(transport: paramiko.Transport, options: SftpOptions) -> None:
    """Ask for a key of the kinds that are pinned: a server has several."""
    kinds = {key.split()[0] for key in options.host_keys if not key.startswith("SHA256:")}
    if "ssh-rsa" in kinds:
        kinds |= {"rsa-sha2-512", "rsa-sha2-256"}
    security = transport.get_security_options()
    wanted = tuple(kind for kind in security.key_types if kind in kinds)
    if wanted and len(kinds) == len(options.host_keys) + (2 if "ssh-rsa" in kinds else 0):
        security.key_types = wanted


def _pinned(address: Address, key: paramiko.PKey, options: SftpOptions) -> None:
    shown = _digest(key.asbytes())
    if shown not in {_fingerprint(each) for each in options.host_keys}:
        raise MisconfiguredError(
            f"{address}: the server's key is {key.get_name()} {shown}, which is none of host_keys; "
            "someone may stand between: ask the server's owner before you change it"
        )


def _login(address: Address, transport: paramiko.Transport, options: SftpOptions) -> None:
    library = _library()
    try:
        if options.password is not None:
            left = transport.auth_password(address.user, options.password.reveal())
        else:
            left = transport.auth_publickey(address.user, _private(options))
    except library.AuthenticationException:
        raise UnauthorizedError(
            f"{address}: the login was refused; check the user and the {_by(options)}"
        ) from None
    if left:
        raise UnauthorizedError(f"{address}: wants more than the {_by(options)}: {', '.join(left)}")


def _by(options: SftpOptions) -> str:
    return "password" if options.password is not None else "key"


def _private(options: SftpOptions) -> paramiko.PKey:
    library = _library()
    if options.key is None:
        raise AssertionError("the settings hold a key or a password")
    text, secret = options.key.reveal(), options.passphrase and options.passphrase.reveal()
    for kind in (library.Ed25519Key, library.ECDSAKey, library.RSAKey):
        try:
            return cast("paramiko.PKey", kind.from_private_key(io.StringIO(text), secret))
        except library.PasswordRequiredException:
            raise MisconfiguredError(
                f"{options.key}: the key has a passphrase; set sftp.passphrase"
            ) from None
        except (library.SSHException, ValueError, IndexError, UnicodeDecodeError):
            continue
    raise MisconfiguredError(
        f"{options.key}: is no Ed25519, ECDSA or RSA private key, or the passphrase is another one"
    )


def _fingerprint(key: str) -> str:
    """The form ``SHA256:…`` of a pinned key."""
    words = key.split()
    try:
        if len(words) == 1 and words[0].startswith("SHA256:"):
            base64.b64decode(words[0].removeprefix("SHA256:") + "=", validate=True)
            return words[0].rstrip("=")
        return _digest(base64.b64decode(words[1], validate=True))
    except (ValueError, IndexError):
        raise ValueError("write 'ssh-ed25519 AAAA…' or 'SHA256:…' as ssh-keygen -l does") from None


def _digest(key: bytes) -> str:
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"


@contextmanager
def _told(address: Address) -> Iterator[None]:
    """Turn what the library says of a connection into words of ours."""
    library = _library()
    try:
        yield
    except (library.SSHException, EOFError, ConnectionError, TimeoutError) as error:
        raise TransientError(f"{address}: the connection broke ({type(error).__name__})") from None


@contextmanager
def _of_file(address: Address, path: str) -> Iterator[None]:
    name = path.rpartition("/")[2]
    with _told(address):
        try:
            yield
        except FileNotFoundError:
            raise TransientError(f"{name}: went away while it was read") from None
        except PermissionError:
            raise UnauthorizedError(
                f"{name}: may not be read by {address.user}; mend the rights"
            ) from None
        except (ConnectionError, TimeoutError):
            raise
        except OSError:
            raise TransientError(f"{name}: the server could not give it") from None


def _library() -> Any:
    try:
        return importlib.import_module("paramiko")
    except ModuleNotFoundError:
        raise MisconfiguredError(
            "sftp:// needs the extra 'sftp'; pip install 'isthmus[sftp]'"
        ) from None
