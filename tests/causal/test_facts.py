"""Facts under ablation: the answers of edited weights, and intervals paired by fact."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from interp.causal.accuracy import Answers, accuracy_frame
from interp.causal.sets import AblationSet
from interp.data.facts import Fact, FactSet, FactText
from interp.errors import InterpError
from interp.model import HookedModel
from interp.stats.bootstrap import draw_counts
from tests.causal.cases import ablate, edited, found, halves, small_corpus
from tests.tiny import tiny_hooked, tiny_model


def facts(n_facts=5, languages=("en", "de")) -> FactSet:
    """Options of different lengths, so that a sum and a mean per byte choose differently."""
    made = []
    for number in range(n_facts):
        texts = {
            lang: FactText(
                f"which letter {number} {lang}?",
                tuple(f"{lang}{letter}" * (1 + place) for place, letter in enumerate("abcd")),
                number % 4,
            )
            for lang in languages
        }
        ids = tuple(f"o{k}" for k in range(4))
        made.append(Fact(f"f{number}", "letters", "P1", ids, "test", texts))
    return FactSet.build(made, languages, "made up")


def answered(model, factset, lang) -> list[int]:
    """Whether each fact's true option is the likeliest per byte; every option a row of its own."""
    right = []
    for fact in factset:
        text = fact.texts[lang]
        prompt = f"Question: {text.question}\nAnswer:"
        scores = []
        for option in text.options:
            start = model.tokenizer(prompt, add_special_tokens=False)["input_ids"]
            ids = model.tokenizer(f"{prompt} {option}", add_special_tokens=False)["input_ids"]
            with torch.no_grad():
                table = torch.log_softmax(
                    model.raw(input_ids=torch.tensor([ids])).logits[0].double(), -1
                )
            logprob = sum(float(table[at - 1, ids[at]]) for at in range(len(start), len(ids)))
            scores.append(logprob / len(option.encode()))
        right.append(int(int(np.argmax(scores)) == text.answer_index))
    return right


class Edited:
    def __init__(self, model: HookedModel, places) -> None:
        self.tokenizer = model.tokenizer
        self.raw = edited(model.model, "heads", places)


def test_answers_are_those_of_edited_weights(tmp_path):
    model, corpus, factset = tiny_hooked("olmo2"), small_corpus(), facts()
    first, _ = halves(corpus)
    study, source = found(model, first, tmp_path, top_fraction=0.4)
    run_id = ablate(model, corpus, study, source, facts=factset, n_fact_controls=1)
    tensors = study.tensors(run_id, "answers")
    about = study.tensor_metadata(run_id, "answers")
    assert about["facts"] == [fact.fact_id for fact in factset]
    assert about["languages"] == ["en", "de"]  # there are no facts in Spanish
    kinds = [(one["lang"], one["kind"], one["draw"]) for one in about["sets"]]
    assert kinds[0] == ("", "intact", None) and len(kinds) == 1 + 3 + 3 * 2  # one draw of each
    places = study.tensors(run_id, "losses")["places"]
    whose = study.tensor_metadata(run_id, "losses")["sets"]
    table = study.table("ablations", run_id=run_id)
    for row, (lang, kind, draw) in enumerate(kinds):
        if lang not in ("", "de"):
            continue
        at = next(i for i, one in enumerate(whose)
                  if (one["lang"], one["kind"], one["draw"]) == (lang, kind, draw))  # fmt: skip
        mine = [(int(layer), int(head)) for _, layer, head in places[places[:, 0] == at]]
        for place, asked in enumerate(("en", "de")):
            expected = answered(Edited(model, mine), factset, asked)
            assert tensors["correct"][row, place].tolist() == expected
            if kind == "heads":
                shown = table[(table["source_lang"] == lang) & (table["kind"] == kind)
                              & (table["lang"] == asked)].iloc[0]  # fmt: skip
                change = np.mean(expected) - tensors["correct"][0, place].mean()
                assert shown["delta_accuracy"] == pytest.approx(change)
                assert shown["n_facts"] == 5
                assert shown["accuracy_low"] <= change <= shown["accuracy_high"]
    assert table[table["lang"] == "es"]["delta_accuracy"].isna().all()
    assert tensors["correct"].std() > 0 and table["delta_accuracy"].abs().max() > 0
    later = table[table["draw"] == 1]
    assert len(later) and later["delta_accuracy"].isna().all()
    assert len(study.facts(factset.data_hash)) == 10


def test_intervals_are_paired_and_shared_by_sets_and_languages():
    rng = np.random.default_rng(0)
    sets = [AblationSet("", "intact", None, ())]
    sets += [AblationSet("en", "heads", None, ((0, 0),))]
    sets += [AblationSet("en", "random", draw, ((0, 1),)) for draw in range(2)]
    correct = rng.integers(0, 2, (4, 2, 30)).astype(np.uint8)
    answers = Answers(tuple(sets), ("en", "de"), tuple(map(str, range(30))), correct)
    frame = accuracy_frame(answers, draws=300, seed=4)
    counts = draw_counts(30, 300, 4)
    for place, lang in enumerate(("en", "de")):
        changes = {
            ("heads", None): correct[1, place] - correct[0, place].astype(float),
            ("random", None): correct[2:, place].mean(0) - correct[0, place],
        }
        for (kind, _), change in changes.items():
            row = frame[(frame["kind"] == kind) & frame["draw"].isna() & (frame["lang"] == lang)]
            low, high = np.quantile(counts @ change / 30, [0.025, 0.975])
            values = row[["delta_accuracy", "accuracy_low", "accuracy_high"]].to_numpy()[0]
            assert values.tolist() == pytest.approx([change.mean(), low, high])
    assert len(frame) == 2 * (1 + 2 + 1) and (frame["n_facts"] == 30).all()


def test_facts_in_none_of_the_languages_or_for_another_engine_are_refused(tmp_path):
    model, corpus = tiny_hooked("olmo2"), small_corpus()
    first, _ = halves(corpus)
    study, source = found(model, first, tmp_path, top_fraction=0.25)
    with pytest.raises(InterpError, match="facts made up are in fr, it: expected some in one of"):
        ablate(model, corpus, study, source, facts=facts(2, ("fr", "it")))
    raw, tokenizer = tiny_model("olmo2")
    other = HookedModel.from_model(raw, tokenizer, self_check=False)
    other.engine = type("Engine", (), {"name": "nnsight"})()
    with pytest.raises(InterpError, match=r"engine native only.*'nnsight'"):
        ablate(other, corpus, study, source, facts=facts())
