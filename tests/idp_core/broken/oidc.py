"""Checks of the provider and its keys."""

# Edits and names stand as they are, and each below what it is about.
# ruff: noqa: E501, ISC004

from tests.idp_core.broken.model import Broken

RING, REQUEST, GRANTS = "keys/ring.py", "oidc/authorize/request.py", "oidc/grants/store.py"
CLIENTAUTH, CODE, REFRESH = (
    "oidc/clientauth/authenticate.py", "oidc/token/code.py", "oidc/token/refresh.py",
)  # fmt: skip
ENDPOINT, IDTOKEN, ROUTES = (
    "oidc/token/endpoint.py", "oidc/tokens/idtoken.py", "oidc/authorize/routes.py",
)  # fmt: skip
ANSWERED = 'told = {"code": code, "state": request.state, "iss": site.config.issuer}'

BROKEN = (
    Broken(
        "signatures are not checked",
        RING,
        "found = jws.deserialize_compact(token, key.verifier, registry=_REGISTRY)",
        "found = jws.extract_compact(token.encode())",
        ("keys/test_ring.py::test_a_forgery_is_no_token_of_ours",),
    ),
    Broken(
        "a key signs tokens of every type",
        RING, '{"alg": key.algorithm, "typ": typ, "kid": key.kid}:',
        '{"alg": key.algorithm, "typ": head.get("typ"), "kid": key.kid}:',
        (
            "keys/test_ring.py::test_a_token_of_one_type_is_none_of_another",
            "oidc/test_codes.py::test_an_id_token_is_no_access_token_and_the_other_way_round",
        ),
    ),
    Broken(
        "odd text instead of a token is an error of ours",
        RING, "(JoseError, ValueError, StopIteration, AttributeError, RecursionError)",
        "JoseError",
        ("keys/test_ring.py::test_garbage_is_no_token_and_no_error",),
    ),
    Broken(
        "tokens have half the bits",
        "vault/tokens.py", "secrets.token_urlsafe(32)", "secrets.token_urlsafe(16)",
        (
            "vault/test_tokens.py::test_tokens_have_256_bits_and_are_kept_as_digests",
            "oidc/test_clientauth.py::test_a_secret_has_256_bits",
        ),
    ),
    Broken(
        "the RSA key is weak",
        "keys/store.py", "_RSA_BITS = 2048", "_RSA_BITS = 1024",
        ("keys/test_rotation.py::test_published_keys_are_strong",),
    ),
    Broken(
        "the metadata do not say where the keys are",
        "oidc/discovery/metadata.py", '"jwks_uri": site.url("/jwks")', '"jwks_uri": site.url("/")',
        ("oidc/test_discovery.py::test_the_metadata_name_the_issuer_and_the_keys",),
    ),
    Broken(
        "an endpoint has a fragment",
        ROUTES, '"authorization_endpoint": site.url(PATH),',
        '"authorization_endpoint": site.url(PATH) + "#",',
        ("oidc/test_flow.py::test_the_metadata_name_every_endpoint",),
    ),
    Broken(
        "a client's key may be weak",
        "clients/model.py", "if any(_is_weak(key) for key in keys or ()):", "if False:",
        ("oidc/test_clientauth.py::test_a_weak_key_cannot_be_registered",),
    ),
    Broken(
        "an issuer need not be reached by TLS",
        "site/config.py", 'local = parts.scheme == "http" and parts.hostname in _LOCAL',
        'local = parts.scheme == "http"',
        ("site/test_config.py::test_the_issuer_is_an_origin_and_https_but_for_this_machine",),
    ),
    Broken(
        "a redirect URI may go on after what is registered",
        "clients/model.py",
        "return plain is not None and plain in map(_without_port, self.redirect_uris)",
        "return any(uri.startswith(each) for each in self.redirect_uris)",
        ("oidc/test_redirects.py::test_a_redirect_uri_that_is_not_registered_gets_nothing",),
    ),
    Broken(
        "PKCE may be left out",
        REQUEST,
        'if said.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):',
        "if challenge and not _CHALLENGE.fullmatch(challenge):",
        ("oidc/test_codes.py::test_no_client_does_without_pkce",),
    ),
    Broken(
        "request objects are passed over",
        REQUEST, '            raise ReturnedError(code, f"the parameter {name} is not supported")',
        "            continue",
        ("oidc/test_requests.py::test_a_wrong_request_goes_back_with_its_error",),
    ),
    Broken(
        "a wish that need not be understood is an error",
        REQUEST, "    _check_response(client, said)\n",
        "    _check_response(client, said)\n"
        "    if 'display' in said or 'ui_locales' in said:\n"
        "        raise ReturnedError('invalid_request', 'not understood')\n",
        ("oidc/test_requests.py::test_what_need_not_be_understood_is_no_error",),
    ),
    Broken(
        "a posted request loses its parameters",
        ROUTES, 'return redirect(f"{PATH}?{urlencode(ask.form.pairs)}")', "return redirect(PATH)",
        ("oidc/test_requests.py::test_a_request_may_be_posted",),
    ),
    Broken(
        "answers do not name who gives them",
        ROUTES, ANSWERED, 'told = {"code": code, "state": request.state}',
        ("oidc/test_flow.py::test_a_person_logs_in_at_a_client",),
    ),
    Broken(
        "the state is written into the address as it came",
        ROUTES, f"    {ANSWERED}\n    return redirect(with_query(request.redirect_uri, told))",
        '    told = {"code": code, "iss": site.config.issuer}\n'
        "    return redirect(with_query(request.redirect_uri, told)"
        ' + f"&state={request.state}")',
        ("oidc/test_requests.py::test_a_state_comes_back_as_it_went_and_is_nothing_else",),
    ),
    Broken(
        "nobody is asked for consent",
        "oidc/authorize/decide.py",
        "return not request.client.first_party and not _covers(", "return False and not _covers(",
        ("oidc/test_consent.py::TestConsent::test_a_stranger_asks_first_and_once",),
    ),
    Broken(
        "what comes with a consent is believed",
        "oidc/consent/routes.py",
        "return read(site.claims, client, redirect_of(client, said), marker.without(said))",
        "return read(site.claims, client, said.get('redirect_uri') or '', marker.without(said))",
        ("oidc/test_consent.py::TestConsent::"
         "test_what_was_shown_cannot_be_changed_into_more",),
    ),
    Broken(
        "a code is exchanged for any redirect URI",
        CODE, 'if not fits or ask.form.get("redirect_uri") != found.redirect_uri:',
        "if not fits:",
        ("oidc/test_codes.py::test_a_code_is_for_its_client_and_redirect_uri",),
    ),
    Broken(
        "a code is exchanged without its verifier",
        CODE,
        'fits = _VERIFIER.fullmatch(verifier) and same(challenge_of(verifier), '
        'found.challenge or "")',
        "fits = True",
        ("oidc/test_codes.py::test_a_code_without_its_verifier_is_worth_nothing",),
    ),
    Broken(
        "a code that comes twice ends nothing",
        CODE, 'if not over and grants.end(conn, found.grant.id, now, "code reused"):', "if False:",
        (
            "oidc/test_codes.py::test_a_code_that_comes_twice_ends_all_that_came_of_it",
            "races/test_tokens.py::test_one_of_eight_gets_tokens_for_a_code_and_the_family_ends",
        ),
    ),
    Broken(
        "a refresh token is any client's",
        REFRESH, "if found is None or found.grant.client != client.id:", "if found is None:",
        ("oidc/test_codes.py::"
         "test_a_refresh_token_of_another_client_is_none_and_harms_nobody",),
    ),
    Broken(
        "a refresh token that comes twice ends nothing",
        REFRESH, 'if not over and grants.end(conn, found.grant.id, now, "token reused"):',
        "if False:",
        ("oidc/test_codes.py::test_a_refresh_token_that_comes_twice_ends_its_family",),
    ),
    Broken(
        "a code or a refresh token works as often as it comes",
        GRANTS, "used_at.is_(None),\n        oauth_token.c.expires_at > sa.bind",
        "digest.is_not(None),\n        oauth_token.c.expires_at > sa.bind",
        (
            "races/test_tokens.py::test_one_of_eight_gets_tokens_for_a_code_and_the_family_ends",
            "races/test_tokens.py::"
            "test_one_of_eight_gets_tokens_for_a_refresh_token_and_the_family_ends",
        ),
    ),
    Broken(
        "tokens are issued for a grant that has ended",
        GRANTS, "    if alive.rowcount != 1:", "    if False:",
        ("races/test_tokens.py::test_refresh_against_revoke_leaves_no_token_alive",),
    ),
    Broken(
        "codes and refresh tokens do not end",
        GRANTS, '        oauth_token.c.expires_at > sa.bindparam("now"),\n', "",
        ("oidc/test_codes.py::test_codes_and_tokens_end",),
    ),
    Broken(
        "a device code works as often as it comes",
        "oidc/device/store.py",
        "            table.c.used_at.is_(None),\n            table.c.grant_id",
        "            table.c.grant_id",
        ("races/test_tokens.py::test_one_of_eight_gets_tokens_for_a_device_code",),
    ),
    Broken(
        "what a device shows may be guessed without end",
        "oidc/device/routes.py", "_TRIES = Limit(20,", "_TRIES = Limit(20_000,",
        ("oidc/test_device.py::TestDevice::"
         "test_codes_cannot_be_guessed_for_long_nor_be_confirmed_by_another_site",),
    ),
    Broken(
        "the time of the login moves with each ID token",
        IDTOKEN, '"auth_time": int(grant.auth_time.timestamp()),', '"auth_time": issued,',
        ("oidc/test_flow.py::test_a_refresh_token_gives_the_next_and_keeps_who_logged_in_when",),
    ),
    Broken(
        "ID tokens are signed by one algorithm whatever the client wants",
        IDTOKEN, "algorithm=client.id_token_alg", 'algorithm="ES256"',
        ("oidc/test_flow.py::test_an_id_token_may_be_signed_by_rs256",),
    ),
    Broken(
        "a client may have unsigned ID tokens",
        "clients/model.py", 'Literal["ES256", "RS256"]', 'Literal["ES256", "RS256", "none"]',
        ("oidc/test_flow.py::test_no_client_can_have_unsigned_id_tokens",),
    ),
    Broken(
        "a token is taken from the query",
        "oidc/userinfo/routes.py", 'in_body = ask.form.get("access_token")',
        'in_body = ask.form.get("access_token") or ask.query.get("access_token")',
        ("oidc/test_flow.py::"
         "test_userinfo_takes_the_token_in_header_or_body_but_not_in_the_query",),
    ),
    Broken(
        "revocation ends nothing",
        "oidc/revocation/routes.py", 'if grants.end(conn, found.grant.id, now, "revoked"):',
        "if False:",
        ("oidc/test_flow.py::test_introspection_and_revocation",),
    ),
    Broken(
        "a logout leads wherever it is asked to",
        "oidc/logout/routes.py", "if client is None or to not in client.post_logout_uris:",
        "if client is None:",
        ("oidc/test_logout.py::TestLogout::test_a_bad_request_is_no_redirect",),
    ),
    Broken(
        "any site logs people out unasked",
        "oidc/logout/routes.py", "if wish.sid == found.session.sid:",
        "if wish.sid in (None, found.session.sid):",
        ("oidc/test_logout.py::TestLogout::test_nobody_else_does_without_asking",),
    ),
    Broken(
        "an assertion need not be signed by the client",
        CLIENTAUTH, "    _verify(found, assertion)\n    now", "    now",
        ("oidc/test_clientauth.py::TestPrivateKeyJwt::test_a_foreign_key_is_refused",),
    ),
    Broken(
        "an assertion may be for somebody else",
        CLIENTAUTH,
        'if claims.get("iss") != id_ or not ours & set(map(str, audiences)) or not jti:',
        "if not jti:",
        ("oidc/test_clientauth.py::TestPrivateKeyJwt::test_a_wrong_assertion_is_refused",),
    ),
    Broken(
        "an assertion works as often as it comes",
        CLIENTAUTH, "    if not grants.see_once(", "    if False and not grants.see_once(",
        ("oidc/test_clientauth.py::TestPrivateKeyJwt::test_an_assertion_works_once",),
    ),
    Broken(
        "odd text instead of an assertion is an error of ours",
        CLIENTAUTH, "except (JoseError, ValueError, UnicodeError, RecursionError):",
        "except RecursionError:",
        ("oidc/test_clientauth.py::TestPrivateKeyJwt::test_garbage_is_refused",),
    ),
    Broken(
        "a secret may come by either way",
        CLIENTAUTH, "if not right or found is None or found.client.auth != method:",
        "if not right or found is None:",
        ("oidc/test_clientauth.py::test_a_client_proves_itself_in_exactly_its_own_way",),
    ),
    Broken(
        "a client that has a secret need not send it",
        CLIENTAUTH, 'if found is None or found.client.auth != "none":', "if found is None:",
        ("oidc/test_clientauth.py::test_every_endpoint_of_clients_wants_their_proof",),
    ),
    Broken(
        "an unknown grant type is client credentials",
        ENDPOINT, 'decide = types.get(name or "")',
        'decide = types.get(name or "", types["client_credentials"]); '
        'name = name if name in types else "client_credentials"',
        ("oidc/test_clientauth.py::test_other_grant_types_are_not_served",),
    ),
    Broken(
        "odd forms are errors of ours",
        "http/ask.py", 'if any("\\0" in key or "\\0" in value for key, value in pairs):',
        'if "grant_type" not in dict(pairs) and pairs[0][0]:\n        raise KeyError\n    if False:',
        ("oidc/test_model.py::test_any_form_is_answered_by_an_oauth_error",),
    ),
)  # fmt: skip
