import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from urllib.error import URLError

import pytest

from idp_core.settings import Settings
from pipelines import serving
from pipelines.errors import ProjectError


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(url, process):
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as got:
                return json.load(got)
        except URLError:
            assert process.poll() is None, "the server ended"
            time.sleep(0.1)


def is_listened_at(url):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) == 0


@contextmanager
def served(folder, *words):
    """The login of a folder as a process; gives its address. Told to stop at the end."""
    port = free_port()
    (folder / "serve.yaml").write_text(
        f"issuer: http://localhost:{port}\nlisten: 127.0.0.1:{port}\n"
    )
    command = [sys.executable, "-m", "pipelines.cli", "serve", "--project", str(folder), *words]
    env = {k: v for k, v in os.environ.items() if not k.startswith("ISTHMUS_")}
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE)
    url = f"http://localhost:{port}"
    try:
        assert answer(f"{url}/health/ready", process) == {"status": "ok"}
        yield url, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stderr.close()


def test_one_command_makes_all_it_needs_and_answers(tmp_path):
    with served(tmp_path) as (url, process):
        keys = answer(f"{url}/jwks", process)["keys"]
        assert [key["alg"] for key in keys] != []
        assert {each.name for each in (tmp_path / "data").iterdir()} >= {"isthmus.db", "master.key"}
        process.kill()
        while is_listened_at(url):  # a worker that outlives its server would go on for ever
            time.sleep(0.05)


def test_each_of_several_workers_tells_what_all_have_counted(tmp_path):
    line = re.compile(r'^isthmus_http_requests_total\{.*route="/jwks".*\} (\S+)$', re.MULTILINE)
    with served(tmp_path, "--workers", "2") as (url, process):
        for _ in range(40):  # each by a connection of its own: the kernel chooses the worker
            answer(f"{url}/jwks", process)
        for _ in range(10):
            with urllib.request.urlopen(f"{url}/metrics", timeout=5) as got:
                assert float(line.search(got.read().decode())[1]) == 40


def test_a_folder_without_a_project_is_served_too(tmp_path):
    served = serving.prepare(tmp_path)
    assert served.made
    assert (tmp_path / "data" / "isthmus.db").exists()
    assert not serving.prepare(tmp_path).made


def test_a_lost_master_secret_is_told_with_the_mend(tmp_path):
    serving.prepare(tmp_path)
    (tmp_path / "data" / "master.key").unlink()
    with pytest.raises(ProjectError, match="put back the file"):
        serving.prepare(tmp_path)


def test_the_master_secret_may_come_from_the_environment(tmp_path):
    settings = Settings(master_key="bW1t" * 10 + "bW0=")
    site = serving.open_site(tmp_path, settings)
    site.engine.dispose()
    assert not (tmp_path / "data" / "master.key").exists()


def test_a_wrong_configuration_is_one_line_with_its_place(tmp_path):
    (tmp_path / "serve.yaml").write_text("isuer: x\n")
    with pytest.raises(ProjectError, match=r"serve.yaml:1:1 isuer: unknown key; did you mean"):
        serving.prepare(tmp_path)
