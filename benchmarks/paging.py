"""100,000 JSON records from a paged API on loopback: ours beside a bare loop over requests.

The API is a process of its own with its pages ready, so that what is measured is the reader. With
dlt installed (``pip install dlt``) its REST client is measured in the same run.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from connectors.contract import Query
from connectors.rest import Rest

PAGE = 500


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks paging", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    chosen = parser.parse_args(argv)
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, requests {requests.__version__}"
    )
    ready: Any = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(chosen.rows, ready), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ready.get()}"
    ways: dict[str, Callable[[str], int]] = {
        "bare loop": bare, "ours, in full": in_full, "ours, by cursor": by_cursor
    }  # fmt: skip
    if importlib.util.find_spec("dlt"):
        ways["dlt RESTClient"] = by_dlt
    taken: dict[str, list[float]] = {name: [] for name in ways}
    worked: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(chosen.repeat):  # in turns: the machine is not ours alone
        for name, read in ways.items():
            begun, busy = time.perf_counter(), time.process_time()
            assert read(url) == chosen.rows
            taken[name].append(time.perf_counter() - begun)
            worked[name].append(time.process_time() - busy)
    server.terminate()
    best = min(taken["bare loop"])
    print(
        f"{'reader':<18}{'best s':>8}{'median s':>10}{'rows/s':>10}{'of bare':>9}"
        f"{'CPU s':>8}{'of bare':>9}"
    )
    for name, seconds in taken.items():
        fastest = min(seconds)
        print(
            f"{name:<18}{fastest:>8.2f}{statistics.median(seconds):>10.2f}"
            f"{chosen.rows / fastest:>10,.0f}{best / fastest:>9.0%}"
            f"{min(worked[name]):>8.2f}{min(worked['bare loop']) / min(worked[name]):>9.0%}"
        )
    share = best / min(taken["ours, in full"])
    print(f"goal: 80% of the bare loop: {'met' if share >= 0.8 else 'MISSED'}")
    return 0 if share >= 0.8 else 1


def serve(rows: int, ready: Any) -> None:
    pages = [
        json.dumps([record(n) for n in range(start, min(start + PAGE, rows))]).encode()
        for start in range(0, rows, PAGE)
    ]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            number = int(self.path.rpartition("=")[2])
            body = pages[number] if number < len(pages) else b"[]"
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ready.put(server.server_port)
    server.serve_forever()


def record(number: int) -> dict[str, Any]:
    return {
        "id": f"C-{number:07}",
        "email": f"person{number}@example.com",
        "first_name": "Zoë",
        "last_name": f"O'Brien {number}",
        "phone": f"+3491{number:07}",
        "address": {"street": f"Calle Mayor {number % 200}", "city": "Madrid", "country": "ES"},
        "tags": ["a", "b"],
        "active": number % 7 > 0,
        "updated_at": f"2026-{number // 10000 % 12 + 1:02}-01T{number // 3600 % 24:02}:00:00Z",
        "seq": number,
    }


def bare(url: str) -> int:
    """What a person would write: every page as Python objects, nothing checked."""
    read = number = 0
    with requests.Session() as session:
        while page := session.get(f"{url}/people", params={"page": number}, timeout=30).json():
            read += len(page)
            number += 1
    return read


def source(url: str) -> Rest:
    paging = {"type": "page", "param": "page", "first": 0}
    people = {"path": "people", "key": "id", "pagination": paging}
    return Rest.model_validate({"url": url, "objects": {"people": people}})


def in_full(url: str) -> int:
    return sum(len(page.rows) for page in source(url).read(Query("people", key="id")))


def by_cursor(url: str) -> int:
    query = Query("people", key="id", cursor="seq")
    return sum(len(page.rows) for page in source(url).read(query))


def by_dlt(url: str) -> int:
    from dlt.sources.helpers.rest_client import RESTClient
    from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator

    paginator = PageNumberPaginator(base_page=0, page_param="page", total_path=None)
    return sum(len(page) for page in RESTClient(url).paginate("/people", paginator=paginator))
