"""The commands on the real data beside the repository, with a tiny random checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from interp.study import load_study
from tests.command import Interp

UDHR_LANGUAGES = {"en", "de", "es", "fr", "pt", "id", "ru", "ar", "zh", "ja", "sw", "bn"}
KLAR_LANGUAGES = {"en", "es", "fr", "ru", "zh", "ja", "ar", "nl", "ko", "tr"}


def test_lape_on_the_udhr(
    interp: Interp, checkpoint: Path, shared_data: Path, tmp_path: Path
) -> None:
    said = interp(
        "lape", "--model", checkpoint, "--corpus", shared_data / "udhr", "--study", tmp_path / "s",
        "--limit", "6", "--top-fraction", "0.1",
    )  # fmt: skip
    assert said.code == 0, said.err
    study = load_study(tmp_path / "s")
    (run_id,) = study.runs()["run_id"]
    probs = study.table("neuron_probs")
    assert set(probs["lang"]) == UDHR_LANGUAGES
    tokens = probs.groupby("lang")["n_tokens"].first()
    assert tokens.nunique() == 1 and tokens.iloc[0] > 500  # budget=min: every language as many
    counts = study.tensors(run_id, "counts")
    assert counts["counts"].shape == (6, 12, 3, 48)
    order = study.tensor_metadata(run_id, "counts")["languages"]
    active = counts["counts"].sum(axis=0)[order.index("en")]
    english = probs[probs["lang"] == "en"].sort_values(["layer", "neuron"])
    share = english["p_active"].to_numpy().reshape(3, 48)
    np.testing.assert_allclose(share, active / tokens["en"], atol=1e-12)
    assert study.table("neurons")["selected"].sum() == 14


def test_lahis_on_the_udhr(
    interp: Interp, checkpoint: Path, shared_data: Path, tmp_path: Path
) -> None:
    said = interp(
        "lahis", "--model", checkpoint, "--corpus", shared_data / "udhr",
        "--study", tmp_path / "s", "--limit", "4", "--seq-len", "64",
    )  # fmt: skip
    assert said.code == 0, said.err
    study = load_study(tmp_path / "s")
    scores = study.table("head_scores")
    assert set(scores["lang"]) == UDHR_LANGUAGES and len(scores) == 12 * 3 * 4
    assert (scores["n_samples"] == 4).all() and scores["score"].ge(0).all()
    assert scores["score"].gt(0).mean() > 0.5
    assert (scores["ci_low"] <= scores["ci_high"]).all()
    assert scores["score"].between(scores["ci_low"], scores["ci_high"]).mean() > 0.9


def test_lens_on_klar(interp: Interp, checkpoint: Path, shared_data: Path, tmp_path: Path) -> None:
    # The tiny model's tokens are bytes, and the first byte of every answer is a space.
    said = interp(
        "lens", "--model", checkpoint, "--facts", f"klar:{shared_data / 'klar'}",
        "--study", tmp_path / "s", "--limit", "10", "--token-rule", "last",
    )  # fmt: skip
    assert said.code == 0, said.err
    study = load_study(tmp_path / "s")
    ranks = study.table("lens_ranks")
    assert set(ranks["lang"]) <= KLAR_LANGUAGES and {"en", "zh", "ar"} <= set(ranks["lang"])
    assert set(ranks["layer"]) == {0, 1, 2, 3}
    assert ranks["rank"].between(0, 263).all() and ranks["logprob"].le(0).all()
    arguments = json.loads(study.runs()["arguments"].iloc[0])
    assert arguments["prompt_form"] == "cloze"  # KLAR's own prompts, used without asking
    assert arguments["token_rule"] == "last"


def test_the_polyfact_sample_is_a_test_split_and_is_never_trained_on(
    interp: Interp, checkpoint: Path, shared_data: Path, tmp_path: Path
) -> None:
    said = interp(
        "train", "grpo", "--model", checkpoint, "--out", tmp_path / "grpo", "--preset", "organism",
        "--facts", f"polyfact:{shared_data / 'polyfact_sample'}",
    )  # fmt: skip
    assert said.code == 2
    assert "never trained on" in said.err
    assert not (tmp_path / "grpo").exists()
