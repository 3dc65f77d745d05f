"""BottleCRM, a CRM with a REST API, by its shipped description."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from connectors.registry import build
from pipelines.sandbox.postgres import Postgres
from pipelines.sandbox.processes import free_port
from tests.real.packages import python_environment
from tests.real.shipped import Shipped
from tests.real.starting import answers, running

pytestmark = pytest.mark.real

SETTINGS = """
from crm.settings import *

class _NoMigrations:
    def __contains__(self, app): return True
    def __getitem__(self, app): return None

MIGRATION_MODULES = _NoMigrations()  # tables from the models: seconds instead of minutes
"""
TOKEN = """
import django; django.setup()
from django.db import connection
from common.models import Org, PersonalAccessToken, Profile, User
from common.rls import get_set_context_sql
user = User.objects.create_superuser(email="admin@example.test", password="pw-Zx9-kqv-1")
org = Org.objects.create(name="test")
with connection.cursor() as cursor:
    cursor.execute(get_set_context_sql(), [str(org.id)])
profile = Profile.objects.create(
    user=user, org=org, role="ADMIN", is_active=True, is_organization_admin=True)
print(PersonalAccessToken.generate(profile, "isthmus")[0])
"""


@pytest.fixture(scope="module")
def bottlecrm(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres
) -> Iterator[tuple[str, str]]:
    """A new BottleCRM: its address and a token of an administrator."""
    programs = python_environment("bottlecrm", "django-crm==1.35.*", python="3.12")
    folder = tmp_path_factory.mktemp("bottlecrm")
    (folder / "own").mkdir()
    (folder / "own" / "own_settings.py").write_text(SETTINGS)
    postgres_server.create("bottlecrm")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "SECRET_KEY": "0123456789abcdef" * 3,
        "ENV_TYPE": "dev",
        "DEBUG": "True",
        "ALLOWED_HOSTS": "127.0.0.1",
        "DBNAME": "bottlecrm",
        "DBUSER": "postgres",
        "DBPASSWORD": postgres_server.password,
        "DBHOST": "127.0.0.1",
        "DBPORT": str(postgres_server.port),
        "CELERY_BROKER_URL": "memory://",
        "CELERY_RESULT_BACKEND": "cache+memory://",
        "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend",
        "FRONTEND_URL": url,
        "DOMAIN_NAME": url,
        "PYTHONPATH": str(folder / "own"),
        "DJANGO_SETTINGS_MODULE": "own_settings",
    }
    python = programs / "python"
    _run([python, "-m", "django", "migrate", "--run-syncdb", "-v", "0"], folder, environment)
    token = _run([python, "-c", TOKEN], folder, environment).strip().splitlines()[-1]
    server = [programs / "uvicorn", "crm.asgi:application", "--host", "127.0.0.1"]
    known = {"headers": {"Authorization": f"Bearer {token}"}}
    with running(
        [*server, "--port", str(port), "--log-level", "warning"],
        lambda: answers(f"{url}/api/contacts/?limit=1", **known),
        folder=folder,
        environment=environment,
    ):
        field = {"target_model": "Contact", "key": "global_id", "label": "Global id",
                 "field_type": "text", "is_filterable": True}  # fmt: skip
        made = requests.post(f"{url}/api/custom-fields/", json=field, timeout=30, **known)
        made.raise_for_status()
        yield url, token
    postgres_server.drop("bottlecrm")


def _run(command: list[Path | str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env={**os.environ, **environment},
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    if done.returncode:
        pytest.fail("\n".join(done.stderr.splitlines()[-15:]))
    return done.stdout


class TestBottleCrm(Shipped):
    object = "contacts"
    cursor = "updated_at"
    edited = ("last_name", "Müller-日本")
    found_by = "email"

    @pytest.fixture
    def connector(self, bottlecrm, monkeypatch):
        url, token = bottlecrm
        monkeypatch.setenv("TOKEN", token)
        self.headers = {"Authorization": f"Bearer {token}"}
        settings = {"file": "bottlecrm", "url": url, "token": "env:TOKEN", "page_size": 3}
        return build("rest", settings, Path())

    @pytest.fixture
    def refused(self, bottlecrm, monkeypatch):
        monkeypatch.setenv("WRONG", "bcrm_pat_wrong")
        return build(
            "rest", {"file": "bottlecrm", "url": bottlecrm[0], "token": "env:WRONG"}, Path()
        )

    def attributes(self, number):
        return {
            "first_name": f"Zoë {number}",
            "last_name": "O'Brien",
            "email": f"zoe.{number}@example.test",
            "city": "Madrid",
        }

    def change_at_source(self, connector, row):
        address = f"{connector.url}api/contacts/{row['id']}/"
        told = {"last_name": "at the source"}
        requests.patch(address, json=told, headers=self.headers, timeout=30).raise_for_status()

    def delete_at_source(self, connector, row):
        address = f"{connector.url}api/contacts/{row['id']}/"
        requests.delete(address, headers=self.headers, timeout=30).raise_for_status()
