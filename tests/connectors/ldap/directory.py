"""A directory of a few lines, for what a real one will not do on demand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from connectors.ldap.ber import (
    ENUMERATED,
    OCTETS,
    SEQUENCE,
    SET,
    element,
    integer,
    members,
    number,
    octets,
    sequence,
)

BIND, UNBIND, SEARCH, EXTENDED = 0x60, 0x42, 0x63, 0x77
ANSWERS = {BIND: 0x61, SEARCH: 0x65, 0x66: 0x67, 0x68: 0x69, 0x4A: 0x6B, 0x6C: 0x6D, EXTENDED: 0x78}

Handler = Callable[["Asked"], Sequence[bytes] | None]
"""Of a request, the operations to answer with; None to hang up."""


class Asked:
    """One request: its tag, its parts and its controls."""

    def __init__(self, message: bytes) -> None:
        (_, raw), (self.tag, self.content), *rest = members(message)
        self.number = number(raw)
        self.controls = {}
        for _, control in members(element(SEQUENCE, rest[0][1])) if rest else []:
            name, *more = members(element(SEQUENCE, control))
            value = next((each for tag, each in more if tag == OCTETS), b"")
            self.controls[name[1].decode()] = value

    @property
    def parts(self) -> list[bytes]:
        """The content of each part of the request."""
        return [part for _, part in members(element(SEQUENCE, self.content))]

    @property
    def base(self) -> str:
        """The name a search begins at."""
        return self.parts[0].decode()

    @property
    def wanted(self) -> list[str]:
        """The attributes a search asks for."""
        return [name.decode() for _, name in members(element(SEQUENCE, self.parts[-1]))]


def entry(dn: str, attributes: Mapping[str, Sequence[bytes]], *controls: bytes) -> bytes:
    """A search result entry, with its controls behind it."""
    listed = [
        sequence(octets(name.encode()), element(SET, b"".join(map(octets, values))))
        for name, values in attributes.items()
    ]
    body = element(0x64, octets(dn.encode()) + sequence(*listed))
    return body + (element(0xA0, b"".join(controls)) if controls else b"")


def control(name: str, value: bytes) -> bytes:
    """A response control."""
    return sequence(octets(name.encode()), octets(value))


def result(asked: Asked, code: int = 0, said: str = "", *controls: bytes) -> bytes:
    """The end of an operation."""
    body = integer(code, ENUMERATED) + octets(b"") + octets(said.encode())
    return element(ANSWERS[asked.tag], body) + (
        element(0xA0, b"".join(controls)) if controls else b""
    )


def message(ours: int, operation: bytes) -> bytes:
    """A whole message."""
    return sequence(integer(ours), operation)


ROOT = {"namingContexts": [b"dc=x"], "supportedControl": [b"1.2.840.113556.1.4.319"]}
SCHEMA = {
    "attributeTypes": [
        b"( 1.1 NAME 'uid' ORDERING x SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )",
        b"( 1.2 NAME 'member' SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
        b"( 1.3 NAME 'mail' SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )",
        b"( 1.4 NAME 'age' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )",
        b"( 1.5 NAME 'userPassword' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )",
        b"( 1.6 NAME 'jpegPhoto' SYNTAX 1.3.6.1.4.1.1466.115.121.1.28 )",
        b"( 1.7 NAME 'entryUUID' SYNTAX 1.3.6.1.1.16.1 SINGLE-VALUE )",
    ],
    "objectClasses": [b"( 2.1 NAME 'thing' MUST uid MAY ( member $ mail $ age $ userPassword ) )"],
}


def usual(handler: Handler) -> Handler:
    """Answer logins, the root and the schema; leave the rest to the handler."""

    def answer(asked: Asked) -> Sequence[bytes] | None:
        if asked.tag == SEARCH and asked.base == "":
            root = {**ROOT, "subschemaSubentry": [b"cn=schema"]}
            return [entry("", root), result(asked)]
        if asked.tag == SEARCH and asked.base == "cn=schema":
            return [entry("cn=schema", SCHEMA), result(asked)]
        if asked.tag == BIND:
            return [result(asked)]
        return handler(asked)

    return answer


@contextmanager
def directory(handler: Handler) -> Iterator[str]:
    """Serve on loopback; give the address."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            try:
                client, _ = server.accept()
            except TimeoutError:
                continue
            with client, suppress(OSError, ValueError, IndexError):  # the client gave up
                _converse(client, handler)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"ldap://127.0.0.1:{server.getsockname()[1]}"
    finally:
        done.set()
        thread.join()
        server.close()


def _converse(client: socket.socket, handler: Handler) -> None:
    client.settimeout(600)  # a trial of a million rows may be slow
    stream = client.makefile("rb")
    with stream:
        while head := stream.read(2):
            more = head[1] - 128 if head[1] > 127 else 0
            length = stream.read(more)
            size = int.from_bytes(length, "big") if more else head[1]
            asked = Asked(head + length + stream.read(size))
            answers = None if asked.tag == UNBIND else handler(asked)
            if answers is None:
                return
            client.sendall(b"".join(message(asked.number, one) for one in answers))
