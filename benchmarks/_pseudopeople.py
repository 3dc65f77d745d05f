"""Two sets of records with their truth, made by pseudopeople from the sample it comes with.

``uv run --no-project --with pseudopeople==1.3.1 python benchmarks/_pseudopeople.py DIR``, and then
``python -m benchmarks resolution --data DIR``. pseudopeople (simulated people of the USA, with the
errors of census forms, tax forms and registers) wants other versions of packages than we do.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pseudopeople

_DAYS = (r"(?P<m>\d\d)/(?P<d>\d\d)/(?P<y>\d{4})", r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)")
_NAMES = {"given_name": "first_name", "family_name": "last_name", "government_id": "ssn"}
_PLACE = {"locality": "city", "region": "state", "postal_code": "zipcode"}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    first, again = (pseudopeople.generate_decennial_census(seed=seed) for seed in (1, 2))
    born = pseudopeople.generate_social_security(seed=3)
    paid = pseudopeople.generate_taxes_w2_and_1099(seed=3)
    asked = pseudopeople.generate_american_community_survey(seed=4)
    lists = {"first": first, "again": again}
    registers = {
        "census": first, "social_security": born[born["event_type"] == "creation"],
        "taxes": paid, "survey": asked,
    }  # fmt: skip
    for name, found in (("lists", lists), ("registers", registers)):
        rows = [row for source, frame in found.items() for row in _rows(source, frame)]
        pd.DataFrame(rows).to_parquet(folder / f"pseudopeople_{name}.parquet", index=False)


def _rows(source: str, frame: pd.DataFrame) -> Iterator[Mapping[str, str | None]]:
    at = "mailing_address_" if source == "taxes" else ""
    for key, row in enumerate(frame.astype(object).to_dict("records")):
        said = {name: _text(value) for name, value in row.items()}
        street = (said.get(f"{at}street_{part}") for part in ("number", "name"))
        yield {
            "source": source,
            "key": str(key),
            "person": said["simulant_id"],
            "birth_date": _day(said.get("date_of_birth")),
            "street_address": " ".join(
                part for part in (*street, said.get(f"{at}unit_number")) if part
            )
            or None,
            **{ours: said.get(theirs) for ours, theirs in _NAMES.items()},
            **{ours: said.get(at + theirs) for ours, theirs in _PLACE.items()},
        }


def _text(value: Any) -> str | None:
    return None if pd.isna(value) or value == "" else str(value)


def _day(text: str | None) -> str | None:
    found = next((m for form in _DAYS if (m := re.fullmatch(form, text or ""))), None)
    return f"{found['y']}-{found['m']}-{found['d']}" if found else None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
