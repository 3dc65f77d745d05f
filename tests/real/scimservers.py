"""SCIM servers that nobody of us wrote, each in an environment of its own, started for a test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from pipelines.sandbox.processes import free_port
from tests.real.packages import npm_packages, python_environment
from tests.real.starting import running

TOKEN = "s3cret-canary"
_HEADERS = {"Authorization": f"Bearer {TOKEN}"}

CANAILLE = """
import datetime, sys
from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
port, token = int(sys.argv[1]), sys.argv[2]
app = create_app({
    "SECRET_KEY": "x" * 32, "SERVER_NAME": f"127.0.0.1:{port}", "PREFERRED_URL_SCHEME": "http",
    "CANAILLE": {"DATABASE": "memory", "LOGGING": None},
    "CANAILLE_OIDC": {}, "CANAILLE_SCIM": {"ENABLE_SERVER": True},
})
now = datetime.datetime.now(datetime.timezone.utc)
with app.app_context(), Backend.instance.session():
    client = models.Client(client_id="isthmus", client_name="isthmus", client_secret="x")
    Backend.instance.save(client)
    Backend.instance.save(models.Token(
        token_id="one", access_token=token, client=client, subject=None, type="access_token",
        issue_date=now, lifetime=86400, scope=["openid"], audience=[client]))
app.run("127.0.0.1", port, threaded=False)
"""

DJANGO = """
import os, sys
from django.conf import settings
port, token, which = int(sys.argv[1]), sys.argv[2], sys.argv[3]
auth = f"Bearer {token}"
theirs = {
    "django_scim": dict(
        AUTH_USER_MODEL="accounts.User",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "accounts",
                        "django_scim"],
        SCIM_SERVICE_PROVIDER={
            "NETLOC": f"127.0.0.1:{port}", "SCHEME": "http",
            "GROUP_MODEL": "accounts.models.Group",
            "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken", "name": "token"}],
        }),
    "django_scim2_server": dict(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth",
                        "django_scim2_server"],
        SCIM2_SERVER_AUTH_CHECK="django_scim2_server.auth.is_authenticated"),
}[which]
settings.configure(
    SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF="serve", APPEND_SLASH=False, USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "users.db",
                           "OPTIONS": {"timeout": 30}}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    MIDDLEWARE=["door.Door"] + (
        ["django_scim.middleware.SCIMAuthCheckMiddleware"] if which == "django_scim" else []),
    TOKEN=auth, **theirs)
sys.modules["serve"] = sys.modules["__main__"]
import django
django.setup()
from django.urls import include, path
urlpatterns = [path("scim/v2/", include(f"{which}.urls"))]
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from wsgiref.simple_server import WSGIServer, make_server
from django.core.wsgi import get_wsgi_application
make_server("127.0.0.1", port, get_wsgi_application()).serve_forever()
"""

DOOR = """
from django.conf import settings
from django.http import HttpResponse

class Caller:
    is_authenticated, is_anonymous, is_superuser = True, False, True

class Door:
    def __init__(self, answer):
        self.answer = answer
    def __call__(self, request):
        if request.headers.get("Authorization") != settings.TOKEN:
            return HttpResponse(status=401)
        request.user = Caller()
        request._dont_enforce_csrf_checks = True
        return self.answer(request)
"""

ACCOUNTS = """
from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin

class User(AbstractSCIMUserMixin, AbstractUser):
    scim_groups = models.ManyToManyField("Group", related_name="user_set")

class Group(AbstractSCIMGroupMixin):
    name = models.CharField(max_length=80, unique=True)
