"""What is estimated against what a run records of itself: the same tokens, the same batches."""

from __future__ import annotations

from pathlib import Path

import pytest

from interp.attention.estimate import attention_work
from interp.attention.run import run_attention
from interp.causal.estimate import ablation_work
from interp.causal.run import run_ablation
from interp.estimates.work import Pass, Work
from interp.evals.estimate import klar_work, mcq_work
from interp.evals.run_klar import run_klar
from interp.evals.run_mcq import run_mcq
from interp.lahis.estimate import lahis_work
from interp.lahis.run import run_lahis
from interp.lape.estimate import lape_work
from interp.lape.run import run_lape
from interp.lens.estimate import lens_work
from interp.lens.run import run_lens
from interp.similarity.estimate import similarity_work
from interp.similarity.run import run_similarity
from interp.study import Study
from tests.estimates.conftest import LANGUAGES

MADE = {"label": "tiny", "stage": "base"}


def alike(found: Pass, plan: dict) -> None:
    """Check one pass against the record of the run's batches."""
    assert found.tokens == plan["n_tokens"]
    assert found.padded_tokens == plan["n_padded_tokens"]
    assert len(found.shapes) == plan["n_batches"]
    assert sum(rows for rows, _ in found.shapes) == plan["n_sequences"]


def left(study: Study, run_id: str) -> int:
    """Bytes that a run has left, its facts included."""
    files = [*(study.path / "runs" / run_id).iterdir(), *(study.path / "facts").glob("*.parquet")]
    return sum(file.stat().st_size for file in files)


def near(work: Work, n_bytes: int, within: float = 0.3) -> None:
    """Check the bytes on disk."""
    assert sum(work.files.values()) == pytest.approx(n_bytes, rel=within)


def made(folder: Path) -> Study:
    return Study.open(folder / "study")


def test_lape(model, sketch, corpus, tmp_path):
    study = made(tmp_path)
    run_id = run_lape(model, corpus, study, **MADE, top_fraction=0.2)
    work = lape_work(sketch, corpus, where=str(tmp_path), top_fraction=0.2)
    notes = study.notes(run_id)
    assert [one.name for one in work.passes] == ["counts", "examples"]
    for one in work.passes:
        alike(one, notes["batches"])
    assert work.tokens == notes["text"]["tokens"]
    assert list(work.tokens) == list(LANGUAGES)
    near(work, left(study, run_id))
    alone = lape_work(sketch, corpus, where="", examples=0)
    assert [one.name for one in alone.passes] == ["counts"]
    assert "examples" not in alone.files


@pytest.mark.parametrize("options", ({}, {"preset": "paper", "n_samples": 4}))
def test_lahis(model, sketch, corpus, tmp_path, options):
    study = made(tmp_path)
    run_id = run_lahis(model, corpus, study, **MADE, seq_len=64, **options)
    work = lahis_work(sketch, corpus, where=str(tmp_path), seq_len=64, **options)
    notes = study.notes(run_id)
    [one] = work.passes
    assert one.kind == "inputs"
    assert work.total_tokens == sum(work.tokens.values()) == one.tokens
    # The record leaves out special tokens, of which this tokenizer puts none in front.
    assert work.tokens == notes["samples"]["tokens"]
    if not options:
        alike(one, notes["batches"])
        near(work, left(study, run_id))
    else:
        assert {rows for rows, _ in one.shapes} == {1}
        assert len(one.shapes) == 4 * len(LANGUAGES)


def test_lens(model, sketch, facts, tmp_path):
    study = made(tmp_path)
    run_id = run_lens(model, facts, study, **MADE)
    work = lens_work(sketch, facts, where=str(tmp_path))
    notes = study.notes(run_id)
    [one] = work.passes
    alike(one, notes["batches"])
    kept = sum(row["kept"] for row in notes["items"])
    assert work.logits[0].rows == kept * (model.shape.n_layers + 1)
    facts_table = (study.path / "facts").glob("*.parquet")
    near(work, left(study, run_id) - sum(file.stat().st_size for file in facts_table))


def test_similarity(model, sketch, corpus, tmp_path):
    study = made(tmp_path)
    run_id = run_similarity(model, corpus, study, **MADE)
    work = similarity_work(sketch, corpus, where=str(tmp_path))
    notes = study.notes(run_id)
    [one] = work.passes
    alike(one, notes["batches"])
    assert work.tokens == notes["text"]["tokens"]
    near(work, left(study, run_id))


def test_attention(model, sketch, corpus, tmp_path):
    study = made(tmp_path)
    heads = [(0, 1), (2, 3)]
    run_id = run_attention(model, corpus, study, **MADE, heads=heads)
    work = attention_work(sketch, corpus, where=str(tmp_path), heads=heads)
    [one] = work.passes
    alike(one, study.notes(run_id)["batches"])
    near(work, left(study, run_id))


def test_ablation(model, sketch, corpus, facts, tmp_path):
    study = made(tmp_path)
    source = run_lahis(model, corpus.sample(6), study, **MADE)
    asked = {"heads_from": source, "n_controls": 2, "n_fact_controls": 1, "replacement": "mean"}
    few = facts.select(limit=5)
    before = left(study, source)
    run_id = run_ablation(model, corpus, study, **MADE, facts=few, **asked)
    work = ablation_work(
        sketch, corpus, where=str(tmp_path), source=study, facts=few, **asked
    )  # fmt: skip
    notes, named = study.notes(run_id), {one.name: one for one in work.passes}
    assert list(named) == ["means", "text", "facts"]
    alike(named["text"], notes["batches"]["text"])
    alike(named["facts"], notes["batches"]["facts"])
    described = study.tensor_metadata(run_id, "losses")["sets"]
    assert named["text"].repeats == len(described)
    asked_sets = study.tensor_metadata(run_id, "answers")["sets"]
    assert named["facts"].repeats == len(asked_sets) < len(described)
    assert before
    files = (study.path / "runs" / run_id).iterdir()
    near(work, sum(file.stat().st_size for file in files), 0.5)


def test_mcq(model, sketch, facts, tmp_path):
    study = made(tmp_path)
    run_id = run_mcq(model, facts, study, **MADE, batch_size=7)
    work = mcq_work(sketch, facts, where=str(tmp_path), batch_size=7)
    [one] = work.passes
    alike(one, study.notes(run_id)["batches"])
    assert {rows for rows, _ in one.shapes[:-1]} == {7}
    near(work, left(study, run_id))


def test_klar(model, sketch, facts, tmp_path):
    study = made(tmp_path)
    asked = {"n_demos": 1, "max_new_tokens": 4}
    run_id = run_klar(model, facts.select(limit=12), study, **MADE, **asked)
    work = klar_work(sketch, facts.select(limit=12), where=str(tmp_path), **asked)
    plan = study.notes(run_id)["batches"]
    [one] = work.passes
    assert one.steps == 4
    assert len(one.shapes) == plan["n_batches"]
    # The plan reserves the answers.
    assert one.tokens + 4 * plan["n_sequences"] == plan["n_tokens"]
    assert one.padded_tokens + 4 * plan["n_sequences"] == plan["n_padded_tokens"]
    near(work, left(study, run_id), 0.5)
