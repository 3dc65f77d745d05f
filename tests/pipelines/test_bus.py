import pytest

from idp_core.db.engine import reading
from idp_core.settings import Settings
from pipelines.bus import open_bus, open_workspace
from pipelines.database import database_url
from pipelines.errors import ProjectError
from pipelines.project import load_project


def project(folder, more=""):
    (folder / "isthmus.yaml").write_text(f"project: p\n{more}", encoding="utf-8")
    return load_project(folder)


def test_the_default_database_is_a_file_in_the_data_folder(tmp_path):
    with open_bus(project(tmp_path, "data: here\n")) as bus, reading(bus.engine):
        assert (tmp_path / "here" / "isthmus.db").exists()


def test_the_environment_names_another_database_than_the_project(tmp_path):
    said = Settings(database_url="postgresql://u@h/d")
    assert database_url(project(tmp_path, "database: sqlite:///x.db\n"), said) == (
        "postgresql://u@h/d"
    )


def test_the_project_names_its_database_by_reference(tmp_path, monkeypatch):
    monkeypatch.setenv("WHERE", "sqlite:///elsewhere.db")
    own = project(tmp_path, "database: env:WHERE\n")
    assert database_url(own, Settings()) == f"sqlite:///{tmp_path / 'elsewhere.db'}"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("sqlite:///kept/x.db", "sqlite:///{folder}/kept/x.db"),
        ("sqlite:////var/x.db", "sqlite:////var/x.db"),
        ("sqlite:///x.db?timeout=3", "sqlite:///{folder}/x.db?timeout=3"),
        ("postgresql://u:p@h/d", "postgresql://u:p@h/d"),
        ("no url", "no url"),
    ],
)
def test_a_sqlite_file_is_found_from_the_projects_folder(tmp_path, said, meant):
    own = project(tmp_path, f"database: {said}\n")
    assert database_url(own, Settings()) == meant.format(folder=tmp_path)


def test_a_reference_that_leads_nowhere_is_told(tmp_path):
    own = project(tmp_path, "database: env:ISTHMUS_TEST_NOWHERE\n")
    with pytest.raises(ProjectError, match=r"database: .*ISTHMUS_TEST_NOWHERE"):
        database_url(own, Settings())


def test_a_database_of_no_kind_we_know_is_told(tmp_path):
    with (
        pytest.raises(ProjectError, match="'mysql' is not supported"),
        open_bus(project(tmp_path), settings=Settings(database_url="mysql://u@h/d")),
    ):
        pass


@pytest.mark.parametrize(
    ("connector", "told"),
    [
        (
            "{type: rest, url: 'http://x', objects: {a: {pth: a}}}",
            ":4:60 sources.crm.connector.objects.a.pth: unknown setting; did you mean 'path'?",
        ),
        (
            "{type: rest, url: 'http://x', objects: {a: {}}, errors: [{status: 1}]}",
            ":4:73 sources.crm.connector.errors.0.means: is required",
        ),
        ("{type: files}", ":4:5 sources.crm.connector.path: is required"),
        ("{type: rest, file: x.yaml}", "x.yaml: no such file"),
        ("{type: rest, file: crm.yaml, ulr: x}", ":4:45 sources.crm.connector.ulr: unknown"),
        ("{type: rest, file: bad.yaml}", "bad.yaml:2:1 pth: unknown setting"),
    ],
)
def test_a_wrong_setting_of_a_connector_is_told_with_its_place(tmp_path, connector, told):
    (tmp_path / "crm.yaml").write_text("settings: {url: {about: a}}\nurl: ${url}\nobjects: {}\n")
    (tmp_path / "bad.yaml").write_text("url: https://x.example\npth: a\nobjects: {a: {}}\n")
    text = f"sources:\n  crm:\n    connector: {connector}\n"
    with pytest.raises(ProjectError) as caught:
        open_workspace(project(tmp_path, text)).source("crm")
    assert told in str(caught.value)
