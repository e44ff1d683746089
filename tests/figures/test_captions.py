"""Where numbers come from, in words."""

from __future__ import annotations

import pandas as pd

from interp.figures.captions import provenance


def _run(**about: object) -> dict[str, object]:
    usual = {
        "label": "base", "model": "hub/m", "revision": None, "analysis": "lape", "preset": "default",
        "data_hash": "sha256:0123456789abcdef", "finished_at": "2026-11-29T10:00:00Z",
    }  # fmt: skip
    return {**usual, **about}


def test_runs_of_one_checkpoint_stand_together() -> None:
    runs = pd.DataFrame([_run(), _run(label="sft", revision="v1"), _run(analysis="lahis")])
    assert provenance(runs) == (
        "base: hub/m, lape (default, data 01234567, 2026-11-29), lahis (default, data 01234567, "
        "2026-11-29); sft: hub/m@v1, lape (default, data 01234567, 2026-11-29)"
    )


def test_a_run_whose_file_names_no_model_says_so() -> None:
    said = provenance(pd.DataFrame([_run(model=None)]))
    assert said.startswith("base: a model that its file does not name, lape") and "nan" not in said
