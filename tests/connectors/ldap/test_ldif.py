"""Requests as LDIF: each kind, and values that are no plain text."""

from __future__ import annotations

import base64

from connectors.ldap.ldif import as_ldif, kind_of
from connectors.ldap.protocol import (
    ADD,
    DELETE,
    add_request,
    delete_request,
    modify_request,
    rename_request,
)


def test_each_kind_of_request_is_its_change_record():
    asked = {
        "delete": (delete_request("uid=zoë,dc=x"), ["dn: uid=zoë,dc=x", "changetype: delete"]),
        "modrdn": (
            rename_request("uid=a,dc=x", "uid=b", "ou=c,dc=x"),
            ["dn: uid=a,dc=x", "changetype: modrdn", "newrdn: uid=b", "deleteoldrdn: 1",
             "newsuperior: ou=c,dc=x"],
        ),
        "modify": (
            modify_request("uid=a,dc=x", [("mail", DELETE, []), ("mail", ADD, [b"x", b"y"])]),
            ["dn: uid=a,dc=x", "changetype: modify", "delete: mail", "-", "add: mail", "mail: x",
             "mail: y", "-"],
        ),
        "add": (
            add_request("uid=a,dc=x", {"cn": [b"a"]}),
            ["dn: uid=a,dc=x", "changetype: add", "cn: a"],
        ),
    }  # fmt: skip
    for kind, (request, lines) in asked.items():
        assert kind_of(request) == kind
        assert as_ldif(request).splitlines() == lines
    assert "newsuperior" not in as_ldif(rename_request("uid=a,dc=x", "uid=b", None))


def test_what_is_no_plain_text_is_in_base64():
    odd = [b"\xff\x00", b" begins", b"ends ", b"two\nlines", b":", b"<"]
    lines = as_ldif(add_request("dc=x", {"cn": odd})).splitlines()[2:]
    assert [base64.b64decode(line.removeprefix("cn:: ")) for line in lines] == odd
