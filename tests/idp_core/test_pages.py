import re
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment

from idp_core.pages import languages
from idp_core.pages.engine import STATIC

TEMPLATES = Path(str(files("idp_core.pages") / "templates"))
ALL = sorted(path for path in TEMPLATES.rglob("*") if path.is_file())


def texts():
    env = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    return {
        text for path in ALL for _, _, text in env.extract_translations(path.read_text("utf-8"))
    }


@pytest.mark.parametrize("language", languages.LANGUAGES[1:])
def test_every_text_is_translated_and_no_other(language):
    with (files("idp_core.pages") / "locales" / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    said = {message.id: message.string for message in catalogue if message.id}
    assert set(said) == texts()
    for text, translated in said.items():
        assert translated
        assert re.findall(r"%\(\w+\)[sd]", text) == re.findall(r"%\(\w+\)[sd]", translated)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_no_template_has_inline_script_or_style(path):
    text = path.read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text)
    assert "|safe" not in text


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_every_form_that_changes_something_has_its_proof(path):
    text = path.read_text("utf-8")
    for form in re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL):
        assert "parts.hidden(csrf" in form


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_every_input_that_is_seen_has_a_label(path):
    text = path.read_text("utf-8")
    seen = re.findall(r'<input(?![^>]*type="(?:hidden|checkbox|radio)")[^>]*\bid="([^"]+)"', text)
    assert all(f'for="{name}"' in text for name in seen)


def test_files_are_the_listed_ones(browser):
    for name in STATIC:
        assert browser.get(f"/static/{name}").status == 200, name
    for name in ("../engine.py", "..%2fengine.py", "nothing.css", "htmx.LICENSE.txt"):
        assert browser.get(f"/static/{name}").status == 404


def test_the_wish_that_weighs_most_wins():
    assert languages.wished("fr;q=0.5, de-CH, en;q=0.9") == ["de", "en", "fr"]
    assert languages.choose(["it", "fr-CA"]) == "fr"
    assert languages.choose([None, "xx"]) == "en"
    assert languages.wished(",;q=,*" * 50) == []


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_what_is_changed_in_place_is_there_and_its_page_loads_htmx(path):
    text = path.read_text("utf-8")
    named = re.findall(r'hx-(?:target|select|select-oob)="#([\w-]+)', text)
    assert {name for name in named if f'id="{name}"' not in text} == set()
    assert ('include "htmx.html"' in text) == ("hx-" in text)
