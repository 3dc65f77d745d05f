import pytest

from tests.idp_core.oidc.relying import RelyingParty, register
from tests.idp_core.people import make_account


@pytest.fixture
def ann(site):
    return make_account(site, given_name="Ann", family_name="Lee")


@pytest.fixture
def rp(site, app, browser, ann):
    """A confidential client of our own (no consent), with Ann's browser."""
    return RelyingParty(app, browser, register(site, auth="client_secret_post"))