"""

SCIMMY = """
const express = require('express');
const SCIMMY = require('scimmy').default ?? require('scimmy');
const routers = require('scimmy-routers');
const SCIMMYRouters = routers.default ?? routers.SCIMMYRouters ?? routers;
const [port, token] = process.argv.slice(2);
for (const kind of [SCIMMY.Resources.User, SCIMMY.Resources.Group]) {
  const held = new Map();
  let last = 0;
  const handlers = {
    ingress: (resource, data) => {
      const plain = JSON.parse(JSON.stringify(data));
      for (const [id, other] of held) {
        if (id !== resource.id && plain.userName &&
            other.userName.toLowerCase() === plain.userName.toLowerCase()) {
          throw new SCIMMY.Types.Error(409, 'uniqueness', 'userName is taken');
        }
      }
      const id = resource.id ?? String(++last);
      if (resource.id && !held.has(id)) throw new SCIMMY.Types.Error(404, null, 'gone');
      const created = held.get(id)?.meta?.created ?? new Date().toISOString();
      held.set(id, {...plain, id, meta: {created, lastModified: new Date().toISOString()}});
      return held.get(id);
    },
    egress: resource => {
      if (resource.id) {
        if (!held.has(resource.id)) throw new SCIMMY.Types.Error(404, null, 'gone');
        return held.get(resource.id);
      }
      const all = [...held.values()];
      return resource.filter ? resource.filter.match(all) : all;
    },
    degress: resource => {
      if (!held.delete(resource.id)) throw new SCIMMY.Types.Error(404, null, 'gone');
    },
  };
  const more = kind === SCIMMY.Resources.User
    ? {extensions: [{schema: SCIMMY.Schemas.EnterpriseUser, required: false}]} : {};
  SCIMMY.Resources.declare(kind, {...handlers, ...more});
}
const app = express();
app.use('/scim/v2', new SCIMMYRouters({
  type: 'bearer', docUri: 'https://example.com',
  handler: request => {
    if (request.header('Authorization') !== `Bearer ${token}`) throw new Error('no');
    return 'isthmus';
  },
}));
app.listen(Number(port), '127.0.0.1');
"""

BETTER_AUTH = """
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { scim } from '@better-auth/scim';
const [port, token] = process.argv.slice(2);
const db = {};
const auth = betterAuth({
  baseURL: `http://127.0.0.1:${port}`, secret: 'x'.repeat(40), rateLimit: {enabled: false},
  database: memoryAdapter(db), emailAndPassword: {enabled: true}, logger: {level: 'error'},
  plugins: [scim({connections: [
    {id: 'isthmus', credentials: [{type: 'bearer', id: 'one', token}]},
  ]})],
});
for (const [name, table] of Object.entries((await auth.$context).tables)) {
  db[name] = db[table.modelName ?? name] = [];
}
createServer(toNodeHandler(auth)).listen(Number(port), '127.0.0.1');
"""


@contextmanager
def canaille(folder: Path) -> Iterator[str]:
    """Canaille, an identity server whose users are kept in memory."""
    bin_ = python_environment(
        "canaille", "canaille[scim,server,oidc,front]==0.3.6", "scim2-models<0.8"
    )
    with _served(folder, "scim/v2", [bin_ / "python", "serve.py"], {"serve.py": CANAILLE}) as url:
        yield url


@contextmanager
def django_scim2(folder: Path) -> Iterator[str]:
    """A Django site with django-scim2 over its users."""
    bin_ = python_environment("django-scim2", "django-scim2==0.23.0", "django<6")
    files = {
        "serve.py": DJANGO,
        "door.py": DOOR,
        "accounts/__init__.py": "",
        "accounts/models.py": ACCOUNTS,
    }
    command = [bin_ / "python", "serve.py"]
    with _served(folder, "scim/v2", command, files, "django_scim") as url:
        yield url


@contextmanager
def django_scim2_server(folder: Path) -> Iterator[str]:
    """A Django site with django-scim2-server over its users."""
    bin_ = python_environment("django-scim2-server", "django-scim2-server==1.1.0")
    command, files = [bin_ / "python", "serve.py"], {"serve.py": DJANGO, "door.py": DOOR}
    with _served(folder, "scim/v2", command, files, "django_scim2_server") as url:
        yield url


@contextmanager
def scimmy(folder: Path) -> Iterator[str]:
    """SCIMMY's routers in an Express application that keeps resources in memory."""
    modules = npm_packages("scimmy", "scimmy@1.3", "scimmy-routers@1.3", "express@4")
    command = ["node", "serve.cjs"]
    with _served(folder, "scim/v2", command, {"serve.cjs": SCIMMY}, modules=modules) as url:
        yield url


@contextmanager
def better_auth(folder: Path) -> Iterator[str]:
    """Better Auth with its SCIM plugin over its memory adapter."""
    modules = npm_packages(
        "better-auth-scim",
        "better-auth@1.7.5",
        "@better-auth/scim@1.7.5",
        "@better-auth/core@1.7.5",
        "@better-auth/utils@0.4.2",
        "better-sqlite3",
    )
    files = {"serve.mjs": BETTER_AUTH}
    command = ["node", "serve.mjs"]
    with _served(folder, "api/auth/scim/v2", command, files, modules=modules) as url:
        yield url


@contextmanager
def _served(
    folder: Path,
    base: str,
    command: list[str | Path],
    files: dict[str, str],
    *arguments: str,
    modules: Path | None = None,
) -> Iterator[str]:
    """Write the files, run the command with port and token, wait, and give the SCIM address."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    if modules is not None:  # imports of ES modules look beside the file, not in NODE_PATH
        (folder / "node_modules").symlink_to(modules / "node_modules")
    port = free_port()
    url = f"http://127.0.0.1:{port}/{base}"
    with running([*command, str(port), TOKEN, *arguments], lambda: _speaks(url), folder=folder):
        yield url


def _speaks(url: str) -> bool:
    try:
        answer = requests.get(f"{url}/ServiceProviderConfig", headers=_HEADERS, timeout=10)
        return "patch" in json.loads(answer.text)
    except (requests.RequestException, ValueError):
        return False
