"""The rows of ``comparisons`` that the claims need: those the study holds, or computed now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from interp.claims.models import names_of
from interp.comparison import compare
from interp.comparison.pairs import Unpaired, run_pairs
from interp.study import Study
from interp.study.provenance import comparison_hash

_SUPPLY = {
    "lape": "interp lape, or interp import lape for a list",
    "lahis": "interp lahis, or interp import lahis for matrices",
    "lens": "interp lens",
    "mcq": "interp eval mcq",
    "klar": "interp eval klar, or interp import klar for predictions",
    "similarity": "interp similarity",
}


class Lacking(Exception):
    """Nothing can be held against a claim; the message says what is lacking and what supplies it."""


class Compared:
    """Comparisons of a study, pair of labels by pair, each read or computed once."""

    def __init__(self, study: Study, compute: bool) -> None:
        """Bind to a study.

        Args:
            study: the study; computed rows are kept in it where it was opened for writing.
            compute: whether what it does not hold is computed.
        """
        self.study = study
        self.compute = compute
        self.runs = study.runs()
        self._stored = study.table("comparisons")
        self._rows: dict[tuple[str, str, str], pd.DataFrame | Lacking] = {}
        self._records = {one.run_id: one for one in study.records()}

    def rows(self, base: str, label: str, analysis: str) -> pd.DataFrame:
        """Return the rows of two labels in one analysis, of every preset that both have.

        Raises:
            Lacking: there is nothing to compare, or nothing is compared and ``compute`` is off.
        """
        key = (base, label, analysis)
        if key not in self._rows:
            try:
                self._rows[key] = self._find(base, label, analysis)
            except Lacking as lacking:
                self._rows[key] = lacking
        found = self._rows[key]
        if isinstance(found, Lacking):
            raise found
        return found

    def _find(self, base: str, label: str, analysis: str) -> pd.DataFrame:
        without = [one for one in (base, label) if not self._has(one, analysis)]
        if without:
            raise Lacking(
                f"{' and '.join(without)} without a run of {analysis}: {_SUPPLY[analysis]}, with "
                f"--label {without[0]}"
            )
        found = list(run_pairs(self.study, base, label, [analysis]))
        pairs = [one for one in found if not isinstance(one, Unpaired)]
        if not pairs:
            raise Lacking(next(one.reason for one in found if isinstance(one, Unpaired)))
        stored = self._stored_rows(pairs)
        if stored is None and not self.compute:
            raise Lacking(
                f"not compared yet: interp compare --study {self.study.path} --base {base} "
                f"--label {label} --analysis {analysis}"
            )
        if stored is None:
            stored = compare(self.study, base, labels=[label], analyses=[analysis])
            stored = stored[stored["base_run"] != ""]  # presets of one side only say nothing here
        return stored[stored["head"].isna()].reset_index(drop=True)  # maps of heads: no claim's

    def _has(self, label: str, analysis: str) -> bool:
        runs = self.runs
        return bool(((runs["label"] == label) & (runs["analysis"] == analysis)).any())

    def _stored_rows(self, pairs: list[Any]) -> pd.DataFrame | None:
        """Rows of the study about exactly these runs; of other code only where none is computed."""
        parts = []
        for pair in pairs:
            rows = self._stored
            rows = rows[(rows["base_run"] == pair.base_run) & (rows["label_run"] == pair.label_run)]
            if self.compute:
                rows = rows[rows["code_hash"] == comparison_hash()]
            if rows.empty:
                return None
            parts.append(rows)
        return pd.concat(parts)

    def names(self, label: str) -> list[str]:
        """List what the model of a label is called, over all its runs."""
        runs = self.runs.loc[self.runs["label"] == label, "run_id"]
        found = [name for run in runs for name in names_of(self._records[run].spec)]
        return list(dict.fromkeys(found))

    def spec(self, run_id: str) -> Mapping[str, Any]:
        """Return what was asked of a run."""
        return self._records[run_id].spec

    def notes(self, run_id: str) -> Mapping[str, Any]:
        """Return what a run says of itself."""
        notes: Mapping[str, Any] = self._records[run_id].data.get("notes", {})
        return notes

    def languages(self, run_id: str) -> list[str]:
        """List the languages that a run was asked for, or else those in its tables."""
        asked = self.spec(run_id).get("arguments", {}).get("languages")
        if asked:
            return list(asked)
        files = self._records[run_id].data.get("files", {}).values()
        return sorted({code for file in files for code in file.get("languages", [])})

    def sources(self, run_id: str) -> list[str]:
        """List where a run's texts or facts come from, e.g. ``ted:FILE`` or ``polyfact``.

        Returns:
            Nothing where the run does not say, as an imported list does not.
        """
        notes = self.notes(run_id)
        texts = [(notes.get(key) or {}).get("corpus") for key in ("text", "samples")]
        found = [str(one) for one in texts if one]
        if "predictions.parquet" in self._records[run_id].data.get("files", {}):
            table = self.study.table("predictions", run_id=run_id, columns=["benchmark"])
            found += sorted(table["benchmark"].unique())
        return found
