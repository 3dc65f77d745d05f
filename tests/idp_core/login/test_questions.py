"""Security questions: answered, asked where a policy says so, and attacked."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from idp_core.audit import log as audit
from idp_core.db.engine import reading, writing
from idp_core.http.ask import Ask
from idp_core.login.factors.questions import store
from idp_core.login.factors.questions.answers import normal, problem
from idp_core.login.factors.questions.factor import TRIES, Questions
from idp_core.login.factors.questions.tables import security_question
from idp_core.login.levels import level_of
from idp_core.login.model import Trial
from idp_core.login.routes import FIRST, THEN
from idp_core.site.config import LoginSettings, PolicySettings, ServeConfig
from idp_core.site.questions import QuestionSettings
from tests.idp_core.oidc.relying import RelyingParty, answer, claims_in, register
from tests.idp_core.people import EMAIL, PASSWORD, letters, log_in, make_account
from tests.idp_core.web.browser import ORIGIN, Browser

ROOM = "/account/security/questions"
OFFERED = ("What did you call your first bicycle?", "Which street did you learn to swim in?")
ANSWERS = {
    OFFERED[0]: "The Réd Baron",
    OFFERED[1]: "Lake lane 7",
    "What hides below the floor?": "Nothing at all",
}
QUESTIONS = QuestionSettings(enabled=True, offered=OFFERED)
POLICY = PolicySettings(ways=(("password", "questions"),))


@pytest.fixture
def config():
    login = LoginSettings(policies={"asked": POLICY})
    return ServeConfig(issuer=ORIGIN, questions=QUESTIONS, login=login)


@pytest.fixture
def ann(site):
    return make_account(site, given_name="Annabella")


def filled(**changes):
    said = {}
    for n, (question, told) in enumerate(ANSWERS.items()):
        said[f"question-{n}" if question in OFFERED else f"own-{n}"] = question
        said[f"answer-{n}"] = told
    return said | changes


def set_up(app, **changes):
    browser = Browser(app)
    log_in(browser)
    return browser, browser.submit(browser.get(ROOM), form=ROOM, **filled(**changes))


@pytest.fixture
def guarded(app, site, ann):
    _, got = set_up(app)
    assert got.location == "/account/security"
    letters(site)
    return ann


def party(site, app, browser=None):
    secret = register(site, auth="client_secret_post", policy="asked")
    return RelyingParty(app, browser or Browser(app), secret)


def answers_to(page, change=lambda told: told):
    """What Ann answers to the questions of a page."""
    fields = [name for name in page.forms[0].fields if name.startswith("answer-")]
    places = dict(enumerate(ANSWERS.values()))
    return {name: change(places[int(name.removeprefix("answer-"))]) for name in fields}


def test_a_policy_asks_some_of_them_and_they_raise_no_level(site, app, guarded):
    rp = party(site, app)
    page = rp.log_in(rp.authorize())
    told = answers_to(page, lambda text: f" {text.upper()}! ")
    assert len(told) == QUESTIONS.asked
    tokens = rp.exchange(answer(rp.browser.follow(rp.browser.submit(page, **told)))["code"]).json
    said = claims_in(tokens["id_token"])
    assert (said["acr"], said["amr"]) == ("urn:isthmus:acr:1", ["pwd", "kba"])


def test_they_stand_for_no_level_a_client_wants(site, app, guarded):
    rp = party(site, app)
    page = rp.log_in(rp.authorize(acr_values="urn:isthmus:acr:2"))
    rp.browser.follow(rp.browser.submit(page, **answers_to(page)))
    essential = '{"id_token": {"acr": {"essential": true, "values": ["urn:isthmus:acr:2"]}}}'
    got = rp.authorize(claims=essential, prompt="none")
    assert answer(got)["error"] == "unmet_authentication_requirements"


def test_with_whatever_begins_a_login_they_are_no_second_nature():
    asked = next(each for each in THEN if each.name == "questions")
    for first in FIRST:
        assert level_of((first, asked)) == level_of((first,))
    assert level_of((asked,)) == 1


def test_who_has_answered_some_is_asked_nowhere_else(app, guarded):
    assert log_in(Browser(app)).location == "/account"


def test_one_wrong_answer_is_as_good_as_none_and_is_not_named(site, app, guarded):
    rp = party(site, app)
    page = rp.log_in(rp.authorize())
    right = answers_to(page)
    pages = []
    for name in right:
        got = rp.browser.submit(page, **(right | {name: "something else"}))
        assert got.status == 400
        pages.append(got.words)
    assert pages[0] == pages[1]
    for nothing in ("", "!!!", None):
        assert rp.browser.submit(page, **(right | dict.fromkeys(right, nothing))).status == 400
    assert "__Host-isthmus-session" not in rp.browser.cookies


def test_reloading_brings_no_other_questions(site, app, guarded, clock):
    seen = set()
    for _ in range(5):
        rp = party(site, app)
        seen.add(tuple(answers_to(rp.log_in(rp.authorize()))))
    assert len(seen) == 1
    days = set()
    for _ in range(20):
        clock.wait(days=1)
        rp = party(site, app)
        days.add(tuple(answers_to(rp.log_in(rp.authorize()))))
    assert len(days) == 3


def test_guessing_ends_after_a_few_and_the_owner_is_told_and_gets_in(site, app, guarded):
    mine = Browser(app)  # Ann logged in here before
    log_in(mine)
    mine.cookies.pop("__Host-isthmus-session")
    for n in range(TRIES.most + 3):
        rp = party(site, app, Browser(app, peer=f"91.{n}.2.2"))
        page = rp.log_in(rp.authorize())
        rp.browser.submit(page, **answers_to(page, lambda _: "a guess"))
    thief = rp.browser.submit(page, **answers_to(page))
    assert thief.status == 400  # right by now, and too late
    (told,) = [each for each in letters(site) if each.to == EMAIL]
    assert "Wrong answers" in told.subject
    own = party(site, app, mine)
    page = own.log_in(own.authorize())
    assert "code" in answer(own.browser.follow(own.browser.submit(page, **answers_to(page))))
    with reading(site.engine) as conn:
        assert "questions" in [each.kind for each in audit.of_account(conn, guarded.id)]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"answer-0": "no"}, "three letters"),
        ({"answer-0": "--- ---"}, "three letters"),
        ({"answer-0": "lake LANE, 7"}, "other answers"),
        ({"own-2": OFFERED[0]}, "other questions"),
        ({"answer-0": "annabella"}, "your name"),
        ({"answer-0": EMAIL}, "your name"),
        ({"answer-0": "bicycle"}, "a part of its question"),
        ({"own-2": ""}, "answer it"),
        ({"question-0": "Which one is not offered?"}, "answer it"),
    ],
)
def test_what_is_easily_guessed_is_not_kept(app, site, ann, changes, told):
    _, got = set_up(app, **changes)
    assert got.status == 400
    assert told in got.words
    with reading(site.engine) as conn:
        assert store.count(conn, ann.id) == 0
    assert not [each for each in ANSWERS.values() if each in got.text]


def test_neither_questions_nor_answers_are_there_to_be_read(site, guarded):
    with reading(site.engine) as conn:
        rows = conn.execute(sa.select(security_question)).all()
        kept = str([(row.sealed, row.hashed) for row in rows])
        noted = str([each.data for each in audit.read(conn)])
    assert all(row.hashed.startswith("$argon2id$") for row in rows)
    for text in (*ANSWERS, *ANSWERS.values(), *map(normal, ANSWERS.values())):
        assert text not in kept + noted


def test_a_change_is_told_by_mail_and_wants_a_recent_login(app, site, ann, clock):
    browser, _ = set_up(app)
    assert "security questions" in letters(site)[-1].subject
    clock.wait(minutes=11)
    assert "/login" in browser.get(ROOM).location
    assert (
        "/login" in browser.submit(browser.get("/account/security"), form=f"{ROOM}/remove").location
    )
    with reading(site.engine) as conn:
        assert store.count(conn, ann.id) == 3


def test_they_can_be_taken_away_and_then_meet_no_policy(app, site, guarded):
    browser = Browser(app)
    log_in(browser)
    browser.submit(browser.get("/account/security"), form=f"{ROOM}/remove")
    rp = party(site, app)
    got = rp.log_in(rp.authorize())
    assert answer(got)["error"] == "unmet_authentication_requirements"


def test_by_default_there_are_none(site, app, guarded):
    """Also who answered some is asked them no more, and the step takes none."""
    rp = party(site, app)
    page = rp.log_in(rp.authorize())
    off = site.config.model_copy(update={"questions": QuestionSettings()})
    object.__setattr__(site, "config", off)
    assert rp.browser.submit(page, **answers_to(page)).status == 400
    browser = Browser(app)
    log_in(browser)
    assert browser.get(ROOM).status == 404
    assert "Security questions" in browser.get("/account/security").words  # to take them away


def test_a_login_begins_with_none(app, guarded):
    browser = Browser(app)
    form = browser.get("/login").forms[0].fields
    sent = form | {"factor": "questions", "email": EMAIL, "password": PASSWORD}
    assert browser.post("/login", sent, origin=ORIGIN).status == 400


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ({"questions": {"asked": 4}}, "more than least"),
        ({"questions": {"enabled": True, "own": False}}, "offer at least"),
        ({"questions": {"least": 2}}, "greater than or equal to 3"),
        ({"login": {"policies": {"x": {"ways": [["password", "questions"]]}}}}, "enabled"),
        ({"login": {"policies": {"x": {"ways": [["questions"]]}}}}, "begins with"),
    ],
)
def test_settings_that_would_be_worth_nothing_are_refused(said, mend):
    with pytest.raises(ValidationError, match=mend):
        ServeConfig.model_validate(said)


@given(st.text(max_size=80))
def test_an_answer_is_the_same_however_it_is_written(text):
    assert normal(normal(text)) == normal(text)
    assert normal(f"  {text}!") == normal(text)


@given(st.lists(st.text(min_size=1, max_size=20), min_size=3, max_size=5))
def test_what_is_kept_is_long_enough_and_never_the_same_twice(answers):
    questions = [f"question number {n}?" for n in range(len(answers))]
    if problem(questions, answers, (), 3) == "":
        assert len({normal(each) for each in answers}) == len(answers)
        assert min(len(normal(each)) for each in answers) >= 3


def test_a_deleted_account_leaves_none(site, app, guarded):
    from idp_core.login import leaving

    with writing(site.engine) as conn:
        leaving.remove(conn, guarded, site.clock())
        assert store.count(conn, guarded.id) == 0


def test_who_has_none_any_more_has_not_answered_all(site, ann):
    """They may be taken away between the page and the answer."""
    ask = Ask("POST", "/login/step")
    assert Questions().check(Trial(ask, site, ann)) is None
