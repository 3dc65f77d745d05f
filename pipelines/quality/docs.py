"""Data Docs: the results of runs as Great Expectations' own static pages.

Writing them opens no connection. A browser that shows them fetches style sheets and scripts from
the public addresses Great Expectations chose, and its index is a table drawn by those scripts;
``runs.html`` lists the same pages where no such address can be reached. The pages hold counts and
names, no customer's value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

from pipelines.quality.engine import open_context, quietly
from pipelines.quality.results import Report, load

LIST = "runs.html"
_SITE = "isthmus"
_KEPT = ".kept"
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Data quality by run</title></head><body>
<h1>Data quality by run</h1>
<table><tr><th>time</th><th>run</th><th>source</th><th>met</th></tr>
{rows}
</table></body></html>
"""


def build_docs(reports: Iterable[Report], folder: Path) -> Path:
    """Write one page per report, an index and ``runs.html`` below `folder`; return the index.

    The results of earlier calls are kept beside their pages (in ``.kept``) and are listed, too;
    a report of the same run, source and suite takes the place of the earlier one. Imports the
    library: that takes seconds. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with quietly() as gx:
        context = open_context(gx, folder.resolve() / _KEPT)
        backend = {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(folder.resolve()),
        }
        site = {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": backend,
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        }
        context.add_data_docs_site(_SITE, site)
        store = context.validation_results_store
        news: list[Any] = [None]  # an empty list would mean that everything is new
        for report in reports:
            key = _key(report)
            store.set(key, load(report))
            context.suites.add_or_update(_suite(gx, report))
            news += [key, key.expectation_suite_identifier]
        context.build_data_docs(site_names=[_SITE], resource_identifiers=news)
        found = [(key, store.get(key)) for key in store.list_keys()]
    (folder / LIST).write_text(_list(found), encoding="utf-8")
    return folder / "index.html"


def _key(report: Report) -> Any:
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types import resource_identifiers as names

    run = report["meta"]["run_id"]
    return names.ValidationResultIdentifier(
        names.ExpectationSuiteIdentifier(report["suite_name"]),
        RunIdentifier(run["run_name"], datetime.fromisoformat(run["run_time"])),
        report["meta"]["active_batch_definition"]["data_asset_name"],
    )


def _suite(gx: ModuleType, report: Report) -> Any:
    """Return the suite that a report judged by."""
    configs = [dict(each["expectation_config"]) for each in report["results"]]
    for config in configs:
        config["kwargs"] = {k: v for k, v in config["kwargs"].items() if k != "batch_id"}
    return gx.ExpectationSuite(name=report["suite_name"], expectations=configs)


def _list(found: Sequence[tuple[Any, Any]]) -> str:
    """Return the plain list of all pages, latest run first."""
    latest = sorted(found, key=lambda one: (one[0].run_id.run_time, one[0].to_tuple()))[::-1]
    return _PAGE.format(rows="\n".join(_line(key, result) for key, result in latest))


def _line(key: Any, result: Any) -> str:
    counts = result.statistics
    met = f"{counts['successful_expectations']} of {counts['evaluated_expectations']}"
    address = quote(f"validations/{'/'.join(key.to_tuple())}.html")
    time, run = key.run_id.run_time, key.run_id.run_name
    cells = (f"{time:%Y-%m-%d %H:%M:%S} UTC", run, key.batch_identifier)
    shown = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    return f'<tr>{shown}<td><a href="{address}">{met}</a></td></tr>'
