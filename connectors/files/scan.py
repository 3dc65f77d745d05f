"""Look at a file before it is read: is it of the declared encoding, and which content is it?"""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass

from connectors.errors import MisconfiguredError
from connectors.files.stored import Stamp, Stored, opened, unchanged

_CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class Scan:
    """What a file was when it was looked at. `quotes` counts the bytes of the quote character."""

    stamp: Stamp
    sha256: str
    quotes: int
    nuls: int


def scan(file: Stored, quote: str) -> Scan:
    """Read a file once as bytes."""
    digest = hashlib.sha256()
    mark = quote.encode()
    quotes = nuls = 0
    before = file.stamp()
    with opened(file) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            quotes += chunk.count(mark) if mark else 0
            nuls += chunk.count(0)
    unchanged(file, before)
    return Scan(before, digest.hexdigest(), quotes, nuls)


def prove(file: Stored, encoding: str) -> None:
    """Raise MisconfiguredError with line and byte of the first place that is not `encoding`."""
    decoder = codecs.getincrementaldecoder(encoding)()
    place = lines = 0
    with opened(file) as stream:
        while True:
            chunk = stream.read(_CHUNK)
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                at = error.start - held if isinstance(error, UnicodeDecodeError) else 0
                line = lines + chunk[: max(at, 0)].count(b"\n") + 1
                raise MisconfiguredError(
                    f"{file.name}:{line}: byte {place + at + 1} is not {encoding}; "
                    "set encoding to what the file is in (cp1252, latin-1, utf-16, …)"
                ) from None
            if not chunk:
                return
            place += len(chunk)
            lines += chunk.count(b"\n")
