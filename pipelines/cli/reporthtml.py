"""The report of a run as one HTML page: no script, nothing from elsewhere, fit to print."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from pipelines.cli.runtext import told

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.2rem;margin:2rem 0 .5rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:left;opacity:.75;padding-bottom:.3rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8886;
overflow-wrap:break-word}
th.n,td.n{text-align:right;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}.state{font-weight:600}
code{font-size:.85em}
@media print{:root{font-size:11px}body{margin:0;max-width:none;font-size:1rem}h2{break-after:avoid}
tr{break-inside:avoid}.wide{overflow:visible;break-inside:avoid}}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
_NUMBERS = {"seconds", "operations", "letters", "not met", "tries"}


def page(report: Mapping[str, Any]) -> str:
    """Return the page. All that comes from outside is escaped."""
    run = report["run"]
    title = f"Run {run['id'][-12:]} of {report['project']}"
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body><main>"
    )
    body = "\n".join([f"<h1>{escape(title)}</h1>", _head(run), *_parts(report)])
    return f"{head}\n{body}\n</main></body></html>\n"


def _head(run: Mapping[str, Any]) -> str:
    by = ", ".join(run["ordered_by"])
    took = f", {run['seconds']:,.1f} s" if run["seconds"] is not None else ""
    ended = f" to {_time(run['ended_at'])}" if run["ended_at"] else ", not ended"
    state = f'<span class="state">{escape(run["status"])}</span>'
    line = f"{run['job']}, begun by {by or run['trigger']}; {_time(run['started_at'])}{ended}{took}"
    return f"<p>{state}: {escape(line)}</p>"


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"


def _parts(report: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>What to do next</h2>"
    todo = "".join(f"<li>{escape(each)}</li>" for each in report["next"])
    yield f"<ul>{todo}</ul>" if todo else "<p>Nothing: all went well.</p>"
    if report["counts"]:
        yield f"<h2>In all</h2><p>{escape(told(report['counts']) or 'nothing new')}</p>"
    yield _table(
        "What was written",
        ("target", "object", "action", "outcome", "operations"),
        report["operations"],
        "Operations of this run by outcome, as the audit log has them.",
    )
    columns = ["plan", "target", "object", "status", "does", "findings", "approved"]
    said = "Plans that it made or applied, as they stand now."
    yield _table("Plans", columns, map(_plan, report["plans"]), said)
    quarantine = [{**each, "since": _time(each["since"])} for each in report["quarantine"]]
    yield _table("Quarantine", ("target", "since", "tries", "reason"), quarantine)
    yield _table(
        "Dead letters",
        ("source", "stage", "field", "reason", "letters"),
        report["dead_letters"],
        "Letters that this run was the last to see, by reason.",
    )
    columns = ["source", "suite", "passed", "not met"]
    verdicts = [{**each, "not met": each["not_met"]} for each in report["quality"]]
    yield _table("What the suites say", columns, verdicts)
    steps = [{**each, "counts": _counts(each["counts"])} for each in report["steps"]]
    columns = ["step", "of", "status", "seconds", "counts", "error"]
    yield _table("Steps", columns, steps)


def _plan(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        **plan,
        "plan": plan["hash"][:12],
        "does": told(plan["counts"]),
        "findings": "; ".join(plan["findings"]),
        "approved": f"{plan['approved_by']}: {plan['approved_why']}" if plan["approved_by"] else "",
    }


def _counts(counts: Mapping[str, Any]) -> str:
    return told({name: value for name, value in counts.items() if name != "plan"})


def _table(
    title: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], caption: str = ""
) -> str:
    """Return a headed table; nothing when there is no row."""
    lines = "".join(
        "<tr>" + "".join(_cell(row.get(name), name) for name in columns) + "</tr>\n" for row in rows
    )
    if not lines:
        return ""
    heads = "".join(f'<th scope="col"{_class(name)}>{escape(name)}</th>' for name in columns)
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<h2>{escape(title)}</h2>\n<div class="wide" role="region" tabindex="0" '
        f'aria-label="{escape(title)}"><table>{said}<thead><tr>{heads}</tr></thead>\n'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _cell(value: object, name: str) -> str:
    if isinstance(value, bool):
        value = "yes" if value else "no"
    text = "" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value)
    return f"<td{_class(name)}>{escape(text)}</td>"


def _class(name: str) -> str:
    return ' class="n"' if name in _NUMBERS else ""
