"""Studies made of chosen ranks, without a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from interp.study import RunSpec, Study

DATA_HASH = "f" * 64
Ranks = Mapping[str, tuple[Any, Any]]


def add_run(
    study: Study,
    ranks: Ranks,
    *,
    label: str = "base",
    data_hash: str = DATA_HASH,
    english_role: bool = True,
    top: bool = False,
    mid: bool = False,
    **arguments: Any,
) -> str:
    """Write one lens run.

    Args:
        study: the study, open for writing.
        ranks: language to (target, english), each ``[fact, layer]``; a row of NaN is no item. Facts
            are named f0, f1, ...
        label: of the checkpoint, and its stage.
        data_hash: of the fact set.
        english_role: whether the English answers are written.
        top: whether the likeliest tokens are written: ``<lang><layer>.<place>``.
        mid: whether points between attention and MLP are written, with absurd ranks.
        arguments: of the run.
    """
    spec = RunSpec("lens", label, label, "default", arguments, data_hash, {"weights_hash": label})
    rows, tops = [], []
    for lang, roles in ranks.items():
        for role, table in zip(("target", "en"), np.asarray(roles, float), strict=True):
            if role == "en" and not english_role:
                continue
            for fact, by_layer in enumerate(table):
                for layer, rank in enumerate(by_layer):
                    if np.isnan(rank):
                        continue
                    row = {
                        "fact_id": f"f{fact}", "lang": lang, "layer": layer, "point": "post",
                        "role": role, "token_id": 1, "token": f" {lang} {role}", "rank": rank,
                        "token_rule": "first", "logprob": -1.0, "n_subtokens": 1,
                    }  # fmt: skip
                    rows.append(row)
                    if mid and layer:
                        rows.append({**row, "point": "mid", "rank": 7777.0 + (role == "en")})
                    tops += [
                        {"fact_id": f"f{fact}", "lang": lang, "layer": layer, "point": point,
                         "place": place, "token_id": place, "token": f"{lang}{layer}.{place}",
                         "logprob": -1.0}
                        for place in range(1, 6) for point in (["post", "mid"][: 1 + (mid and layer > 0)])
                        if top and role == "target"
                    ]  # fmt: skip
    with study.run(spec) as run:
        run.write_table("lens_ranks", pd.DataFrame(rows))
        if top:
            run.write_table("lens_top", pd.DataFrame(tops))
    return run.run_id


def add_facts(
    study: Study,
    stated: Mapping[str, Any],
    *,
    relation: Any = None,
    data_hash: str = DATA_HASH,
) -> None:
    """Write the table of facts.

    Args:
        study: the study, open for writing.
        stated: language to a sequence over facts of True, False or None.
        relation: sequence over facts; one relation by default.
        data_hash: of the fact set.
    """
    rows = [
        {
            "fact_id": f"f{fact}", "relation": relation[fact] if relation else "r",
            "property_id": "P", "split": "train", "lang": lang, "subject": "s", "question": "q",
            "options": ["a", "b"], "option_ids": ["a", "b"], "answer_index": 0, "answer": "a",
            "stated": one, "is_proper_noun": True,
        }
        for lang, column in stated.items() for fact, one in enumerate(column)
    ]  # fmt: skip
    study.add_facts(pd.DataFrame(rows), data_hash)


def study_of(
    folder: Path, ranks: Ranks, stated: Mapping[str, Any] | None = None, **options: Any
) -> tuple[Study, str]:
    """A study of one run and its facts, all of them stated unless told otherwise."""
    study = Study.open(folder / "study")
    relation = options.pop("relation", None)
    run_id = add_run(study, ranks, **options)
    everywhere = {lang: [True] * len(roles[0]) for lang, roles in ranks.items()}
    add_facts(study, stated or everywhere, relation=relation)
    return study, run_id
