from importlib.metadata import version

from tests.pipelines.cli.conftest import document


def test_the_version_is_that_of_the_package(run):
    assert version("isthmus") in run("version").stdout
    assert document(run("version", "--json"))["isthmus"] == version("isthmus")
