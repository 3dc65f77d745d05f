"""Checks of the gate, the login and its factors."""

# Edits and names stand as they are, and each below what it is about.
# ruff: noqa: E501, ISC004

from tests.idp_core.broken.model import Broken

GATE, TICKETS, GUARD = "http/gate.py", "tickets/store.py", "login/guard.py"
PASSKEY = "login/factors/passkey/ceremony.py"
REGISTRATION, RECOVERY = "login/registration/routes.py", "login/recovery/routes.py"

BROKEN = (
    Broken(
        "pages may be framed by pages of the same origin",
        GATE, '("x-frame-options", "DENY")', '("x-frame-options", "SAMEORIGIN")',
        ("http/test_gate.py::test_a_page_cannot_be_framed_and_runs_only_our_scripts",),
    ),
    Broken(
        "scripts in the page itself run",
        GATE, "data:; script-src 'self'; ", "data:; script-src 'self' 'unsafe-inline'; ",
        ("http/test_gate.py::test_a_page_cannot_be_framed_and_runs_only_our_scripts",),
    ),
    Broken(
        "forms without proof are taken",
        GATE, "    if foreign or not proven:", "    if False:",
        (
            "login/test_login.py::test_a_login_form_of_another_site_is_refused",
            "login/test_login.py::test_nobody_logs_others_out_from_another_site",
            "oidc/test_consent.py::TestConsent::test_nobody_agrees_for_somebody_else",
        ),
    ),
    Broken(
        "any Host header is served",
        "web/asgi.py", "gates.check_host(gate, headers)", "pass",
        ("web/test_app.py::test_another_host_is_not_served",),
    ),
    Broken(
        "an error repeats the Host header",
        GATE, '"this host is not served here"', 'f"{headers[\'host\']} is not served here"',
        ("web/test_app.py::test_no_answer_repeats_the_host_of_the_request",),
    ),
    Broken(
        "the link of recovery is made of what a proxy says the host is",
        RECOVERY, 'link = site.url(f"/recover/reset?ticket={token}")',
        'link = f"https://{ask.headers.get(\'x-forwarded-host\')}/recover/reset?ticket={token}"',
        ("login/test_recovery.py::test_no_link_is_made_of_what_the_request_says",),
    ),
    Broken(
        "the API of administration answers a body that is no JSON by a status nobody told",
        GATE, 'raise HttpError(415, "invalid_request", f"send {JSON}")',
        'raise HttpError(418, "invalid_request", f"send {JSON}")',
        ("admin/test_strangers.py::test_a_body_that_is_not_read_is_refused_as_the_document_says",),
    ),
    Broken(
        "the API of administration answers what is not valid by a status nobody told",
        "admin/routes.py", 'raise HttpError(422, "invalid", problem_of(error))',
        'raise HttpError(418, "invalid", problem_of(error))',
        ("web/test_schemathesis.py::"
         "test_whatever_is_sent_the_answer_is_one_that_the_document_names",),
    ),
    Broken(
        "a parameter may come twice",
        "http/ask.py", "        if len(found) > 1:", "        if False:",
        (
            "oidc/test_requests.py::test_a_parameter_that_comes_twice_is_refused",
            "oidc/test_clientauth.py::test_every_endpoint_of_clients_refuses_what_comes_twice_"
            "and_ignores_what_it_does_not_know",
        ),
    ),
    Broken(
        "a login leads wherever it is asked to",
        "login/places.py",
        'if said is None or len(said) > _LONGEST or not _OURS.fullmatch(said) or "\\\\" in said:',
        "if said is None:",
        (
            "login/test_login.py::test_no_login_leads_elsewhere",
            "login/test_login.py::test_whatever_is_asked_for_one_comes_to_a_path_of_ours",
        ),
    ),
    Broken(
        "a session keeps its id at a login",
        "sessions/store.py", "    token = new_token()\n    changed = (",
        "    token = old.token\n    changed = (",
        ("login/test_login.py::"
         "test_a_login_gives_a_new_session_id_and_ignores_one_that_was_planted",),
    ),
    Broken(
        "a wrong address is told apart from a wrong password",
        "login/dispatcher.py", "            raise RefusedError\n        return proven",
        "            raise RefusedError(limited=known is None)\n        return proven",
        ("login/test_login.py::test_every_wrong_pair_gets_the_same_answer",),
    ),
    Broken(
        "nothing is hashed for an address without an account",
        "login/factors/password.py",
        "if not site.hasher.verify(sent, known) or account is None or known is None:",
        "if account is None or known is None or not site.hasher.verify(sent, known):",
        (
            "login/test_enumeration.py::test_an_address_without_an_account_makes_as_much_work",
            "login/test_enumeration_timing.py::"
            "test_the_time_of_an_answer_does_not_tell_whether_there_is_an_account",
        ),
    ),
    Broken(
        "a browser that its owner used counts with all others",
        GUARD, "    if device is not None:", "    if False:",
        ("login/test_login.py::"
         "test_guessing_ends_soon_and_its_owner_gets_in_from_a_browser_it_knows",),
    ),
    Broken(
        "a network tries as many accounts as it likes",
        GUARD, "NETWORK = Limit(200,", "NETWORK = Limit(200_000,",
        ("login/test_login.py::test_one_password_tried_on_many_accounts_ends_soon",),
    ),
    Broken(
        "a code is mailed to whom nobody knows",
        "login/factors/mailcode/pages.py",
        'receiver = known.email if good and known is not None else ""',
        "receiver = known.email if good and known is not None else address",
        ("login/test_mailcode.py::"
         "test_an_address_without_an_account_gets_the_same_answers_and_no_mail",),
    ),
    Broken(
        "a short code may be tried without end",
        TICKETS, "MOST_TRIES = 5", "MOST_TRIES = 5_000_000",
        (
            "login/test_mailcode.py::test_five_wrong_codes_are_all",
            "login/test_sms.py::test_five_wrong_codes_end_it",
        ),
    ),
    Broken(
        "a ticket is not too old for anything",
        TICKETS, "        ticket.c.expires_at > now,\n", "",
        (
            "login/test_mailcode.py::test_a_code_works_once_and_ten_minutes",
            "login/test_second_factor.py::test_half_a_login_is_of_its_browser_and_ends",
        ),
    ),
    Broken(
        "a ticket works more than once",
        TICKETS, "        ticket.c.used_at.is_(None),\n        ticket.c.expires_at",
        "        ticket.c.expires_at",
        (
            "races/test_tokens.py::test_one_of_eight_uses_a_ticket",
            "races/test_login.py::test_one_of_eight_is_let_in_by_the_link_of_a_mail",
            "races/test_login.py::test_one_of_eight_is_let_in_by_a_mailed_code",
        ),
    ),
    Broken(
        "recovery is mailed to whoever asks",
        RECOVERY, 'receiver = known.email if good and known is not None else ""',
        "receiver = known.email if good and known is not None else address",
        ("login/test_recovery.py::"
         "test_who_has_no_account_or_is_blocked_gets_the_same_answer_and_no_mail",),
    ),
    Broken(
        "recovery takes the app away",
        RECOVERY, "        passwords.put(conn, account.id, hashed, now)\n",
        "        passwords.put(conn, account.id, hashed, now)\n"
        "        __import__('idp_core.login.factors.totp.store', fromlist=['x'])"
        ".remove(conn, account.id)\n",
        ("login/test_second_factor.py::"
         "test_recovery_by_mail_does_not_take_the_second_factor_away",),
    ),
    Broken(
        "an address with an account is mailed what a new one is",
        REGISTRATION, 'template = "known" if known else "register"', 'template = "register"',
        ("login/test_registration.py::"
         "test_an_address_with_an_account_gets_the_same_answer_and_another_mail",),
    ),
    Broken(
        "a second registration takes the account over",
        REGISTRATION, "        except TakenError:\n            return _too_late(ask, site)",
        "        except TakenError:\n            account = accounts.by_email(conn, address)",
        ("login/test_registration.py::"
         "test_who_registers_another_persons_address_gets_nothing_from_it",),
    ),
    Broken(
        "a first step is the whole login",
        "login/dispatcher.py", "            if self.options(conn, ask, site, next_, wish.policy):",
        "            if False:",
        ("login/test_second_factor.py::test_a_password_alone_opens_nothing_any_more",),
    ),
    Broken(
        "a step proven by one goes on with the login of another",
        "login/dispatcher.py", "        if proven.id != account.id:", "        if False:",
        ("login/test_second_factor.py::"
         "test_a_step_that_somebody_else_proved_takes_nobody_further",),
    ),
    Broken(
        "a code of the app is taken as often as it comes",
        "login/factors/totp/store.py", "table.c.last_step < step)", "table.c.last_step < step + 9)",
        ("races/test_login.py::test_one_of_eight_is_let_in_by_a_code_of_the_app",),
    ),
    Broken(
        "a recovery code is taken as often as it comes",
        "login/factors/recoverycode/store.py",
        "            table.c.used_at.is_(None),\n        )", "        )",
        ("races/test_login.py::test_one_of_eight_is_let_in_by_a_recovery_code",),
    ),
    Broken(
        "a passkey's answer may be made for any site",
        PASSKEY, "            expected_origin=site.config.issuer,\n            credential_public_key",
        "            expected_origin=json.loads(base64url_to_bytes("
        "said['response']['clientDataJSON']))['origin'],\n            credential_public_key",
        ("login/test_passkey.py::TestAttacks::"
         "test_an_answer_made_for_another_site_is_refused",),
    ),
    Broken(
        "a passkey's challenge is looked at, not used up",
        PASSKEY, "    found = tickets.use(", "    found = tickets.look(",
        (
            "login/test_passkey.py::TestAttacks::test_an_answer_works_once",
            "login/test_passkey.py::TestAttacks::test_a_wrong_answer_uses_the_challenge_up",
        ),
    ),
    Broken(
        "a passkey's challenge is of any account",
        PASSKEY, "if found is None or found.account != account:", "if found is None:",
        ("login/test_passkey.py::TestAttacks::test_a_challenge_of_a_step_begins_no_login",),
    ),
    Broken(
        "a device need not be unlocked to prove a passkey",
        PASSKEY, "            credential_current_sign_count=0,  # `store.signed` decides, for all "
        "workers at once\n            require_user_verification=True,",
        "            credential_current_sign_count=0,\n            require_user_verification=False,",
        ("login/test_passkey.py::TestAttacks::test_a_device_that_nobody_unlocked_is_refused",),
    ),
    Broken(
        "a passkey's handle is not looked at",
        PASSKEY, "if handle and base64url_to_bytes(handle) != UUID(known.account).bytes:",
        "if False:",
        ("login/test_passkey.py::TestAttacks::test_a_handle_of_another_account_is_refused",),
    ),
    Broken(
        "a passkey's count may stand still",
        "login/factors/passkey/store.py", "table.c.sign_count < count, sa.and_",
        "sa.true(), sa.and_",
        ("login/test_passkey.py::TestAttacks::"
         "test_a_copy_that_fell_behind_is_refused_and_its_owner_told",),
    ),
    Broken(
        "a remembered browser is of every account",
        "login/remembered.py", "if found is None or found.account != account:",
        "if found is None:",
        ("login/test_policies.py::TestRemembered::test_it_is_of_its_account",),
    ),
    Broken(
        "signing out everywhere leaves browsers remembered",
        "sessions/store.py", "    tickets.drop(conn, REMEMBERED, account, now)\n", "",
        ("login/test_policies.py::TestRemembered::test_signing_out_everywhere_forgets_it",),
    ),
    Broken(
        "a policy that is gone lets everybody in",
        "login/policies.py",
        "return login.policies.get(name) or "
        "PolicySettings.model_construct(ways=(), remember_days=0)",
        "return login.policies.get(name)",
        ("login/test_policies.py::test_a_policy_that_is_gone_lets_nobody_in",),
    ),
    Broken(
        "a login that began before all sessions were ended comes to its end",
        "login/finish.py", " or known.epoch != account.epoch:", ":",
        ("races/test_ended.py::test_no_login_with_the_old_password_is_left_after_there_is_a_new_one",),
    ),
    Broken(
        "a session that has ended still changes the account",
        "selfcare/rooms.py",
        "if account is None or not sessions.holds(conn, sid, site.clock(), site.limits):",
        "if account is None:",
        ("races/test_ended.py::"
         "test_of_changes_to_an_account_none_is_made_by_a_session_that_has_ended",),
    ),
    Broken(
        "any link picks the look of a client",
        "login/look.py",
        "if found is None or not found.client.redirects_to(back[0]):", "if found is None:",
        ("site/test_themes.py::test_no_link_shows_a_theme_but_on_the_way_to_its_client",),
    ),
    Broken(
        "the activity of everybody is shown",
        "audit/log.py", "        .where(audit.c.account == account)\n", "",
        ("selfcare/test_activity.py::test_only_ones_own_are_there",),
    ),
    Broken(
        "what may not be changed is taken from the form",
        "selfcare/profile.py", "fields.read(ask.form, asked, site.clock().date())",
        "(dict(ask.form.pairs), {})",
        ("selfcare/test_heard.py::"
         "test_what_may_be_changed_stands_in_the_form_and_the_rest_is_only_shown",),
    ),
)  # fmt: skip
