"""The house itself: documents, declarations and files that must agree."""

from __future__ import annotations

import re
import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RECORDS = sorted((ROOT / "docs" / "adr").glob("*.md"))
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("benchmarks/*.md")])


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]


def test_every_package_we_ask_for_has_its_reason():
    said = (ROOT / "docs/adr/0009-dependencies.md").read_text("utf-8")
    extras = PROJECT["project"]["optional-dependencies"]
    systems = {_name(each) for each in extras.pop("sandbox")}
    asked = {_name(each) for each in PROJECT["project"]["dependencies"]}
    asked |= {_name(each) for extra in extras.values() for each in extra}
    missing = [name for name in sorted(asked - systems) if f"{name}" not in said]
    assert not missing


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_decision_record_says_context_decision_and_consequences(record):
    text = record.read_text("utf-8")
    number = int(record.name[:4])
    assert text.startswith(f"# {number}. ")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences"]


def test_decision_records_are_numbered_without_a_gap():
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text)
    broken = [link for link in links if not (page.parent / link).exists()]
    assert not broken


def test_every_page_can_be_reached_from_the_index():
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    pages = [
        page.relative_to(ROOT / "docs") for page in PAGES if page.is_relative_to(ROOT / "docs")
    ]
    lost = [str(page) for page in pages if page.name != "README.md" and f"({page})" not in index]
    assert not lost


def test_the_image_takes_every_package_of_the_wheel():
    text = (ROOT / "Dockerfile").read_text("utf-8")
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for package in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        assert f"COPY {package} {package}" in text
        assert f"!{package}" in ignored


def test_the_composition_names_nothing_that_is_not_there():
    told = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    services, networks = told["services"], told["networks"]
    for name, service in services.items():
        needed = service.get("depends_on", {})
        assert set(needed) <= set(services), name
        for other, how in needed.items():
            assert how["condition"] != "service_healthy" or "healthcheck" in services[other], name
        assert set(service.get("secrets", ())) <= set(told["secrets"]), name
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), volume
            elif not source.startswith("$"):
                assert source in told["volumes"], volume
        mine = set(service.get("profiles", ()))
        for other in needed:  # a service that is off starts nobody who needs it
            assert set(services[other].get("profiles", ())) <= mine, name
    address = services["proxy"]["networks"]["default"]["ipv4_address"]
    subnet = networks["default"]["ipam"]["config"][0]["subnet"]
    assert ip_address(address) in ip_network(subnet)
    assert address in (ROOT / "docs/how-to/run-in-containers.md").read_text("utf-8")


def test_the_composition_opens_two_doors_and_has_no_password_of_its_own():
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    services = yaml.safe_load(text)["services"]
    doors = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(doors) == {"dagster", "proxy"}
    assert all(each.startswith("127.0.0.1:") for each in doors["dagster"]), "of this machine alone"
    for name, service in services.items():
        said = service.get("environment", {})
        secret = [each for each in said if re.search("PASSWORD|SECRET|KEY|TOKEN", each)]
        assert all(each.endswith("_FILE") for each in secret), f"{name}: mount it as a secret"
        assert all(str(said[each]).startswith("/run/secrets/") for each in secret), name
        assert "privileged" not in service, name
        if name != "postgres":  # it begins as root, to give its folder away
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
    assert not re.search(r"\$\{\w*(PASSWORD|SECRET|KEY)\w*:-", text), "no default of a password"


def test_every_target_of_the_makefile_says_what_it_does():
    text = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert phony is not None
    undocumented = [
        name for name in phony[1].split() if not re.search(rf"^{name}:.*## ", text, re.MULTILINE)
    ]
    assert not undocumented


def test_the_repository_holds_no_link_that_leads_out_of_it():
    """A link to a folder of one machine was committed once, and no other could be set up."""
    links = [path for path in ROOT.iterdir() if path.is_symlink()]
    astray = [path.name for path in links if not path.resolve().is_relative_to(ROOT)]
    assert not astray
