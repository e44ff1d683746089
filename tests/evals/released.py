"""The published generations of two checkpoints, beside the facts they answer."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pandas as pd

MODELS = ("olmo-base", "olmo-cpt-grpo")
LANGUAGES = ("es", "fr", "ru", "zh", "ja", "ar")


@cache
def english_names(folder: Path) -> dict[tuple[str, int], str]:
    """(relation, index) to the English object, read from the English files."""
    return {
        (path.stem, sample["index"]): sample["object"]
        for path in (folder / "klar" / "en").glob("*.json")
        for sample in json.loads(path.read_text(encoding="utf-8"))["samples"]
    }


def released(folder: Path, model: str) -> pd.DataFrame:
    """One row per answer: fact_id, lang, relation, target, target_en, line and correct."""
    frame = pd.read_parquet(folder / "release" / "klar_predictions" / f"{model}.parquet")
    names = english_names(folder)
    keys = list(zip(frame["relation"], frame["index"], strict=True))
    return pd.DataFrame(
        {
            "label": model,
            "fact_id": [f"{relation}/{index}" for relation, index in keys],
            "lang": frame["language"],
            "relation": frame["relation"],
            "target": frame["target"],
            "target_en": [names[key] for key in keys],
            "line": frame["pred"],
            "correct": frame["correct"],
        }
    )
