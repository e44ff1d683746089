"""A small request and small tables, for the tests of the study."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from interp.study import TABLES, RunSpec


def spec(**changes: Any) -> RunSpec:
    values: dict[str, Any] = {
        "analysis": "lape",
        "label": "base",
        "stage": "base",
        "preset": "default",
        "arguments": {"languages": ["en", "sw"], "top_fraction": 0.01},
        "data_hash": "sha256:0123",
        "model": {
            "model": "/a/b",
            "weights_hash": "sha256:77",
            "dtype": "float32",
            "device": "cpu",
        },
        "seed": 0,
    }
    return RunSpec(**{**values, **changes})


def neurons(first_entropy: float = 0.25) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "layer": [0, 1],
            "neuron": np.array([7, 3], dtype=np.int32),
            "entropy": [first_entropy, np.inf],
            "lang": ["sw", None],
            "selected": [True, False],
            "n_active": [12, 0],
        }
    )


def counts() -> dict[str, np.ndarray]:
    return {"counts": np.arange(24, dtype=np.uint16).reshape(2, 3, 4), "tokens": np.arange(6)}


def fact_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "fact_id": ["f1", "f1"],
            "relation": "currency",
            "property_id": "P38",
            "split": "test",
            "lang": ["en", "ar"],
            "subject": ["Japan", "اليابان"],
            "question": ["?", "؟"],
            "options": [["yen", "euro"], ["ين", "يورو"]],
            "option_ids": [["JPY", "EUR"], ["JPY", "EUR"]],
            "answer_index": 0,
            "answer": ["yen", "ين"],
            "stated": pd.array([True, None], dtype="boolean"),
            "is_proper_noun": None,
        }
    )


def comparison_rows(**values: object) -> pd.DataFrame:
    """One row of ``comparisons``, empty where a cell may be empty."""
    kinds = {"str": "x", "int": 0, "float": 0.0}
    row = {c.name: None if c.empty else kinds[c.kind] for c in TABLES["comparisons"].columns}
    return pd.DataFrame([{**row, **values}])
