"""The whole run into a study: tables, texts, interruptions, lack of memory, bad input, real data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from interp.data.corpus import Corpus
from interp.data.tokens import tokenize_corpus
from interp.errors import InterpError
from interp.lape.examples import AFTER, BEFORE
from interp.lape.run import run_lape
from interp.lape.summary import selection, summarise
from interp.model import HookedModel
from interp.study import Study
from tests.lape.cases import WatchedEngine, check_within_rounding, reference_counts, word_corpus
from tests.reference import lape as reference
from tests.tiny import tiny_hooked, tiny_model

LANGUAGES = ("en", "ru", "ar", "zh")
CHOICES: dict[str, Any] = {"seq_len": 48, "n_blocks": 3, "bos": "always", "top_fraction": 0.06}


def go(model: HookedModel, folder: Path, **options: Any) -> tuple[Study, str]:
    study = Study.open(folder)
    settings = {"batch_size": 5, "examples": 3, **CHOICES, **options}
    return study, run_lape(model, word_corpus(), study, label="tiny", stage="base", **settings)


def text_of(model: HookedModel) -> Any:
    return tokenize_corpus(
        word_corpus(), model.tokenizer, languages=LANGUAGES, seq_len=48, n_blocks=3, bos="always"
    )


def files(study: Study, run_id: str) -> dict[str, bytes]:
    folder = study.path / "runs" / run_id
    return {f.name: f.read_bytes() for f in folder.iterdir() if f.name != "run.json"}


@pytest.fixture(scope="module")
def model() -> HookedModel:
    return tiny_hooked("olmo2")


@pytest.fixture(scope="module")
def done(model: HookedModel, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, str]:
    return go(model, tmp_path_factory.mktemp("study"))


def test_what_is_stored_fits_together(model: HookedModel, done: tuple[Study, str]) -> None:
    study, run_id = done
    tensors = study.tensors(run_id, "counts")
    text = text_of(model)
    assert tensors["tokens"].tolist() == text.tokens.tolist()
    _, least, most = reference_counts(model, text, margin=1e-5)
    check_within_rounding(tensors["counts"], least, most)
    assert tensors["counts"].dtype == np.uint8 and text.tokens.max() < 256
    counts, tokens = tensors["counts"].sum(axis=0, dtype=int), text.tokens.sum(axis=0)
    expected, cut = reference.select(counts.tolist(), tokens.tolist(), "default", 0.06)
    frame = study.table("neurons")
    chosen = frame[frame["selected"]].sort_values(["entropy", "layer", "neuron"])
    assert [(int(r.layer), int(r.neuron), {LANGUAGES.index(r.lang)}) for r in chosen.itertuples()] \
        == expected  # fmt: skip
    assert len(frame) == 3 * 48 and len(expected) == 9
    probs = study.table("neuron_probs").set_index(["layer", "neuron", "lang"])
    assert len(probs) == 3 * 48 * 4
    for (layer, j, lang), row in probs.iterrows():
        k = LANGUAGES.index(lang)
        assert row["p_active"] == counts[k, layer, j] / tokens[k]
    notes = study.notes(run_id)
    assert notes["selection"]["cut"] == float(cut) and notes["selection"]["n_selected"] == 9
    assert notes["text"]["n_sequences"] == len(text.sequences)
    assert notes["batches"]["halvings"] == [] and notes["batches"]["batch_size"] == 5


def test_top_texts_are_those_of_brute_force(model: HookedModel, done: tuple[Study, str]) -> None:
    study, run_id = done
    text = text_of(model)
    frame = study.table("neuron_examples").set_index(["layer", "neuron", "lang", "rank"])
    found = selection(study, run_id)
    n_rows = 0
    for layer, j in zip(found.layers.tolist(), found.neurons.tolist(), strict=True):
        for lang in LANGUAGES:
            sequences = [
                (i, s.ids.tolist(), s.n_special)
                for i, s in enumerate(text.sequences)
                if s.lang == lang
            ]
            for rank, (place, at, values) in enumerate(
                reference.top_texts(model.model, sequences, layer, j, 3)
            ):
                row = frame.loc[(layer, j, lang, rank)]
                ids = text.sequences[place].ids.tolist()
                low, high = max(1, at - BEFORE), at + AFTER + 1
                assert row["text"] == model.tokenizer.decode(ids[low:high])
                assert "".join(row["tokens"]) == row["text"]
                assert len(row["tokens"]) == len(ids[low:high])
                np.testing.assert_allclose(row["activations"], values[low:high], atol=1e-4)
                n_rows += 1
    assert n_rows == len(frame) > 50


N_BATCHES = 9
"""Of one pass; the stops below are before the first save, within and between the passes."""


@pytest.mark.parametrize("stop", [0, 3, N_BATCHES - 1, N_BATCHES, N_BATCHES + 4])
def test_an_interrupted_run_goes_on_to_identical_files(
    stop: int, done: tuple[Study, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    model = tiny_hooked("olmo2")
    plain = model.engine
    model.engine = first = WatchedEngine(plain, stop_at=stop)
    with pytest.raises(RuntimeError, match="stopped on purpose"):
        go(model, tmp_path)
    assert len(Study.open(tmp_path).runs()) == 0, "a run that stopped is no result"
    model.engine = second = WatchedEngine(plain)
    study, run_id = go(model, tmp_path)
    assert (len(first.calls), len(second.calls)) == (stop, 2 * N_BATCHES - stop)
    assert files(study, run_id) == files(*done)
    assert study.notes(run_id) == done[0].notes(done[1])


def test_a_lack_of_memory_halves_batches_and_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    model = tiny_hooked("olmo2")
    plain = model.engine
    # stopped in the second batch: what was halved before must still be known afterwards
    model.engine = WatchedEngine(plain, room_for=2, stop_at=7)
    with pytest.raises(RuntimeError, match="stopped on purpose"):
        go(model, tmp_path, batch_size=6, examples=0)
    model.engine = WatchedEngine(plain, room_for=2)
    study, run_id = go(model, tmp_path, batch_size=6, examples=0)
    text = text_of(model)
    batches = study.notes(run_id)["batches"]
    expected = []
    for number, batch in enumerate(batches["batches"]):
        assert len(batch) in (6, len(text.sequences) % 6)
        if len(batch) == 6:  # 6 = 3 + 3, each 2 + 1
            expected += [{"batch": number, "sequences": n, "into": (n + 1) // 2} for n in (6, 3, 3)]
    assert batches["halvings"][: len(expected)] == expected and len(expected) >= 9
    assert "out of memory in batch 1" in capsys.readouterr().err
    # the failed attempts had been observed to the end: nothing of them may be in the counts
    _, least, most = reference_counts(model, text, margin=1e-5)
    check_within_rounding(study.tensors(run_id, "counts")["counts"], least, most)


def test_a_finished_run_is_kept_and_overwritten_on_request(tmp_path: Path) -> None:
    model = tiny_hooked("gpt2")
    study, first = go(model, tmp_path, examples=0)
    model.engine = watched = WatchedEngine(model.engine)
    assert go(model, tmp_path, examples=0)[1] == first and watched.calls == []
    assert go(model, tmp_path, examples=0, overwrite=True)[1] == f"{first}-2" and watched.calls
    assert len(study.table("neuron_examples")) == 0


def test_selection_can_be_derived_again_under_other_options(done: tuple[Study, str]) -> None:
    study, run_id = done
    stored = study.notes(run_id)["selection"]
    assert selection(study, run_id).to_dict() == stored
    half = selection(study, run_id, top_fraction=0.03, assignment="threshold")
    assert len(half) == 4 and half.assigned.sum() >= 4
    with pytest.raises(InterpError, match=r"top_fractoin.*top_fraction"):
        selection(study, run_id, top_fractoin=0.1)
    with pytest.raises(InterpError, match="run 'nothing'"):
        selection(study, "nothing")
    found = summarise(study, run_id)
    assert found["languages"]["neurons"].tolist() == [
        stored["per_language"][lang] for lang in LANGUAGES
    ]
    assert found["layers"][list(LANGUAGES)].to_numpy().sum() == 9
    assert (
        dict(found["totals"].to_numpy().tolist())["removed by the filter"] == stored["n_filtered"]
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"languages": ["en"]}, "expected at least two"),
        ({"examples": -1}, "examples is -1"),
        ({"seq_len": 300}, "seq_len is 300.*256 positions"),
        ({"activation": "down"}, "gate_times_up"),
        ({"batch_size": 0}, "batch size 0"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_result(
    model: HookedModel, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InterpError, match=message) as error:
        go(model, tmp_path, **options)
    assert "\n" not in str(error.value)
    assert len(Study.open(tmp_path).runs()) == 0


def test_activations_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    hf, tokenizer = tiny_model("olmo2")
    model = HookedModel.from_model(hf, tokenizer)
    with torch.no_grad():
        hf.model.layers[1].mlp.down_proj.weight[3, 4] = torch.inf
    with pytest.raises(InterpError, match=r"not finite.*float32"):
        go(model, tmp_path)


@pytest.mark.parametrize("preset", ["default", "tang2024"])
def test_real_text(shared_data: Path, tmp_path: Path, model: HookedModel, preset: str) -> None:
    corpus = Corpus.load(str(shared_data / "udhr"), languages=["en", "ru", "zh", "sw"], limit=8)
    study = Study.open(tmp_path)
    run_id = run_lape(
        model, corpus, study, label="udhr", stage="base", preset=preset, examples=2,
        seq_len=128, n_blocks=4, top_fraction=0.05,
    )  # fmt: skip
    tensors = study.tensors(run_id, "counts")
    counts, tokens = tensors["counts"].sum(axis=0, dtype=int), tensors["tokens"].sum(axis=0)
    assert tensors["tokens"].shape == (4, 4)
    # bytes of each language: equal under `min`, the text's own number under `all`
    own = [sum(len(u.texts[lang].encode()) for u in corpus.units) + 4 for lang in corpus.languages]
    if preset == "default":
        assert len(set(tokens.tolist())) == 1 and tokens[0] <= min(own)
    else:
        assert tokens.tolist() == own
    expected, _ = reference.select(counts.tolist(), tokens.tolist(), preset, 0.05)
    frame = study.table("neurons")
    chosen = frame[frame["selected"]]
    assert {(r.layer, r.neuron, corpus.languages.index(r.lang)) for r in chosen.itertuples()} == {
        (layer, j, k) for layer, j, langs in expected for k in langs
    }
    assert len(expected) == 7
    shown = study.table("neuron_examples")
    assert set(shown["lang"]) == set(corpus.languages) and shown["rank"].max() == 1
