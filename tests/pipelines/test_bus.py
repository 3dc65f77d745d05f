import pytest

from idp_core.db.engine import reading
from idp_core.settings import Settings
from pipelines.bus import database_url, open_bus
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
    assert database_url(own, Settings()) == "sqlite:///elsewhere.db"


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
