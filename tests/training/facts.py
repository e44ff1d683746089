"""A handful of invented facts in three languages, as a file a user could have."""

from __future__ import annotations

import json
from pathlib import Path

from interp.data.facts import FactSet

LANGUAGES = ("en", "de", "zh")
_ASKED = {"en": "Where is {}?", "de": "Wo liegt {}?", "zh": "{}在哪里？"}
_PLACES = {
    "en": ["Norway", "Chile", "Kenya", "Japan", "Fiji"],
    "de": ["Norwegen", "Chile", "Kenia", "Japan", "Fidschi"],
    "zh": ["挪威", "智利", "肯尼亚", "日本", "斐济"],
}


def records(train: int = 8, validation: int = 3, test: int = 2) -> list[dict]:
    """Rows of the jsonl schema."""
    splits = ["train"] * train + ["validation"] * validation + ["test"] * test
    rows = []
    for i, split in enumerate(splits):
        texts = {
            lang: {
                "question": _ASKED[lang].format(f"P{i}"),
                "options": [_PLACES[lang][(i + k) % 5] for k in range(4)],
                "answer_index": i % 4,
            }
            for lang in LANGUAGES
        }
        rows.append(
            {
                "fact_id": f"f{i}",
                "relation": "where",
                "property_id": "P1",
                "split": split,
                "option_ids": [f"o{(i + k) % 5}" for k in range(4)],
                "texts": texts,
            }
        )
    return rows


def write_facts(path: Path, rows: list[dict] | None = None) -> str:
    """Write them and return the source's name."""
    lines = [json.dumps(row, ensure_ascii=False) for row in (records() if rows is None else rows)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return f"jsonl:{path}"


def fact_set(path: Path) -> FactSet:
    """Write them and read them."""
    return FactSet.load(write_facts(path))
