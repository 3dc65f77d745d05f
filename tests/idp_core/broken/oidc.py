"""Checks of the provider and its keys."""

# Edits and names stand as they are, and each below what it is about.

from tests.idp_core.broken.model import Broken

RING = "keys/ring.py"

BROKEN = (
    Broken(
        "signatures are not checked",
        RING,
        "found = jws.deserialize_compact(token, key.verifier, registry=_REGISTRY)",
        "found = jws.extract_compact(token.encode())",
        ("keys/test_ring.py::test_a_forgery_is_no_token_of_ours",),
    ),
)  # fmt: skip
