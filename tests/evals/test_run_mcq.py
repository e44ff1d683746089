"""Option scores against one plain forward per option, on every family; runs, resumption, reading."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from interp.data.facts import UNALIGNED, FactSet
from interp.errors import InterpError
from interp.evals import option_scores, run_mcq
from interp.evals.mcq_summary import answered, compare, read_answers, summarise
from interp.evals.option_items import build_items
from interp.evals.option_scores import can_share, score_options
from interp.model import HookedModel
from interp.options import McqOptions
from interp.study import Study
from tests.lens.helpers import QUESTIONS, facts, hooked, word_tokenizer
from tests.tiny import FAMILIES, FAST_FAMILIES


@pytest.fixture(scope="module")
def model() -> HookedModel:
    return hooked("olmo2")


def run(model: HookedModel, folder: Path, **options) -> tuple[Study, str]:
    study = Study.open(folder)
    options = {"label": "tiny", "stage": "base", **options}
    return study, run_mcq.run_mcq(model, facts(), study, **options)


def by_hand(model: HookedModel, question: str, option: str) -> tuple[float, int]:
    """Sum of log-probabilities of an option and its tokens: one forward, no batch, no mask."""
    tokenizer = word_tokenizer()
    prompt = tokenizer(f"Question: {question}\nAnswer:")["input_ids"]
    joint = tokenizer(f"Question: {question}\nAnswer: {option}")["input_ids"]
    assert joint[: len(prompt)] == prompt
    with torch.no_grad():
        logits = model.model(input_ids=torch.tensor([joint])).logits[0].double()
    logprobs = torch.log_softmax(logits, -1)
    places = range(len(prompt), len(joint))
    return sum(float(logprobs[at - 1, joint[at]]) for at in places), len(joint) - len(prompt)


@pytest.mark.parametrize(
    "family",
    [f if f in FAST_FAMILIES else pytest.param(f, marks=pytest.mark.slow) for f in FAMILIES],
)
def test_scores_equal_a_whole_encoding_of_every_option_on_every_family(family: str) -> None:
    model = hooked(family)
    items, _ = build_items(facts(), model.tokenizer)
    expected = [
        [by_hand(model, QUESTIONS[i.lang].format(i.fact_id), o)[0]
         for o in next(f for f in facts() if f.fact_id == i.fact_id).texts[i.lang].options]
        for i in items
    ]  # fmt: skip
    for share in (can_share(model, items), False):
        for batch_size in ("auto", 1, 5):
            scores = score_options(model, items, batch_size=batch_size, share=share)
            np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_all_families_but_one_share_their_prompts() -> None:
    alone = []
    for family in FAMILIES:
        model = hooked(family)
        items, _ = build_items(facts(), model.tokenizer)
        if not can_share(model, items):
            alone.append(family)
    assert alone == ["bloom"]  # its position bias is computed from a mask of two dimensions


def test_the_table_of_a_whole_run(model: HookedModel, tmp_path: Path) -> None:
    study, run_id = run(model, tmp_path / "s")
    table = study.table("predictions", run_id=run_id)
    assert len(table) == 12
    for row in table.itertuples():
        fact = next(fact for fact in facts() if fact.fact_id == row.fact_id)
        options = fact.texts[row.lang].options
        found = [by_hand(model, QUESTIONS[row.lang].format(row.fact_id), one) for one in options]
        np.testing.assert_allclose(row.scores, [score for score, _ in found], atol=1e-5)
        assert list(row.n_tokens) == [count for _, count in found]
        assert list(row.n_bytes) == [len(option.encode()) for option in options]
        assert list(row.n_characters) == [len(option) for option in options]
        best = int(np.argmax(np.array(row.scores) / row.n_bytes))
        assert row.chosen == best
        assert row.correct == (best == 0)
        assert (row.target, row.target_en) == (options[0], fact.texts["en"].options[0])
    assert study.notes(run_id)["shared_prompts"] is True
    again, same = run(model, tmp_path / "s")
    assert same == run_id
    assert len(again.runs()) == 1


def test_every_normalisation_is_derived_from_one_run(model: HookedModel, tmp_path: Path) -> None:
    study, run_id = run(model, tmp_path / "s")
    for rule in ("token", "character", "sum"):
        _, other = run(model, tmp_path / "s", normalisation=rule)
        stored = study.table("predictions", run_id=other)
        derived = read_answers(study, run_id, normalisation=rule).predictions
        assert stored["correct"].tolist() == derived["correct"].tolist()
        assert stored["chosen"].tolist() == derived["chosen"].tolist()
    table = summarise(study, run_id, draws=20)["normalisations"].set_index("lang")
    assert table.loc["de", "byte"] == read_answers(study, run_id).correct["de"].mean()


def test_an_interrupted_run_goes_on_and_ends_the_same(
    model: HookedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")

    def files(folder: Path) -> dict[str, str]:
        return {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in folder.rglob("*.parquet")
        }

    run(model, tmp_path / "whole", batch_size=2)
    real, calls = option_scores.branch_scores, []

    def failing(*arguments, **options):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(option_scores, "branch_scores", failing)
    with pytest.raises(KeyboardInterrupt):
        run(model, tmp_path / "parts", batch_size=2)
    run(model, tmp_path / "parts", batch_size=2)
    assert len(calls) == 4 + 3  # of 6 batches three were done
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def test_a_model_that_cannot_share_is_said(tmp_path: Path, capsys) -> None:
    study, run_id = run(hooked("bloom"), tmp_path / "s")
    assert study.notes(run_id)["shared_prompts"] is False
    assert "cannot share a prompt" in capsys.readouterr().err


def test_scores_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    model = hooked("qwen2")
    with torch.no_grad():
        model.model.get_input_embeddings().weight.fill_(float("nan"))
    with pytest.raises(InterpError, match=r"option scores of fact .*nan.*expected finite numbers"):
        run(model, tmp_path / "s")
    assert Study.open(tmp_path / "s").runs().empty


def test_an_ablated_head_changes_the_scores_inside_the_block_only(model: HookedModel) -> None:
    items, _ = build_items(facts(), model.tokenizer)
    whole = score_options(model, items)
    heads = [(0, head) for head in range(model.shape.n_heads)]
    with model.ablate(heads=heads):
        ablated = score_options(model, items)
    weight = model.model.model.layers[0].self_attn.o_proj.weight
    kept = weight.detach().clone()
    with torch.no_grad():
        weight.zero_()
        by_weights = score_options(model, items)
        weight.copy_(kept)
    np.testing.assert_allclose(ablated, by_weights, atol=1e-5)
    assert np.abs(ablated - whole).max() > 1e-3
    assert (score_options(model, items) == whole).all()


def test_a_fact_that_is_too_long_for_the_checkpoint_is_named(tmp_path: Path) -> None:
    model = hooked("gpt2", n_positions=12)
    with pytest.raises(InterpError, match=r"fact '.*' in .* takes \d+ tokens .* has 12 positions"):
        run(model, tmp_path / "s")
    assert Study.open(tmp_path / "s").runs().empty


def test_what_a_source_dropped_is_said_and_kept(model: HookedModel, tmp_path: Path, capsys) -> None:
    whole = facts()
    lacking = [
        replace(f, texts={"en": f.texts["en"]}) if f.fact_id == "drink" else f for f in whole
    ]
    few = FactSet.build(lacking, ("en", "de"), "made by hand")
    study = Study.open(tmp_path / "s")
    run_id = run_mcq.run_mcq(model, few, study, label="tiny", stage="base")
    assert study.notes(run_id)["facts"] == {"missing_de": 1, "dropped_incomplete": 1}
    said = capsys.readouterr().err
    assert "made by hand: missing_de 1, dropped_incomplete 1" in said


def test_one_fact_with_unaligned_options_is_enough(model: HookedModel, tmp_path: Path) -> None:
    some = [
        replace(fact, option_ids=tuple(f"{UNALIGNED}{i}" for i in range(4))) if at == 3 else fact
        for at, fact in enumerate(facts())
    ]
    study = Study.open(tmp_path / "s")
    mixed = FactSet.build(some, ("en", "de"), "made by hand")
    run_id = run_mcq.run_mcq(model, mixed, study, label="tiny", stage="base")
    assert not read_answers(study, run_id).aligned


def test_prompt_forms_are_named_options(model: HookedModel) -> None:
    def text(form: str, lang: str) -> str:
        made, _ = build_items(facts(), model.tokenizer, options=McqOptions(prompt_form=form))
        return model.tokenizer.decode(next(i for i in made if i.lang == lang).prompt)

    assert text("qa", "de").startswith("Question: Was")
    assert text("native", "de").startswith("Frage: Was")
    assert text("native", "de").endswith("\nAntwort:")
    assert text("cloze", "en").startswith("capital-fr = so")


def test_reading_a_run_that_is_something_else(model: HookedModel, tmp_path: Path) -> None:
    study, run_id = run(model, tmp_path / "s")
    with pytest.raises(InterpError, match="unknown finished run 'nope': expected one of tiny-mcq"):
        summarise(study, "nope")
    with pytest.raises(InterpError, match="unknown normalisation 'avg'"):
        summarise(study, run_id, normalisation="avg")


def test_two_checkpoints_are_compared_on_the_same_facts(model: HookedModel, tmp_path: Path) -> None:
    study, first = run(model, tmp_path / "s", label="one")
    _, second = run(hooked("olmo2", seed=3), tmp_path / "s", label="two")
    table = compare(study, first, second, draws=50).set_index("lang")
    old, new = (read_answers(study, run_id).correct for run_id in (first, second))
    assert table.loc["de", "delta"] == pytest.approx((new["de"] - old["de"]).mean())
    assert table.loc["de", "gained"] == ((new["de"] - old["de"]) > 0).sum()
    _, other = run(hooked("olmo2", seed=3), tmp_path / "s", label="sum", normalisation="sum")
    with pytest.raises(InterpError, match=r"decided by byte, .* by sum: expected one normalis"):
        compare(study, first, other)
    assert not compare(study, first, other, normalisation="sum", draws=20).empty
    _, asked = run(hooked("olmo2", seed=3), tmp_path / "s", label="bos", bos="always")
    with pytest.raises(InterpError, match=r"differ in bos \(auto and always\): expected the same"):
        compare(study, first, asked)
    with pytest.raises(InterpError, match=r"no fact of .* has a group under 'stated'"):
        compare(study, first, second, by="stated")


def test_options_that_are_not_aligned_have_no_rankings(
    model: HookedModel, tmp_path: Path, shared_data: Path
) -> None:
    path = shared_data / "polyfact_sample" / "test.jsonl"
    polyfact = FactSet.load(f"polyfact:{path}", languages=["en", "zh"], limit=5)
    study = Study.open(tmp_path / "s")
    run_id = run_mcq.run_mcq(model, polyfact, study, label="tiny", stage="base")
    answers = read_answers(study, run_id)
    assert not answers.aligned
    assert answered(answers)[0].ranks is None
    found = summarise(study, run_id, draws=20)
    assert found["overall"]["statistic"].tolist() == ["total consistency", "clc"]
    assert set(found) >= {"all", "relation", "split", "normalisations", "overall", "histogram"}
    assert "stated" not in found  # nobody knows what was stated


def test_the_organism_knows_english_best(tmp_path: Path) -> None:
    """The shipped base on a few facts: English always, others where their text states the fact."""
    base = Path(__file__).resolve().parents[2] / "artifacts" / "base"
    cldr = FactSet.load("cldr", languages=["en", "de", "ja"], limit=60)
    study = Study.open(tmp_path / "s")
    run_id = run_mcq.run_mcq(HookedModel.load(str(base)), cldr, study, label="base", stage="base")
    found = summarise(study, run_id, draws=100)
    stated = found["stated"].set_index(["group", "lang"])["accuracy"]
    assert stated["stated in language", "en"] == 1
    assert stated["stated in language", "ja"] > 0.9 > stated["English only", "ja"]
    overall = found["overall"].set_index("statistic")
    assert overall.loc["total consistency", "value"] > overall.loc["total consistency", "chance"]
    frame: pd.DataFrame = found["histogram"]
    assert frame["facts"].sum() == 60
