import pytest

from idp_core.errors import PolicyError
from idp_core.site.config import ServeConfig, read, read_or_make


def test_the_first_start_writes_a_file_that_says_the_defaults(tmp_path):
    config, made = read_or_make(tmp_path / "serve.yaml")
    assert made
    assert config == ServeConfig()
    assert read_or_make(tmp_path / "serve.yaml") == (config, False)


@pytest.mark.parametrize(
    ("issuer", "taken"),
    [
        ("https://Login.Example.com", True),
        ("http://localhost:1234", True),
        ("http://login.example.com", False),
        ("https://login.example.com/", False),
        ("https://login.example.com/tenant", False),
        ("https://user@login.example.com", False),
        ("javascript:alert(1)", False),
        ("login.example.com", False),
    ],
)
def test_the_issuer_is_an_origin_and_https_but_for_this_machine(tmp_path, issuer, taken):
    file = tmp_path / "serve.yaml"
    file.write_text(f"name: Shop\nissuer: {issuer}\n")
    if taken:
        assert read(file).served_hosts == {issuer.casefold().split("//")[1]}
        return
    with pytest.raises(PolicyError, match=r"serve.yaml:2:1 issuer: write "):
        read(file)


def test_a_wrong_key_is_told_with_the_nearest_right_one(tmp_path):
    file = tmp_path / "serve.yaml"
    file.write_text("isuer: https://login.example.com\n")
    with pytest.raises(PolicyError, match="did you mean 'issuer'"):
        read(file)
