"""Small files in the published formats, and one that would run a command when unpickled."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

CODES = ("en", "de", "zh")


class Hostile:
    """Pickled, this asks whoever loads it to create a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.trace}",)


def matrices(n_layers: int = 2, n_heads: int = 3) -> dict[str, np.ndarray]:
    """Three languages' scores; every score is another number."""
    one = np.arange(n_layers * n_heads, dtype=np.float32).reshape(n_layers, n_heads)
    return {code: one * 0.1 + place - 1.5 for place, code in enumerate(CODES)}


def write_lahis(folder: Path, scores: Mapping[str, Any] | None = None, **meta: Any) -> Path:
    """Write a folder of matrices; ``meta`` changes entries of meta.json, None removes one."""
    folder.mkdir(parents=True, exist_ok=True)
    for code, one in (matrices() if scores is None else scores).items():
        value = torch.from_numpy(one) if isinstance(one, np.ndarray) else one
        torch.save(value, folder / f"lahis_{code}.pth")
    about = {
        "model": "some/model", "langs": list(CODES), "data_num": 500, "max_length": 512,
        "num_layers": 2, "num_heads": 3, **meta,
    }  # fmt: skip
    about = {key: value for key, value in about.items() if value is not None}
    (folder / "meta.json").write_text(json.dumps(about))
    return folder


LISTS: dict[str, dict[str, Any]] = {
    "3": {"de": [4], "zh": [0, 9]},
    "1": {"en": [7, 2], "de": [3]},
}
"""Six neurons of three layers of ten; layer 2 is absent."""


def write_lape(folder: Path, content: Any = None, **meta: Any) -> Path:
    """Write a folder of lists (or counts) and its meta.json; ``meta`` as in `write_lahis`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lape_results.json").write_text(json.dumps(LISTS if content is None else content))
    about = {
        "model": "some/model", "langs": ["zh", "en", "de"], "seq_len": 64, "top_frac": 0.2,
        "n_selected": 6, "num_layers": 3, "intermediate_size": 10,
        "tokens_per_lang": {"zh": 100, "en": 640, "de": 640}, **meta,
    }  # fmt: skip
    about = {key: value for key, value in about.items() if value is not None}
    (folder / "meta.json").write_text(json.dumps(about))
    return folder


def answers() -> pd.DataFrame:
    """Seven answers to three facts in two languages and a third that lacks two."""
    rows = [
        ("es", "capital", 1, "Francia", "París", "parís y nada", True, False),
        ("es", "capital", 2, "Italia", "Roma", "parís", False, True),
        ("es", "religion", 1, "Eva", "islam", "1996", False, False),
        ("zh-cn", "capital", 1, "法国", "巴黎", "巴黎", True, False),
        ("zh-cn", "capital", 2, "意大利", "罗马", "rome", False, True),
        ("zh-cn", "religion", 1, "Eva", "伊斯兰教", "", False, False),
        ("ru", "capital", 2, "Италия", "Рим", "римская", True, True),
    ]
    names = (
        "language", "relation", "index", "subject", "target", "pred", "correct", "contaminated",
    )  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def write_klar(path: Path, frame: pd.DataFrame | None = None) -> Path:
    """Write answers as parquet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (answers() if frame is None else frame).to_parquet(path)
    return path


def masks() -> list[list[torch.Tensor]]:
    """Two languages of three layers; neuron (2, 5) belongs to both."""

    def whole(*neurons: int) -> torch.Tensor:
        return torch.tensor(neurons).long()

    return [[whole(1, 8), whole(), whole(5)], [whole(), whole(0), whole(2, 5)]]


def write_masks(path: Path, value: Any = None) -> Path:
    """Write neuron masks."""
    torch.save(masks() if value is None else value, path)
    return path


def english_klar(folder: Path) -> Path:
    """A folder of KLAR with English and Spanish for the facts of `answers`."""
    english = {("capital", 1): ("France", "Paris"), ("capital", 2): ("Italy", "Rome"),
               ("religion", 1): ("Eva", "Islam")}  # fmt: skip
    spanish = {("capital", 1): ("Francia", "París"), ("capital", 2): ("Italia", "Roma"),
               ("religion", 1): ("Eva", "islam")}  # fmt: skip
    for code, texts in (("en", english), ("es", spanish)):
        for relation in ("capital", "religion"):
            samples = [
                {"subject": subject, "object": answer, "object_candidates": answer, "index": index,
                 "object_en": english[name, index][1]}
                for (name, index), (subject, answer) in texts.items() if name == relation
            ]  # fmt: skip
            path = folder / code / f"{relation}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            template = ["x <subject> is <mask>", "<subject>: <mask>"]
            path.write_text(json.dumps({"prompt_templates": template, "samples": samples}))
    return folder
