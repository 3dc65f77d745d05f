"""A trained model: what each likeness is worth, frozen under a version, with how common values are
and which records are compared.

Two files in the project's data folder: ``models/<version>.json`` with the weights, and
``models/<version>.parquet`` with the frequencies of values that several records have.
``current.json`` names the version in use.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log2
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.resolve.modelfile import Model

Weights = Mapping[str, tuple[tuple[float, float], ...]]
"""For each comparison m and u of its levels, best first, the last one being no likeness."""

SEVERAL = 5
"""Records that have a value, for its frequency to be kept: a model must not remember a person."""
RARE = SEVERAL - 1
"""Records that are taken to have a value whose frequency is not kept."""
_STEPS = 4  # of the prior, for each doubling of the records


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that was trained: `prior` is the share of all pairs of `records` that match.

    `together` are the bits that names and a place say twice when they agree at once. `digest` is
    of the model file it was trained by; `warnings` name levels that could not be learnt.
    `frequencies` has the columns column, value, share. `blocking` are the keys of the model file
    that were affordable; the key "" compares every pair. `crowded` are keys with what too many
    records share under them, its parts with U+001F between: it compares nothing.
    """

    digest: str
    records: int
    prior: float
    together: float
    weights: Weights
    frequencies: pa.Table = field(repr=False)
    blocking: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    crowded: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def version(self) -> str:
        """Twelve hex digits that name these weights and frequencies."""
        told = (self.digest, self.records, self.prior, self.together, self.weights, self.blocking)
        said = json.dumps((*told, self.crowded), sort_keys=True)
        found = hashlib.sha256(said.encode())
        for name in ("column", "value", "share"):
            found.update(repr(self.frequencies[name].to_pylist()).encode())
        return found.hexdigest()[:12]

    def bits(self) -> dict[str, list[float]]:
        """Return what each level is worth in bits."""
        return {
            name: [round(log2(m / u), 2) for m, u in levels]
            for name, levels in self.weights.items()
        }

    @property
    def rare(self) -> float:
        """The share of a value whose frequency is not kept."""
        return RARE / self.records

    def step(self, records: int) -> int:
        """Return by how many fourths of a bit less two of so many records are one person."""
        return round(_STEPS * log2(max(records, 2) / max(self.records, 2)))

    def prior_among(self, records: int) -> float:
        """Return the prior among another number of records: a person has as many as before.

        It goes in steps, so that what pairs are worth seldom changes while records come.
        """
        return float(min(self.prior * 2.0 ** (-self.step(records) / _STEPS), 0.5))


def digest(model: Model) -> str:
    """Return what names a model file by what it says."""
    return hashlib.sha256(model.model_dump_json().encode()).hexdigest()[:12]


def save(trained: Trained, folder: Path) -> str:
    """Write a trained model below `folder` and make it the one in use; return its version."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    version = trained.version
    table = folder / f"{version}.parquet"
    part = table.with_suffix(".part")
    pq.write_table(trained.frequencies, part)
    part.replace(table)
    _write(
        folder / f"{version}.json",
        {
            "digest": trained.digest,
            "records": trained.records,
            "prior": trained.prior,
            "together": trained.together,
            "weights": trained.weights,
            "blocking": trained.blocking,
            "warnings": trained.warnings,
            "crowded": trained.crowded,
        },
    )
    _write(folder / "current.json", {"version": version})
    return version


def load(folder: Path, version: str | None = None) -> Trained | None:
    """Read the model in use, or the named one; None when there is none that can be read."""
    try:
        version = version or current(folder)
        said = json.loads((folder / f"{version}.json").read_text("utf-8"))
        frequencies = pq.read_table(folder / f"{version}.parquet")
        return Trained(
            said["digest"],
            said["records"],
            said["prior"],
            said["together"],
            {name: tuple((m, u) for m, u in levels) for name, levels in said["weights"].items()},
            frequencies,
            tuple(said["blocking"]),
            tuple(said["warnings"]),
            tuple((key, value) for key, value in said["crowded"]),
        )
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None


def current(folder: Path) -> str:
    """Return the version of the model in use; "" when there is none."""
    try:
        return str(json.loads((folder / "current.json").read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _write(file: Path, said: object) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    part.chmod(0o600)
    part.replace(file)
