from joserfc import jws
from joserfc.jwk import KeySet


def test_the_metadata_name_the_issuer_and_the_keys(browser):
    """oidcc-discovery-endpoint-verification"""
    got = browser.get("/.well-known/openid-configuration")
    said = got.json
    assert said["issuer"] == "https://login.example.com"
    assert said["jwks_uri"] == "https://login.example.com/jwks"
    assert got.header("access-control-allow-origin") == "*"
    assert browser.get("/.well-known/oauth-authorization-server").json == said


def test_what_is_signed_is_verified_by_what_is_published(browser, site):
    token = site.keys.ring().sign({"a": 1}, site.clock())
    keys = KeySet.import_key_set(browser.get("/jwks").json)
    assert jws.deserialize_compact(token, keys, ["ES256"]).payload == b'{"a":1}'


def test_keys_rotate_by_themselves_without_a_gap(browser, site, clock):
    """oidcc-server-rotate-keys"""
    seen = []
    for _ in range(100):
        kids = {key["kid"] for key in browser.get("/jwks").json["keys"]}
        token = site.keys.ring().sign({"a": 1}, site.clock())
        if seen:
            keys = KeySet.import_key_set(seen[-1])
            assert jws.deserialize_compact(token, keys, ["ES256"])
        seen.append(browser.get("/jwks").json)
        assert len(kids) <= 4
        clock.wait(days=1)
    assert len({key["kid"] for each in seen for key in each["keys"]}) == 4
