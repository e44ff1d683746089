"""The whole run into a study: numbers, batches, interruptions, and what is refused at the door."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from interp.attention.measures import even_pattern, measure
from interp.attention.patterns import PatternReader
from interp.attention.run import run_attention
from interp.attention.summary import MEASURES, read_patterns, summarise
from interp.data.corpus import Corpus
from interp.data.tokens import tokenize_samples
from interp.errors import InterpError
from interp.lahis.run import run_lahis
from interp.model import HookedModel
from interp.study import Run, Study
from tests.lape.cases import WatchedEngine, word_corpus
from tests.tiny import byte_tokenizer, tiny_hooked, tiny_model

HEADS = ((2, 1), (0, 3))
LANGUAGES = ("en", "ru", "ar", "zh")


def go(model: HookedModel, folder: Path, corpus: Corpus | None = None, **options: Any):
    study = Study.open(folder)
    heads = {} if "heads_from" in options else {"heads": HEADS}
    settings = {"batch_size": 5, "n_samples": 3, "seq_len": 30, **heads, **options}
    text = word_corpus() if corpus is None else corpus
    settings = {"label": "tiny", "stage": "base", **settings}
    return study, run_attention(model, text, study, **settings)


def files(study: Study, run_id: str) -> dict[str, bytes]:
    folder = study.path / "runs" / run_id
    return {f.name: f.read_bytes() for f in folder.iterdir() if f.name != "run.json"}


def eager_model() -> HookedModel:
    """A model that is eager already, so that the pass runs through its own engine."""
    hf, tokenizer = tiny_model("olmo2")
    hf.set_attn_implementation("eager")
    return HookedModel.from_model(hf, tokenizer, name="tiny-olmo2")


@pytest.fixture(scope="module")
def model() -> HookedModel:
    return tiny_hooked("olmo2")


@pytest.fixture(scope="module")
def done(model: HookedModel, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, str]:
    return go(model, tmp_path_factory.mktemp("study"))


def test_every_pattern_is_that_of_the_text_alone(
    model: HookedModel, done: tuple[Study, str]
) -> None:
    study, run_id = done
    table, tensors = study.table("attention", run_id=run_id), read_patterns(study, run_id)
    assert len(table) == 2 * 4 * 3 and set(table["tensor_key"]) == set(tensors)
    samples = tokenize_samples(word_corpus(), model.tokenizer, n_samples=3, seq_len=30)
    by_place = {(s.block, s.lang): s for s in samples.sequences}
    reader = PatternReader(model, HEADS)
    rows = iter(table.itertuples())
    for layer, head in HEADS:
        for lang in LANGUAGES:
            for sample in range(3):
                row = next(rows)
                assert (row.layer, row.head, row.lang) == (layer, head, lang)
                assert row.tensor_key == f"L{layer}.H{head}/{lang}/{sample}"
                sequence = by_place[sample, lang]
                assert row.sample_id == sequence.unit_ids[0]
                ids = torch.as_tensor(sequence.ids, dtype=torch.int64)[None]
                expected = reader.read(ids, None)[layer, head][0].numpy()
                got = tensors[row.tensor_key]
                assert got.dtype == np.float16 and got.shape == (len(row.tokens),) * 2
                np.testing.assert_allclose(got, expected, atol=1e-3)
                assert not np.triu(got, 1).any()
                np.testing.assert_allclose(got.sum(1, dtype=float), 1, atol=1e-3)


def test_the_same_units_in_every_language_and_tokens_that_join_to_the_text(
    done: tuple[Study, str],
) -> None:
    study, run_id = done
    table = study.table("attention", run_id=run_id)
    texts = {unit.unit_id: unit.texts for unit in word_corpus().units}
    for _, rows in table.groupby(["layer", "head", "lang"]):
        assert rows["sample_id"].tolist() == study.notes(run_id)["samples"]["units"]
    cut = 0
    for row in table.itertuples():
        text = "".join(row.tokens)
        whole = texts[row.sample_id][row.lang]
        shown = text.rstrip("\ufffd")  # a character that the cut goes through
        assert whole.startswith(shown) and len(shown) > 5
        cut += shown != whole
    assert cut, "some texts have to be cut for the test to mean what it says"


def test_two_checkpoints_get_the_same_samples(tmp_path: Path) -> None:
    study, first = go(tiny_hooked("olmo2"), tmp_path, label="one", seed=3)
    _, second = go(tiny_hooked("llama"), tmp_path, label="two", seed=3)
    one, two = (study.table("attention", run_id=run) for run in (first, second))
    same = ["layer", "head", "lang", "sample_id", "tensor_key"]
    pd.testing.assert_frame_equal(one[same], two[same])
    _, third = go(tiny_hooked("llama"), tmp_path, label="two", seed=4)
    assert study.notes(third)["samples"]["units"] != study.notes(second)["samples"]["units"]


def test_what_the_record_says(done: tuple[Study, str]) -> None:
    study, run_id = done
    notes, spec = study.notes(run_id), study.spec(run_id, "attention")
    assert notes["samples"]["n_samples"] == 3 and notes["samples"]["corpus"] == "made-up words"
    assert set(notes["samples"]["tokens"]) == set(LANGUAGES)
    assert notes["heads"] == {
        "from": None, "label": None, "why": {"2.1": "named", "0.3": "named"}
    }  # fmt: skip
    assert notes["batches"]["n_sequences"] == 12
    assert spec["arguments"]["heads"] == ["2.1", "0.3"]
    assert spec["model"]["attn_implementation"] == "eager"
    about = study.tensor_metadata(run_id, "attention")
    assert about["axes"] == ["query", "key"] and about["dtype"] == "float16"


def test_a_model_loaded_eager_is_the_same_request(done: tuple[Study, str], tmp_path: Path) -> None:
    study, run_id = go(eager_model(), tmp_path)
    assert run_id == done[1] and files(study, run_id) == files(*done)


@pytest.mark.parametrize("batch_size", [1, 12, "auto"])
def test_padding_and_batches_do_not_matter(
    batch_size: int | str, model: HookedModel, done: tuple[Study, str], tmp_path: Path
) -> None:
    found = read_patterns(*go(model, tmp_path, batch_size=batch_size))
    expected = read_patterns(*done)
    assert set(found) == set(expected)
    for key, one in found.items():
        np.testing.assert_allclose(one, expected[key], atol=1e-3)


def test_bos_is_the_first_key_and_has_a_token(tmp_path: Path) -> None:
    hf, _ = tiny_model("olmo2")
    model = HookedModel.from_model(hf, byte_tokenizer(add_bos=True), name="with BOS")
    study, run_id = go(model, tmp_path)
    table, tensors = study.table("attention", run_id=run_id), read_patterns(study, run_id)
    for row in table.itertuples():
        assert row.tokens[0] == "<s>" and len(row.tokens) <= 30
        assert tensors[row.tensor_key].shape == (len(row.tokens),) * 2


N_BATCHES = 3
"""12 texts, five at a time."""


@pytest.mark.parametrize("stop", [0, 1, 2])
def test_an_interrupted_run_goes_on_to_identical_files(
    stop: int, done: tuple[Study, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    model = eager_model()
    plain = model.engine
    model.engine = WatchedEngine(plain, stop_at=1 + stop)  # one call proves the patterns
    with pytest.raises(RuntimeError, match="stopped on purpose"):
        go(model, tmp_path)
    model.engine = second = WatchedEngine(plain)
    study, run_id = go(model, tmp_path)
    assert len(second.calls) == 1 + N_BATCHES - stop
    assert files(study, run_id) == files(*done)
    assert set(files(*done)) == {"attention.parquet", "attention.safetensors"}
    assert study.notes(run_id) == done[0].notes(done[1])


def test_a_stop_after_the_last_batch_only_writes(
    done: tuple[Study, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    write = Run.write_tensors

    def stop(run: Run, *arguments: Any) -> None:
        raise RuntimeError("stopped on purpose")

    monkeypatch.setattr(Run, "write_tensors", stop)
    model = eager_model()
    with pytest.raises(RuntimeError, match="stopped on purpose"):
        go(model, tmp_path)
    monkeypatch.setattr(Run, "write_tensors", write)
    model.engine = second = WatchedEngine(model.engine)
    study, run_id = go(model, tmp_path)
    assert len(second.calls) == 1 and files(study, run_id) == files(*done)


KILLED = """
import sys
from pathlib import Path
from tests.attention.test_run import go
from tests.tiny import tiny_hooked
go(tiny_hooked("olmo2"), Path(sys.argv[1]), batch_size=1, n_samples=10)
"""


@pytest.mark.slow
def test_a_killed_process_goes_on_to_identical_files(
    model: HookedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "killed")],
        cwd=Path(__file__).resolve().parents[2], env=dict(os.environ), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and not list(tmp_path.glob("killed/runs/*/progress.safetensors")):
        time.sleep(0.001)
    time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL
    study, run_id = go(model, tmp_path / "killed", batch_size=1, n_samples=10)
    (record,) = study.records()
    assert 0 < record.data["resumed_at_steps"][0] < 40
    whole = go(model, tmp_path / "whole", batch_size=1, n_samples=10)
    assert files(study, run_id) == files(*whole)


def test_a_lack_of_memory_halves_batches_and_is_recorded(
    done: tuple[Study, str], tmp_path: Path
) -> None:
    model = eager_model()
    model.engine = WatchedEngine(model.engine, room_for=3)
    study, run_id = go(model, tmp_path)
    halvings = study.notes(run_id)["batches"]["halvings"]
    assert halvings == [{"batch": n, "sequences": 5, "into": 3} for n in range(N_BATCHES - 1)]
    expected = read_patterns(*done)
    for key, one in read_patterns(study, run_id).items():
        np.testing.assert_allclose(one, expected[key], atol=1e-3)


def test_a_finished_run_is_kept_and_overwritten_on_request(tmp_path: Path) -> None:
    model = eager_model()
    _, first = go(model, tmp_path)
    model.engine = watched = WatchedEngine(model.engine)
    assert go(model, tmp_path)[1] == first and len(watched.calls) == 1  # the door only
    assert go(model, tmp_path, overwrite=True)[1] == f"{first}-2"


def test_other_heads_stand_beside_these(model: HookedModel, tmp_path: Path) -> None:
    study, first = go(model, tmp_path)
    _, second = go(model, tmp_path, heads=[(1, 1)])
    runs = study.runs().set_index("run_id")
    assert first != second and runs["current"].all()
    table = study.table("attention", label="tiny")
    assert set(zip(table["layer"], table["head"], strict=True)) == {(2, 1), (0, 3), (1, 1)}


@pytest.fixture(scope="module")
def scored(model: HookedModel, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, str]:
    study = Study.open(tmp_path_factory.mktemp("scored"))
    options = {"n_samples": 4, "seq_len": 30, "top_fraction": 0.25}
    run = run_lahis(model, word_corpus(), study, label="tiny", stage="base", **options)
    return study, run


@pytest.mark.parametrize("by", ["label", "run"])
def test_heads_from_a_lahis_run(
    by: str, model: HookedModel, scored: tuple[Study, str], tmp_path: Path
) -> None:
    source, lahis = scored
    name = "tiny" if by == "label" else lahis
    study, run_id = go(model, tmp_path, heads_from=name, source=source, n_heads=5)
    notes = study.notes(run_id)["heads"]
    assert notes["from"] == lahis and notes["label"] == "tiny"
    scores = source.table("head_scores", run_id=lahis)
    best = {
        lang: set(rows.nlargest(3, "score")[["layer", "head"]].itertuples(index=False, name=None))
        for lang, rows in scores.groupby("lang")
    }
    assert 3 <= len(notes["why"]) <= 5
    for name, reason in notes["why"].items():
        head = tuple(map(int, name.split(".")))
        holders = {lang for lang, heads in best.items() if head in heads}
        if reason == "general":
            assert len(holders) >= 3
        else:
            assert set(reason.removeprefix("top in ").split(", ")) == holders
            assert len(holders) < 3


def test_the_same_heads_by_name_are_the_same_run(
    model: HookedModel, scored: tuple[Study, str], tmp_path: Path
) -> None:
    study, run_id = go(model, tmp_path, heads_from="tiny", source=scored[0], n_heads=3)
    heads = [tuple(map(int, name.split("."))) for name in study.notes(run_id)["heads"]["why"]]
    assert go(model, tmp_path, heads=heads)[1] == run_id


def test_a_lahis_run_of_another_shape_is_refused(scored: tuple[Study, str], tmp_path: Path) -> None:
    other = tiny_hooked("olmo2", num_hidden_layers=2)
    with pytest.raises(InterpError, match=r"3 layers × 4 heads, and 'tiny-olmo2' has 2 × 4"):
        go(other, tmp_path, heads_from="tiny", source=scored[0])


def test_the_summary_is_the_measures_of_the_stored_patterns(done: tuple[Study, str]) -> None:
    study, run_id = done
    found, patterns = summarise(study, run_id), read_patterns(study, run_id)
    heads, even = found["heads"], found["even"].set_index("lang")
    assert heads["head"].tolist() == ["2.1"] * 4 + ["0.3"] * 4
    assert heads["lang"].tolist() == list(LANGUAGES) * 2 and set(heads["why"]) == {"named"}
    for row in heads.to_dict("records"):
        layer, head = row["head"].split(".")
        own = [patterns[f"L{layer}.H{head}/{row['lang']}/{n}"] for n in range(3)]
        expected = measure(own).to_dict()
        assert {name: row[name] for name in MEASURES} == {n: expected[n] for n in MEASURES}
        assert row["samples"] == 3
        assert row["tokens"] == pytest.approx(np.mean([len(one) for one in own]))
        spread = measure(even_pattern(len(one)) for one in own).to_dict()
        assert even.loc[row["lang"], "entropy"] == spread["entropy"]
    assert (even["first"] == even["itself"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": [(12, 40)]}, r"unknown head '12.40': 'tiny-olmo2' has 3 layers × 4 heads"),
        ({"heads": []}, "no heads are chosen"),
        ({"heads": [(0, 1), (0, 1)]}, "name 0.1 twice"),
        ({"heads": None}, "both missing"),
        ({"heads_from": "tiny"}, "no lahis run yet"),
        ({"heads_from": "tiny", "heads": [(0, 1)]}, "both given"),
        ({"languages": ["en", "xx"]}, "xx"),
        ({"seq_len": 300}, "seq_len is 300.*256 positions"),
        ({"seq_len": 1}, "seq_len 1"),
        ({"seq_len": 0}, "seq_len is 0"),
        ({"n_samples": 0}, "n_samples is 0"),
        ({"batch_size": 0}, "batch size 0"),
        ({"limit": 0}, "limit 0"),
        ({"preset": "paper"}, "preset 'paper' says nothing about attention"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_trace(
    model: HookedModel, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InterpError, match=message) as said:
        go(model, tmp_path, **options)
    assert "\n" not in str(said.value)
    assert not list(tmp_path.glob("runs/*"))


def test_too_much_to_store_is_refused_before_it_is_computed(
    model: HookedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interp.attention.prepare.MOST_BYTES", 1000)
    with pytest.raises(InterpError, match=r"2 heads on 12 samples of up to 30 tokens take"):
        go(model, tmp_path)
    assert not list(tmp_path.glob("runs/*"))


def test_a_limit_draws_units(model: HookedModel, tmp_path: Path) -> None:
    study, run_id = go(model, tmp_path, limit=2)
    assert study.notes(run_id)["samples"]["n_samples"] == 2
    drawn = {unit.unit_id for unit in word_corpus().sample(2, 0).units}
    assert set(study.notes(run_id)["samples"]["units"]) == drawn


def test_a_text_of_which_nothing_finite_comes_is_named(tmp_path: Path) -> None:
    hf, tokenizer = tiny_model("olmo2")
    model = HookedModel.from_model(hf, tokenizer)
    letter = tokenizer.encode("中", add_special_tokens=False)[0]
    with torch.no_grad():
        hf.get_input_embeddings().weight[letter] = torch.inf
    with pytest.raises(InterpError, match=r"head \d\.\d on the zh text of unit unit-.*not finite"):
        go(model, tmp_path)


def test_reading_needs_no_torch() -> None:
    code = (
        "import sys, interp.attention.summary, interp.attention.measures, interp.attention.heads\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
