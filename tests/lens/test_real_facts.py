"""The lens on real facts of every source, with a tiny random model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from interp.data.facts import FactSet
from interp.lens.run import run_lens
from interp.lens.summary import summarise
from interp.model import HookedModel
from interp.study import Study
from tests.lens.helpers import trained_tokenizer
from tests.tiny import tiny_model

VOCAB = 2000
LANGUAGES = ("en", "es", "ru", "zh")


def check_source(factset: FactSet, folder: Path, form: str) -> None:
    lines = [
        f"{text.question} {option}\n{option}"
        for fact in factset for text in fact.texts.values() for option in text.options
    ]  # fmt: skip
    tokenizer = trained_tokenizer(lines, VOCAB)
    hf, _ = tiny_model("olmo2", vocab_size=VOCAB)
    model = HookedModel.from_model(hf, tokenizer, name="tiny")
    study = Study.open(folder / "study")
    run_id = run_lens(model, factset, study, label="tiny", stage="base", prompt_form=form)
    ranks = study.table("lens_ranks")
    items = {row["lang"]: row for row in study.notes(run_id)["items"]}
    assert set(items) == set(LANGUAGES)
    for lang, row in items.items():
        assert row["facts"] == len(factset)
        dropped = (
            row["same_text_as_english"]
            + row["same_token_as_english"]
            + row["no_distinct_distractor"]
        )
        assert row["kept"] + dropped == len(factset)
        mine = ranks[ranks["lang"] == lang]
        assert mine["fact_id"].nunique() == row["kept"]
        assert len(mine) == row["kept"] * (model.shape.n_layers + 1) * (2 if lang == "en" else 3)
    assert items["en"]["kept"] > len(factset) / 3
    assert items["ru"]["kept"] > 0  # another script: no collision with English
    assert np.isfinite(ranks["logprob"]).all()
    assert ranks["rank"].between(0, VOCAB - 1).all()
    by_item = ranks.pivot(index=["fact_id", "lang", "layer"], columns="role", values="token_id")
    assert not (by_item["target"] == by_item["distractor"]).any()
    assert not (by_item["en"] == by_item["target"]).any()
    assert not (by_item["en"] == by_item["distractor"]).any()
    summary = summarise(study, run_id)
    assert summary["languages"]["lang"].tolist() == list(LANGUAGES)
    assert len(summary["trajectory"]) == model.shape.n_layers + 1


def test_klar(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "klar"
    check_source(FactSet.load(f"klar:{folder}", languages=LANGUAGES, limit=40), tmp_path, "cloze")


def test_polyfact(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "polyfact_sample"
    factset = FactSet.load(f"polyfact:{source}", languages=LANGUAGES, limit=40)
    check_source(factset, tmp_path, "qa")


def test_embedded_cldr(tmp_path: Path) -> None:
    check_source(FactSet.load("cldr", languages=LANGUAGES, limit=40), tmp_path, "qa")
