import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp_core.db.engine import reading, writing
from idp_core.errors import SettingsError
from idp_core.keys import rotation, store
from idp_core.keys.ring import KeyRing
from idp_core.keys.rotation import OVERLAP
from idp_core.keys.store import SigningKey
from idp_core.vault.master import Master
from idp_core.vault.sealing import LocalSealer

START = datetime(2030, 1, 1, tzinfo=UTC)
EVERY = timedelta(days=90)
SEALER = LocalSealer(Master(b"m" * 32))


@given(st.lists(st.integers(1, 96), min_size=1, max_size=60))
def test_whenever_it_looks_one_key_signs_and_every_signature_can_be_checked_a_day_later(hours):
    """Whatever the hours between two looks: published a day before it signs, and a day after."""
    keys, now, counter = {}, START, 0
    published_since = {}
    for hour in hours:
        step = rotation.decide(list(keys.values()), "ES256", now, EVERY)
        if step.make is not None:
            counter += 1
            kid = f"k{counter}"
            assert counter == 1 or step.make - now >= OVERLAP
            keys[kid] = SigningKey(kid, "ES256", {}, None, None, now, step.make)
            published_since[kid] = now
        for kid in step.retire:
            later = [k for k in keys.values() if k.signs_from > keys[kid].signs_from]
            assert min(k.signs_from for k in later) + OVERLAP <= now
            del keys[kid]
        assert any(k.signs_from <= now for k in keys.values())
        now += timedelta(hours=hour)


def test_keys_are_made_once_and_their_private_halves_are_sealed(engine):
    for _ in range(2):
        with writing(engine) as conn:
            rotation.rotate(conn, SEALER, START, EVERY)
    with reading(engine) as conn:
        keys = store.read(conn, SEALER)
        raw = conn.exec_driver_sql("SELECT sealed FROM signing_key").scalars().all()
    assert sorted(k.algorithm for k in keys) == ["ES256", "RS256"]
    assert not any(b"PRIVATE" in bytes(each) for each in raw)
    with reading(engine) as conn, pytest.raises(SettingsError, match="master secret"):
        store.read(conn, LocalSealer(Master(b"n" * 32)))


def test_a_rotation_has_an_overlap_and_forgets_the_old_private_key_at_last(engine):
    def rotate(now, **more):
        with writing(engine) as conn:
            rotation.rotate(conn, SEALER, now, EVERY, **more)
            return KeyRing(store.read(conn, SEALER))

    first = rotate(START)
    token = first.sign({"a": 1}, START)
    forced = rotate(START, force=True)
    assert len(forced.keys) == 4
    assert len(rotate(START, force=True).keys) == 4
    assert forced.signing("ES256", START).kid == first.signing("ES256", START).kid
    later = START + OVERLAP
    assert forced.signing("ES256", later).kid != first.signing("ES256", START).kid
    assert forced.verify(token, typ="JWT") == {"a": 1}
    last = rotate(later + OVERLAP)
    assert len(last.keys) == 2
    assert last.verify(token, typ="JWT") is None
    with reading(engine) as conn:
        kept = conn.exec_driver_sql(
            "SELECT sealed FROM signing_key WHERE retired_at IS NOT NULL"
        ).scalars()
        assert {bytes(each) for each in kept} == {b""}


def test_published_keys_are_strong():
    ring = KeyRing([store.make(each, START, START) for each in ("ES256", "RS256")])
    found = {key["kty"]: key for key in ring.published()["keys"]}
    assert found["EC"]["crv"] == "P-256"
    number = base64.urlsafe_b64decode(found["RSA"]["n"] + "==")
    assert int.from_bytes(number).bit_length() >= 2048
