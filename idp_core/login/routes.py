"""Which factors there are, and the routes of the login. A new factor adds its line here."""

from __future__ import annotations

from idp_core.http.kind import Kind
from idp_core.login import logout
from idp_core.login.dispatcher import Dispatcher
from idp_core.login.factors.mailcode.factor import MailCode
from idp_core.login.factors.mailcode.pages import PATH, TYPE, MailPages
from idp_core.login.factors.passkey import pages as passkey
from idp_core.login.factors.passkey.factor import PasskeyFactor
from idp_core.login.factors.password import Password
from idp_core.login.factors.questions.factor import Questions
from idp_core.login.factors.recoverycode.factor import RecoveryCode
from idp_core.login.factors.sms.factor import SEND, Sms, send
from idp_core.login.factors.totp.factor import Totp
from idp_core.login.model import Factor, FirstFactor
from idp_core.login.pages import LoginPages
from idp_core.login.recovery import routes as recovery_routes
from idp_core.login.registration import routes as registration_routes
from idp_core.site.routes import Route

FIRST: tuple[FirstFactor, ...] = (Password(), MailCode(), PasskeyFactor())
"""Factors that can begin a login; `login.first` says which do."""
THEN: tuple[Factor, ...] = (PasskeyFactor(), Totp(), Sms(), RecoveryCode(), Questions())
"""Factors that may follow."""

DISPATCHER = Dispatcher({each.name: each for each in FIRST}, {each.name: each for each in THEN})
_PAGES = LoginPages(DISPATCHER)
_MAIL = MailPages(DISPATCHER)

ROUTES = (
    Route("/login", {"GET": _PAGES.show, "POST": _PAGES.begin}, Kind.PAGE, slow=True),
    Route("/login/step", {"GET": _PAGES.show_step, "POST": _PAGES.step}, Kind.PAGE, slow=True),
    Route(PATH, {"GET": _MAIL.show, "POST": _MAIL.send}, Kind.PAGE),
    Route(TYPE, {"GET": _MAIL.type, "POST": _MAIL.enter}, Kind.PAGE),
    Route(passkey.FIRST, {"POST": passkey.first}, Kind.PAGE),
    Route(passkey.STEP, {"POST": passkey.step}, Kind.PAGE),
    Route(SEND, {"POST": send}, Kind.PAGE),
    Route("/signout", {"POST": logout.end_here}, Kind.PAGE),
    *registration_routes.ROUTES,
    *recovery_routes.ROUTES,
)
