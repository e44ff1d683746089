"""Claims, entries and studies made by hand: the numbers are chosen, no comparison is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from interp.claims import Claim
from interp.claims.found import Entry
from interp.stats.verdict import BEYOND
from interp.study import Study
from interp.study.provenance import code_version, comparison_hash
from tests.study.samples import comparison_rows, neurons, spec

MODEL = "OLMo-2-1124-7B"
LANGUAGES = ["en", "sw", "zh"]


def claim(**changes: Any) -> Claim:
    values: dict[str, Any] = {
        "id": "c",
        "text": "something changes",
        "source": "Fig 1",
        "model": MODEL,
        "role": "grpo",
        "analysis": "lape",
        "statistic": "neurons_change",
        "quantity": "value",
        "unit": "%",
        "lang": "en",
        "reported": (38.2,),
        "digits": 1,
        "direction": "up",
    }
    return Claim(**{**values, **changes})


def entry(
    value: float, low: float = float("nan"), high: float = float("nan"), **more: Any
) -> Entry:
    values = {"where": "", "verdict": BEYOND, "reason": "it is so", "design": "paired", **more}
    return Entry(value=value, low=low, high=high, **values)


def row(statistic: str, **values: Any) -> dict[str, Any]:
    """One row of ``comparisons`` without the names of the pair."""
    return {"statistic": statistic, "kind": "difference", "verdict": BEYOND, "reason": "it is so",
            "design": "paired", "unit": "blocks", "notes": "", **values}  # fmt: skip


class HandStudy:
    """A study of chosen rows: runs without content, and comparisons that claims read."""

    def __init__(self, path: Path) -> None:
        self.study = Study.open(path)
        self.runs: dict[tuple[str, str, str], str] = {}

    def run(self, label: str, analysis: str = "lape", preset: str = "default", **more: Any) -> str:
        notes = more.pop("notes", {})
        languages = more.pop("languages", LANGUAGES)
        asked = spec(
            **{
                "label": label,
                "stage": label,
                "analysis": analysis,
                "preset": preset,
                "model": {"model": f"allenai/{MODEL}" if label == "base" else f"me/{label}"},
                "arguments": {"languages": languages},
                **more,
            }
        )
        with self.study.run(asked) as run:
            if not run.already_finished:
                run.write_table("neurons", neurons())
                for key, value in notes.items():
                    run.record(key, value)
        self.runs[label, analysis, preset] = run.run_id
        return run.run_id

    def compared(
        self, base: str, label: str, rows: list[dict[str, Any]], analysis: str = "lape",
        preset: str = "default",
    ) -> None:  # fmt: skip
        names = {
            "base": base,
            "label": label,
            "analysis": analysis,
            "preset": preset,
            "base_run": self.runs[base, analysis, preset],
            "label_run": self.runs[label, analysis, preset],
            "data": self.study.spec(self.runs[base, analysis, preset])["data_hash"],
            "code_version": code_version(),
            "code_hash": comparison_hash(),
        }
        frame = pd.concat([comparison_rows(**one, **names) for one in rows], ignore_index=True)
        whole = ["layer", "head", "behind"]
        frame[whole] = frame[whole].astype("Int64")
        self.study.write_comparisons(frame, replace=["base", "label", "analysis", "preset", "data"])
