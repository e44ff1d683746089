"""Studies with planted head scores, ablated sets and attention patterns, written quickly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from interp.causal.sets import AblationSet
from interp.causal.tables import describe_sets, places_array
from interp.options import AblationOptions, LahisOptions
from interp.stats.verdict import BEYOND, WITHIN
from interp.study import RunSpec, Study
from tests.study.samples import comparison_rows

LAYERS, HEADS = 4, 8
TOP = 0.125
"""Four of 32 heads are top."""

LANGUAGES = ("en", "ar", "bn")
LARGE = ("0.0", "0.1", "0.2", "0.3")
"""Each language's top heads in the base (layer.head), best first, unless planted otherwise."""

Scores = dict[str, np.ndarray]


def planted(
    top: Mapping[str, Sequence[str]] | None = None,
    *,
    languages: Sequence[str] = LANGUAGES,
    shape: tuple[int, int] = (LAYERS, HEADS),
    scale: float = 1.0,
) -> Scores:
    """Score heads so that the named ones are best, in their order; no two heads are equal.

    Args:
        top: language to heads as ``layer.head``; ``LARGE`` where a language is not named.
        languages: codes.
        shape: layers, heads.
        scale: multiplies every score.
    """
    found = {}
    for lang in languages:
        scores = 1 + np.arange(np.prod(shape), dtype=float).reshape(shape) / 100
        names = (top or {}).get(lang, LARGE)
        for place, name in enumerate(names):
            layer, head = map(int, name.split("."))
            scores[layer, head] = 20 - place
        found[lang] = scale * scores
    return found


def add_lahis(
    study: Study,
    label: str,
    scores: Mapping[str, np.ndarray],
    *,
    intervals: bool = True,
    preset: str = "default",
    data_hash: str = "sha256:text",
    **options: Any,
) -> str:
    """Write a run of head scores; the intervals are 10 % to either side."""
    asked = LahisOptions(**{"top_fraction": TOP, **options}).to_dict()
    arguments = {**asked, "languages": list(scores)}
    spec = RunSpec("lahis", label, label, preset, arguments, data_hash, {"model": f"ckpt/{label}"})
    frames = []
    for lang, own in scores.items():
        layer, head = np.indices(own.shape).reshape(2, -1)
        frames.append(
            pd.DataFrame({"lang": lang, "layer": layer, "head": head, "score": own.ravel()})
        )
    table = pd.concat(frames, ignore_index=True)
    table["ci_low"] = 0.9 * table["score"] if intervals else np.nan
    table["ci_high"] = 1.1 * table["score"] if intervals else np.nan
    with study.run(spec) as run:
        run.write_table("head_scores", table.assign(n_samples=40))
        return run.run_id


def add_ablation(
    study: Study, label: str, sets: Mapping[str, Sequence[str]], effects: Mapping[str, float]
) -> str:
    """Write a run that ablated heads: two draws of random heads, whose mean effect is 0.1 and 0.2."""
    own = [
        AblationSet(lang, "heads", None, tuple(sorted(_place(name) for name in names)))
        for lang, names in sets.items()
    ]
    control = AblationSet(next(iter(sets)), "random", 0, ((1, 1), (3, 0)))
    written = [AblationSet("", "intact", None, ()), *own, control]
    rows = []
    for lang, names in sets.items():
        kinds = [("heads", None, effects[lang])]
        kinds += [
            (kind, draw, mean + (0 if draw is None else 0.01 * (draw - 0.5)))
            for kind, mean in (("random", 0.1), ("layer-matched", 0.2))
            for draw in (None, 0, 1)
        ]
        for measured in sets:
            for kind, draw, value in kinds:
                rows.append(
                    {
                        "source_lang": lang, "lang": measured, "kind": kind, "draw": draw,
                        "n_ablated": len(names), "delta_nll": value, "ci_low": value - 0.05,
                        "ci_high": value + 0.05, "n_tokens": 100,
                    }
                )  # fmt: skip
    arguments = {
        **AblationOptions().to_dict(), "part": "heads", "source_label": label,
        "languages": list(sets), "source": "run", "sets_hash": "h", "facts": None,
    }  # fmt: skip
    spec = RunSpec(
        "ablation", label, label, "default", arguments, "sha256:text", {"model": f"ckpt/{label}"}
    )
    frame = pd.DataFrame(rows)
    frame["draw"] = frame["draw"].astype("Int64")
    with study.run(spec) as run:
        run.write_table("ablations", frame)
        run.write_tensors(
            "losses",
            {"places": places_array(written)},
            {"sets": describe_sets(written), "languages": list(sets)},
        )
        return run.run_id


def add_attention(study: Study, label: str, head: str, texts: Mapping[str, Sequence[str]]) -> str:
    """Write a pattern per language: every token looks evenly at itself and all before it."""
    layer, index = _place(head)
    rows, tensors = [], {}
    for lang, tokens in texts.items():
        key = f"L{layer}.H{index}/{lang}/0"
        tensors[key] = np.tril(1 / np.arange(1, len(tokens) + 1)[:, None] * np.ones(len(tokens)))
        tensors[key] = tensors[key].astype(np.float16)
        rows.append(
            {
                "layer": layer, "head": index, "lang": lang, "sample_id": "unit-7",
                "tokens": list(tokens), "tensor_key": key,
            }
        )  # fmt: skip
    spec = RunSpec(
        "attention", label, label, "default", {"heads": [head], "languages": list(texts)},
        "sha256:text", {"model": f"ckpt/{label}"},
    )  # fmt: skip
    with study.run(spec) as run:
        run.write_table("attention", pd.DataFrame(rows))
        run.write_tensors("attention", tensors, {"axes": ["query", "key"]})
        return run.run_id


def add_comparisons(
    study: Study, base_run: str, label_run: str, rows: Sequence[dict[str, Any]]
) -> None:
    """Write rows of the comparison; ``beyond=True`` calls one beyond noise."""
    made = []
    for row in rows:
        values = {
            "study": study.name, "base": base_run.split("-")[0], "label": label_run.split("-")[0],
            "analysis": "lahis", "preset": "default", "data": "sha256:text", "kind": "difference",
            "base_run": base_run, "label_run": label_run, "noise_floor": 0.5, "p": 0.01,
            "p_adjusted": 0.02, "reason": "planted", "n": 40, "unit": "samples",
            "design": "paired",
        }  # fmt: skip
        values["verdict"] = BEYOND if row.get("beyond") else WITHIN
        given = {name: value for name, value in row.items() if name != "beyond"}
        value = given["value"]
        ends = {"signed_value": value, "ci_low": value - 0.1, "ci_high": value + 0.1}
        made.append(comparison_rows(**{**values, **ends, **given}))
    study.write_comparisons(pd.concat(made, ignore_index=True))


def three(folder: Path) -> tuple[Study, dict[str, str]]:
    """A base, a checkpoint twice its scale, and one that replaces one top head of Arabic."""
    study = Study.open(folder)
    runs = {
        "base": add_lahis(study, "base", planted({"bn": ("0.0", "0.1", "3.5", "3.6")})),
        "sft": add_lahis(study, "sft", planted({"bn": ("0.0", "0.1", "3.5", "3.6")}, scale=2.0)),
        "grpo": add_lahis(
            study,
            "grpo",
            planted({"ar": ("2.2", "0.1", "0.2", "0.3"), "bn": ("0.0", "0.1", "3.5", "3.6")}),
        ),
    }
    return study, runs


def _place(name: str) -> tuple[int, int]:
    layer, head = map(int, name.split("."))
    return layer, head
