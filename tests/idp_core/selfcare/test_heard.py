"""What people see of what is known of them, and what of it they may change."""

from dataclasses import replace
from datetime import date

import pytest

from idp_core.accounts import store as accounts
from idp_core.accounts.store import SOURCE
from idp_core.db.engine import reading, writing
from idp_core.errors import PolicyError
from idp_core.profiles import store as profiles
from idp_core.profiles.model import Lineage, Profile, SourceRef
from idp_core.selfcare.heard import Heard, changeable, heard
from idp_core.site.config import ServeConfig, read
from tests.idp_core.people import EMAIL, log_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

GID = "01990000-0000-7000-8000-000000000001"
CRM, HIDDEN = SourceRef("crm", "7"), SourceRef("scoring", "7")
SHOWN = (
    "emails",
    "phones",
    "addresses",
    "loyalty_tier",
    "birth_date",
    "consent.profiling",
    "points",
)


@pytest.fixture
def config():
    return ServeConfig(
        issuer=ORIGIN,
        registration={"fields": {"given_name": "required"}},
        ask=[{"ask": ["nickname"], "need": "required", "clients": ["club"]}],
        profile={
            "change": ["display_name"],
            "show": SHOWN,
            "sources": {"crm": "Customer service"},
            "words": {"points": {"en": "Points", "de": "Punkte"}},
        },
    )


@pytest.fixture
def ann(site, browser):
    made = make_account(site, given_name="Ann", nickname="Annie", family_name="Lee")
    log_in(browser)
    return made


def known(**attributes):
    """A profile of which the CRM says everything, but for the loyalty tier."""
    lineage = [
        Lineage(
            name, HIDDEN if name == "loyalty_tier" else CRM, "m@1", "trust", "it says so", place
        )
        for name, value in attributes.items()
        for place in (range(len(value)) if isinstance(value, list) else [None])
    ]
    return Profile(GID, attributes, lineage)


def give(site, account, profile):
    """Let resolution have found the profile of an account."""
    with writing(site.engine) as conn:
        profiles.save_links(conn, {SourceRef(SOURCE, account.id): profile.gid})
        profiles.save_profiles(conn, [profile])


def test_what_registration_and_rules_ask_for_and_the_settings_name_may_be_changed(config):
    assert changeable(config) == {
        "nickname": "optional", "display_name": "optional", "given_name": "required",
    }  # fmt: skip


def test_what_may_be_changed_stands_in_the_form_and_the_rest_is_only_shown(browser, site, ann):
    page = browser.get("/account/profile")
    fields = page.forms[0].fields
    assert {"given_name", "nickname", "display_name"} <= set(fields)
    assert "family_name" not in fields
    assert "Last name Lee You told us." in page.words
    forged = {**fields, "nickname": "", "display_name": "A. L.", "family_name": "Eve"}
    browser.post("/account/profile", forged, origin=ORIGIN)
    with reading(site.engine) as conn:
        said = accounts.by_id(conn, ann.id).attributes
    assert said == {"given_name": "Ann", "display_name": "A. L.", "family_name": "Lee"}


def test_the_profile_is_shown_with_the_names_of_its_sources_as_far_as_these_are_told(
    browser, site, ann
):
    profile = known(
        phones=[{"value": "+4930901820", "type": "work"}],
        addresses=[{"street_address": "Elm 7", "locality": "Ulm", "country": "DE"}],
        loyalty_tier="gold",
        birth_date=date(1990, 6, 1),
        points=12,
        government_id="X-SECRET-1",
        job_title="not named in show",
        **{"consent.profiling": False},
    )
    give(site, ann, profile)
    page = browser.get("/account/profile")
    for told in (
        "Telephone +4930901820 From: Customer service",
        "Address Elm 7, Ulm, DE From: Customer service",
        "Loyalty tier gold From one of our systems",
        "Date of birth June 1, 1990 From: Customer service",
        "consent profiling no From: Customer service",
        "Points 12 From: Customer service",
    ):
        assert told in page.words
    for hidden in ("X-SECRET-1", "not named in show", "scoring", "crm", GID):
        assert hidden not in page.text
    assert "Punkte 12" in browser.get("/account/profile", lang="de").words


def test_nobody_sees_the_profile_of_somebody_else(browser, app, site, ann):
    give(site, ann, known(phones=[{"value": "+4930901820"}]))
    make_account(site, "eve@example.org")
    eve = Browser(app)
    log_in(eve, "eve@example.org")
    assert "+4930901820" not in eve.get("/account/profile").text
    assert "+4930901820" in browser.get("/account/profile").text


def test_without_settings_nothing_of_other_systems_is_shown(site, ann, config):
    bare = config.model_copy(update={"profile": ServeConfig().profile})
    profile = known(loyalty_tier="gold")
    assert [each.attribute for each in heard(bare, ann, profile)] == ["family_name"]


def test_a_profile_that_is_gone_hinders_nothing(browser, site, ann):
    give(site, ann, known(loyalty_tier="gold"))
    with writing(site.engine) as conn:
        profiles.delete_profiles(conn, [GID])
    assert browser.get("/account/profile").status == 200
    assert "gold" not in browser.page.words


def test_what_was_said_here_is_not_shown_a_second_time(config, site, ann):
    elements = [{"value": EMAIL}, {"value": "ann@work.example"}]
    shown = heard(config, replace(ann, attributes={}), known(emails=elements))
    assert shown == [Heard("emails", "ann@work.example", "Customer service")]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{show: [government_id]}", "compared, never shown"),
        ("{show: [external_ids]}", "cannot be shown"),
        ("{change: [emails]}", "cannot be changed here"),
        ("{show: ['<b>']}", "show"),
    ],
)
def test_what_must_not_be_shown_or_changed_cannot_be_set(said, told, tmp_path):
    file = tmp_path / "serve.yaml"
    file.write_text(f"profile: {said}\n")
    with pytest.raises(PolicyError, match=told):
        read(file)
