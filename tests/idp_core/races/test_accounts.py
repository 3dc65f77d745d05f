"""Registration and recovery eight times at once: one wins, every time, on both databases."""

from __future__ import annotations

from tests.idp_core.people import EMAIL, letters, link_in
from tests.idp_core.web.browser import Browser


def test_one_of_eight_makes_the_account(world, rounds):
    for number in rounds:
        address = f"new{number}@example.org"
        person = Browser(world.app, peer=f"91.7.{number // 250}.{number % 250}")
        person.submit(person.get("/register"), email=address)
        page = person.get(link_in(letters(world.site)[-1]))

        def make(page=page, cookies=person.cookies):
            mine = Browser(world.app)
            mine.cookies = dict(cookies)
            return mine.submit(page, password="a phrase nobody knows")

        results = world.at_once(make)
        assert sorted(got.status for got in results) == [303] + [400] * 7


def test_one_of_eight_sets_the_new_password(world, rounds):
    for number in rounds:
        world.site.clock.wait(hours=1)
        person = Browser(world.app, peer=f"91.8.{number // 250}.{number % 250}")
        person.submit(person.get("/recover"), email=EMAIL)
        link = next(each for each in letters(world.site) if "/recover/reset" in each.text)
        page = person.get(link_in(link))

        def reset(page=page, cookies=person.cookies):
            mine = Browser(world.app)
            mine.cookies = dict(cookies)
            return mine.submit(page, password="a phrase nobody knows")

        results = world.at_once(reset)
        assert sorted(got.status for got in results) == [303] + [400] * 7
