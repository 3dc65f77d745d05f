"""Data Docs: the results of runs as Great Expectations' own static pages.

Writing them opens no connection. A browser that shows them fetches style sheets from the public
addresses Great Expectations chose; the pages hold counts and names, no customer's value.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pipelines.quality.engine import open_context, quietly
from pipelines.quality.results import Report, load

_SITE = "isthmus"


def build_docs(reports: Iterable[Report], folder: Path) -> Path:
    """Write one page per report and an index below `folder`; return the index.

    Pages of earlier calls stay and are listed, too. Imports the library: that takes seconds.
    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with quietly() as gx:
        context = open_context(gx)
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
        for report in reports:
            context.validation_results_store.add(_key(report), load(report))
        context.build_data_docs(site_names=[_SITE])
    return folder / "index.html"


def _key(report: Report) -> object:
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types import resource_identifiers as names

    run = report["meta"]["run_id"]
    return names.ValidationResultIdentifier(
        names.ExpectationSuiteIdentifier(report["suite_name"]),
        RunIdentifier(run["run_name"], datetime.fromisoformat(run["run_time"])),
        report["meta"]["active_batch_definition"]["data_asset_name"],
    )
