"""Whole runs into a study, against the reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from interp.errors import InterpError
from interp.lahis.scores import sum_kv_groups
from interp.lahis.summary import kv_group_scores, score_matrices, selected_heads
from interp.model import HookedModel
from interp.presets import preset
from tests.lahis.cases import LETTERS, letters_corpus, run, sample_ids
from tests.lahis.test_checkpointed import sharing_blocks
from tests.reference import lahis as reference
from tests.tiny import tiny_hooked, tiny_model

TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def ids_of_every_language(study, run_id, corpus, model):
    """The samples in the order that the run recorded: the same units for every language."""
    units = study.notes(run_id)["samples"]["units"]
    return {lang: sample_ids(corpus, model.tokenizer, units, lang) for lang in LETTERS}


def test_stored_gradients_are_those_of_the_same_units_in_every_language(tmp_path):
    model, corpus = tiny_hooked("qwen2"), letters_corpus()
    study, run_id = run(model, corpus, tmp_path / "s", batch_size=5)
    notes = study.notes(run_id)
    assert sorted(notes["samples"]["units"]) == sorted(unit.unit_id for unit in corpus)
    stored = study.tensors(run_id, "gradients")
    assert set(stored) == set(LETTERS)
    for lang, samples in ids_of_every_language(study, run_id, corpus, model).items():
        assert notes["samples"]["tokens"][lang] == sum(map(len, samples))
        expected = reference.gradients(model.model, samples, 3, 4)
        assert stored[lang].shape == expected.shape and stored[lang].dtype == np.float32
        scale = np.abs(expected).max(axis=(1, 2), keepdims=True)
        assert (np.abs(stored[lang] - expected) / scale).max() < 1e-4
        losses = [
            reference.masked_loss(model.model, torch.tensor(ids), torch.ones(3, 4)).item()
            for ids in samples
        ]
        assert notes["mean_loss"][lang] == pytest.approx(np.mean(losses), rel=1e-5)
    assert study.tensor_metadata(run_id, "gradients")["axes"] == ["sample", "layer", "head"]
    assert notes["batches"]["n_sequences"] == 18 and notes["batches"]["batch_size"] == 5


def test_head_scores_have_one_row_per_head_and_language_with_an_interval(tmp_path):
    model, corpus = tiny_hooked("qwen2"), letters_corpus(12)
    study, run_id = run(model, corpus, tmp_path / "s", n_samples=10)
    table = study.table("head_scores")
    assert not table.duplicated(["lang", "layer", "head"]).any()
    assert len(table) == 3 * 3 * 4 and (table["n_samples"] == 10).all()
    stored = study.tensors(run_id, "gradients")
    for lang, scores in score_matrices(study, run_id).items():
        np.testing.assert_allclose(scores, reference.score(stored[lang]), rtol=1e-9)
    assert (table["ci_low"] <= table["ci_high"]).all()
    inside = (table["ci_low"] <= table["score"]) & (table["score"] <= table["ci_high"])
    assert inside.mean() > 0.95
    assert (table["ci_low"] < table["ci_high"]).mean() > 0.9


def test_the_seed_alone_decides_samples_and_intervals(tmp_path):
    model, corpus = tiny_hooked("qwen2"), letters_corpus(8)

    def table(folder, seed):
        study, run_id = run(model, corpus, tmp_path / folder, n_samples=5, seed=seed)
        return study.table("head_scores"), study.notes(run_id)["samples"]["units"]

    (first, units), (again, same), (other, others) = table("a", 1), table("b", 1), table("c", 2)
    assert first.equals(again) and units == same
    assert set(units) != set(others) and not first.equals(other)


def test_intervals_are_quantiles_over_resamples_drawn_by_the_runs_seed(tmp_path):
    study, run_id = run(tiny_hooked("qwen2"), letters_corpus(8), tmp_path / "s", seed=7)
    stored = study.tensors(run_id, "gradients")["es"]
    draws = np.random.default_rng(7).multinomial(8, np.full(8, 1 / 8), size=1000)
    resampled = [reference.score(np.repeat(stored[:, :1], n, axis=0)) for n in draws]
    rows = study.table("head_scores").query("lang == 'es' and layer == 0")
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(rows["ci_low"], low[0], rtol=1e-9)
    np.testing.assert_allclose(rows["ci_high"], high[0], rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "n_top"), [("default", 3), ("paper", 2), ("release", 2), ("liu2025", 4)]
)
def test_presets_equal_the_reference(tmp_path, capsys, name, n_top):
    model, corpus = tiny_hooked("qwen2"), letters_corpus(8)
    shares = {"top_fraction": 0.22, "quantile": 0.7}
    study, run_id = run(model, corpus, tmp_path / "s", preset=name, **shares)
    options = preset("lahis", name)
    found = score_matrices(study, run_id)
    exact = options.mask_dtype == "float32"
    for lang, samples in ids_of_every_language(study, run_id, corpus, model).items():
        if options.mask_update == "frozen":
            expected = reference.score(reference.gradients(model.model, samples, 3, 4))
        else:
            expected, _ = reference.learned_mask_score(
                model.model, samples, 3, 4, mask_dtype=TYPES[options.mask_dtype],
                sum_dtype=TYPES[options.accumulate_dtype],
            )  # fmt: skip
        np.testing.assert_allclose(found[lang], expected, rtol=1e-3 if exact else 0.02, atol=1e-6)
    table = study.table("head_scores")
    assert table["ci_low"].isna().all() == (options.mask_update == "adamw")
    # Of 12 heads: 2.64 are rounded or cut; the ranks above 0.7 * 11 = 7.7 are 8 to 11.
    for lang, heads in selected_heads(study, run_id).items():
        best = np.argsort(-found[lang], axis=None)[:n_top]
        assert heads == [divmod(int(index), 4) for index in best]
    said = capsys.readouterr().err
    assert ("bidirectional" in said) == (name == "release")
    assert ("bidirectional" in study.notes(run_id).get("note", "")) == (name == "release")


def test_groups_of_a_key_value_head_by_brute_force(tmp_path):
    model = tiny_hooked("qwen2")  # 4 query heads share 2 key-value heads
    study, run_id = run(model, letters_corpus(), tmp_path / "s")
    stored = study.tensors(run_id, "gradients")
    for lang, found in kv_group_scores(study, run_id).items():
        grouped = np.zeros((6, 3, 2))
        for head in range(4):
            grouped[:, :, head // 2] += stored[lang][:, :, head]
        np.testing.assert_allclose(found, reference.score(grouped), rtol=1e-9)


def test_groups_of_a_key_value_head_by_finite_differences(tmp_path):
    hf_model, tokenizer = tiny_model("qwen2")
    model, corpus = HookedModel.from_model(hf_model.double(), tokenizer), letters_corpus(2)
    study, run_id = run(model, corpus, tmp_path / "s")
    ids = ids_of_every_language(study, run_id, corpus, model)["de"][1]
    found = sum_kv_groups(study.tensors(run_id, "gradients")["de"][1], 2)
    expected = reference.central_differences(model.model, ids, 3, 2, heads_per_entry=2)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_groups_need_the_gradients_of_a_frozen_mask(tmp_path):
    study, run_id = run(tiny_hooked("qwen2"), letters_corpus(2), tmp_path / "s", preset="paper")
    with pytest.raises(InterpError, match="gradients"):
        kv_group_scores(study, run_id)


def test_samples_end_where_the_model_has_no_more_positions(tmp_path, capsys):
    model, corpus = tiny_hooked("gpt2", n_positions=16), letters_corpus(4, (20, 40))
    study, run_id = run(model, corpus, tmp_path / "s")
    assert set(study.notes(run_id)["samples"]["tokens"].values()) == {4 * 16}
    assert "16 positions" in capsys.readouterr().err
    with pytest.raises(InterpError, match=r"seq_len is 32: .* has 16 positions"):
        run(model, corpus, tmp_path / "s", seq_len=32)


@pytest.mark.parametrize("mask_update", ["frozen", "adamw"])
def test_gradients_that_are_not_finite_are_refused_at_once(tmp_path, mask_update):
    hf_model, tokenizer = tiny_model("qwen2", tie_word_embeddings=False)
    with torch.no_grad():
        hf_model.get_input_embeddings().weight[tokenizer("i")["input_ids"][0]] = float("nan")
    model = HookedModel.from_model(hf_model, tokenizer, self_check=False)
    with pytest.raises(InterpError, match="not finite for the de text of unit u") as refused:
        run(model, letters_corpus(), tmp_path / "s", mask_update=mask_update)
    assert "\n" not in str(refused.value)


def test_a_mask_that_explodes_is_refused(tmp_path):
    with pytest.raises(InterpError, match=r"not finite .* or a smaller lr"):
        run(tiny_hooked("qwen2"), letters_corpus(), tmp_path / "s", preset="paper", lr=1e37)


def test_a_learned_mask_is_refused_in_several_processes(tmp_path, monkeypatch):
    model, corpus = tiny_hooked("qwen2"), letters_corpus(2)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InterpError, match="several processes"):
        run(model, corpus, tmp_path / "s", mask_update="adamw")
    monkeypatch.setenv("WORLD_SIZE", "1")
    run(model, corpus, tmp_path / "s", mask_update="adamw")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "limit 0"),
        ({"accumulate_dtype": "bfloat16"}, "accumulate_dtype"),
        ({"preset": "tang2024"}, "says nothing about lahis"),
        ({"languages": ["en", "fr"]}, "fr"),
        ({"seq_len": 1}, "seq_len 1"),
        ({"top": 3}, "top"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path, options, message):
    with pytest.raises(InterpError, match=message):
        run(tiny_hooked("qwen2"), letters_corpus(2), tmp_path / "s", **options)
    assert not list((tmp_path / "s").rglob("run.json"))


@pytest.mark.parametrize("mask_update", ["frozen", "adamw"])
def test_a_run_with_checkpointing_leaves_the_same_numbers(tmp_path, mask_update):
    model, corpus = tiny_hooked("gpt2"), letters_corpus(4)
    choices = {"mask_update": mask_update, "lr": 0.1}
    study, plain = run(model, corpus, tmp_path / "s", **choices)
    other, again = run(model, corpus, tmp_path / "t", checkpointing=True, **choices)
    assert again == plain  # nothing that a result depends on: the same run
    assert other.notes(again)["checkpointing"] and "checkpointing" not in study.notes(plain)
    assert other.table("head_scores").equals(study.table("head_scores"))
    if mask_update == "frozen":
        expected, found = (s.tensors(plain, "gradients") for s in (study, other))
        assert all(np.array_equal(found[lang], expected[lang]) for lang in LETTERS)


def test_a_model_that_cannot_be_checkpointed_is_refused_at_the_door(tmp_path):
    model = tiny_hooked("olmo2")
    with sharing_blocks(model), pytest.raises(InterpError, match="share more than the residual"):
        run(model, letters_corpus(4), tmp_path / "s", checkpointing=True)
    assert not list((tmp_path / "s").glob("runs/*"))
