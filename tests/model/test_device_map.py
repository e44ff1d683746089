"""A model whose blocks lie on different devices (here: one on disk) gives the artifacts of a whole one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interp.causal.run import run_ablation
from interp.data.corpus import Corpus
from interp.data.facts import FactSet
from interp.evals.run_mcq import run_mcq
from interp.lahis.run import run_lahis
from interp.lape.run import run_lape
from interp.lens.run import run_lens
from interp.model import HookedModel
from interp.similarity.run import run_similarity
from interp.study import Study, load_study
from tests.tiny import save_tiny

pytestmark = pytest.mark.slow

SPREAD = {
    "model.embed_tokens": "cpu", "model.layers.0": "cpu", "model.layers.1": "disk",
    "model.layers.2": "cpu", "model.norm": "cpu", "model.rotary_emb": "cpu", "lm_head": "cpu",
}  # fmt: skip
ABOUT: dict[str, Any] = {"label": "tiny", "stage": "base", "batch_size": 3}
ANALYSES: dict[str, Callable[[HookedModel, Corpus, FactSet, Study], str]] = {
    "lape": lambda m, c, f, s: run_lape(m, c, s, top_fraction=0.2, seq_len=48, **ABOUT),
    "lahis": lambda m, c, f, s: run_lahis(m, c, s, n_samples=5, seq_len=48, **ABOUT),
    "lens": lambda m, c, f, s: run_lens(m, f, s, **ABOUT),
    "mcq": lambda m, c, f, s: run_mcq(m, f, s, **ABOUT),
    "similarity": lambda m, c, f, s: run_similarity(m, c, s, seq_len=48, **ABOUT),
    "ablation": lambda m, c, f, s: run_ablation(
        m, Corpus.load("cldr", languages=["en", "zh"], limit=30, seed=5), s, heads_from="tiny",
        replacement="mean", n_controls=1, seq_len=48, **ABOUT,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same analyses of the whole and of the spread model."""
    root = tmp_path_factory.mktemp("spread")
    saved = save_tiny(root / "model")
    corpus = Corpus.load("cldr", languages=["en", "zh"], limit=8)
    facts = FactSet.load("cldr", languages=["en", "zh"], limit=6)
    folders = []
    for name, device_map in (("whole", None), ("spread", SPREAD)):
        model = HookedModel.load(str(saved), device_map=device_map)
        folders.append(root / name)
        study = Study.open(folders[-1])
        for run in ANALYSES.values():
            run(model, corpus, facts, study)
    return folders[0], folders[1]


@pytest.mark.parametrize("analysis", ANALYSES)
def test_the_same_artifacts(studies: tuple[Path, Path], analysis: str) -> None:
    found = []
    for folder in studies:
        records = load_study(folder).records()
        (record,) = [one for one in records if one.spec["analysis"] == analysis]
        found.append({name: about["sha256"] for name, about in record.data["files"].items()})
        assert (record.spec["model"]["device_map"] is None) == (folder.name == "whole")
    assert found[0] == found[1] and found[0]
