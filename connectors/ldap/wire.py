"""One connection to a directory: requests built by ldap3, answers decoded as they come.

ldap3 reads a whole answer before it gives any of it and spends twenty times as long on an entry
(docs/adr/0011-ldap-library.md).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence

from connectors.errors import MisconfiguredError, TransientError
from connectors.ldap.answers import Answer, Notice, Result, decoded
from connectors.ldap.ber import SEQUENCE, span
from connectors.ldap.failures import untrusted
from connectors.ldap.protocol import Control, Request, encoded

_CHUNK = 1 << 18
_LARGEST = 1 << 28


class Wire:
    """A socket that speaks LDAP. Raises TransientError when it is lost."""

    def __init__(self, connected: socket.socket, place: str) -> None:
        self._socket = connected
        self._place = place
        self._buffer, self._at = b"", 0
        self._number = 0

    def secure(self, context: ssl.SSLContext, name: str) -> None:
        """Go on under TLS, with a server whose certificate has this name."""
        if self._at < len(self._buffer):  # it would be taken for what the server said under TLS
            raise MisconfiguredError(f"{self._place}: somebody spoke before TLS had begun")
        try:
            self._socket = context.wrap_socket(self._socket, server_hostname=name)
        except OSError as error:
            raise untrusted(error, self._place) from None

    @property
    def tls(self) -> str:
        """The version of TLS, empty without it."""
        secured = isinstance(self._socket, ssl.SSLSocket)
        return self._socket.version() or "" if secured else ""  # type: ignore[attr-defined]

    def send(self, request: Request, controls: Sequence[Control] = ()) -> int:
        """Send a request; return the number that its answers will carry."""
        self._number += 1
        try:
            self._socket.sendall(encoded(self._number, request, controls))
        except OSError as error:
            raise self._lost(error) from None
        return self._number

    def answers(self, number: int) -> Iterator[Answer]:
        """Yield the answers to one request; the last one, and only that, is a Result."""
        for ours, answer in self._messages():
            if ours == number:
                yield answer
                if isinstance(answer, Result):
                    return
            elif ours == 0:  # a notice of disconnection: section 4.4.1
                raise TransientError(f"{self._place}: the server ends the connection")
        raise TransientError(f"{self._place}: the server closed the connection; try again")

    def result(self, number: int) -> Result:
        """The one answer to a request that is no search."""
        for answer in self.answers(number):
            if isinstance(answer, Result):
                return answer
            if not isinstance(answer, Notice):
                break
        raise TransientError(f"{self._place}: an answer came that was not asked for")

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _messages(self) -> Iterator[tuple[int, Answer]]:
        try:
            while True:
                while (message := self._whole()) is not None:
                    yield decoded(message)
                more = self._socket.recv(_CHUNK)
                if not more:
                    return
                self._buffer, self._at = self._buffer[self._at :] + more, 0
        except (ValueError, IndexError):
            raise TransientError(
                f"{self._place}: the answer is no LDAP; is this the right port?"
            ) from None
        except OSError as error:
            raise self._lost(error) from None

    def _whole(self) -> bytes | None:
        """Take the next message out of the buffer, None when more of it must come first."""
        data, at = self._buffer, self._at
        if len(data) - at < 6:
            return None
        start, end = span(data, at)
        if data[at] != SEQUENCE or end - start > _LARGEST:
            raise ValueError("no LDAP message")
        if end > len(data):
            return None
        self._at = end
        return data[start:end]

    def _lost(self, error: OSError) -> TransientError:
        if isinstance(error, TimeoutError):
            return TransientError(f"{self._place}: no answer in time; see read_timeout")
        return TransientError(f"{self._place}: the connection was lost ({type(error).__name__})")
