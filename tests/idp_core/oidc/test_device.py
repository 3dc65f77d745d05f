"""Devices without a browser (RFC 8628)."""

from tests.idp_core.people import log_in


class TestDevice:
    def start(self, rp):
        return rp.call("/device_authorization", scope="openid offline_access").json

    def poll(self, rp, begun):
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        return rp.token(grant_type=grant, device_code=begun["device_code"])

    def test_a_device_is_let_in_once(self, rp, clock):
        begun = self.start(rp)
        assert self.poll(rp, begun).json["error"] == "authorization_pending"
        assert self.poll(rp, begun).json["error"] == "slow_down"
        log_in(rp.browser)
        page = rp.browser.get("/device", user_code=begun["user_code"].lower().replace("-", " "))
        assert "The Shop" in page.words
        assert "is let in" in rp.browser.submit(page, press="allow").words
        got = self.poll(rp, begun)
        assert got.status == 200
        assert self.poll(rp, begun).status == 400
        assert rp.userinfo(got.json["access_token"]).status == 401, "a second poll ends the family"

    def test_a_refused_or_forgotten_device_gets_nothing(self, rp, clock):
        begun, other = self.start(rp), self.start(rp)
        log_in(rp.browser)
        page = rp.browser.get("/device", user_code=begun["user_code"])
        rp.browser.submit(page, press="deny")
        assert self.poll(rp, begun).json["error"] == "access_denied"
        clock.wait(minutes=11)
        assert self.poll(rp, other).json["error"] == "expired_token"
        assert rp.browser.get("/device", user_code=other["user_code"]).status == 400

    def test_codes_cannot_be_guessed_for_long_nor_be_confirmed_by_another_site(self, rp):
        begun = self.start(rp)
        log_in(rp.browser)
        assert (
            rp.browser.post("/device", {"user_code": begun["user_code"], "choice": "allow"}).status
            == 403
        )
        for n in range(20):
            rp.browser.get("/device", user_code=f"XXXX-{n:04}")
        assert rp.browser.get("/device", user_code=begun["user_code"]).status == 400
