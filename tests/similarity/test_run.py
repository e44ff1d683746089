"""The whole run into a study: against plain loops, blocks, batches, interruptions, bad input."""

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

from interp.data.corpus import Corpus, Unit
from interp.data.tokens import tokenize_corpus
from interp.errors import InterpError
from interp.model import HookedModel
from interp.similarity.run import run_similarity
from interp.similarity.scratch import NAME, PooledFile
from interp.study import Run, Study
from tests.lape.cases import WatchedEngine, word_corpus
from tests.similarity import reference
from tests.tiny import byte_tokenizer, tiny_hooked, tiny_model

LANGUAGES = ("en", "ru", "ar", "zh")
N_POINTS = 4


def go(model: HookedModel, folder: Path, corpus: Corpus | None = None, **options: Any):
    study = Study.open(folder)
    settings = {"batch_size": 6, "n_blocks": 4, "seq_len": 60, **options}
    text = word_corpus() if corpus is None else corpus
    return study, run_similarity(model, text, study, label="tiny", stage="base", **settings)


def rows(study: Study, run_id: str) -> pd.DataFrame:
    table = study.table("similarity", run_id=run_id)
    return table.set_index(["layer", "lang", "other_lang", "block"])


def files(study: Study, run_id: str) -> dict[str, bytes]:
    folder = study.path / "runs" / run_id
    return {f.name: f.read_bytes() for f in folder.iterdir() if f.name != "run.json"}


@pytest.fixture(scope="module")
def model() -> HookedModel:
    return tiny_hooked("olmo2")


@pytest.fixture(scope="module")
def done(model: HookedModel, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, str]:
    return go(model, tmp_path_factory.mktemp("study"))


def check_against_loops(
    found: pd.DataFrame,
    model: HookedModel,
    corpus: Corpus,
    blocks: list[list[str]],
    lead: list[int],
    seq_len: int,
    centre: str,
) -> None:
    """Hold every row against one forward per text, in plain loops."""
    vectors: dict[str, list[Any]] = {lang: [] for lang in corpus.languages}
    for unit in corpus.units:
        for lang in corpus.languages:
            ids = model.tokenizer.encode(unit.texts[lang], add_special_tokens=False)
            ids = (lead + ids)[:seq_len]
            vectors[lang].append(reference.residual_means(model.model, ids, len(lead)))
    place = {unit.unit_id: number for number, unit in enumerate(corpus.units)}
    n_points = model.shape.n_layers + 1
    for layer in range(n_points):
        own = {lang: [points[layer] for points in units] for lang, units in vectors.items()}
        expected = reference.scores(own, centre)
        for (lang, other), block in (
            (pair, number)
            for pair in {key[:2] for key in expected}
            for number in range(len(blocks))
        ):
            units = [expected[lang, other, place[name]] for name in blocks[block]]
            row = found.loc[(layer, lang, other, block)]
            assert row["n_units"] == len(units)
            values = row[["cosine", "cosine_other", "retrieval"]].to_numpy(float)
            np.testing.assert_allclose(values, np.mean(units, axis=0), atol=1e-5)
    n_pairs = len(corpus.languages) * (len(corpus.languages) - 1)
    assert len(found) == n_points * n_pairs * len(blocks)


@pytest.mark.parametrize(
    ("family", "bos", "centre"),
    [("olmo2", "auto", "none"), ("olmo2", "always", "language"), ("gpt2", "always", "none")],
)
def test_one_plain_forward_per_text_gives_the_same(
    family: str, bos: str, centre: str, tmp_path: Path
) -> None:
    model, corpus = tiny_hooked(family), word_corpus()
    study, run_id = go(model, tmp_path, bos=bos, centre=centre)
    blocks = tokenize_corpus(corpus, model.tokenizer, n_blocks=4).block_units
    lead = [model.tokenizer.bos_token_id] if bos == "always" else []
    check_against_loops(
        rows(study, run_id), model, corpus, [list(b) for b in blocks], lead, 60, centre
    )
    longest = max(len(u.texts[lang].encode()) for u in corpus.units for lang in LANGUAGES)
    assert longest > 60, "some texts have to be cut for the test to mean what it says"


def test_real_text_against_loops(shared_data: Path, model: HookedModel, tmp_path: Path) -> None:
    corpus = Corpus.load(str(shared_data / "udhr"), languages=["en", "zh", "sw"]).sample(7, 3)
    study, run_id = go(model, tmp_path, corpus=corpus, n_blocks=3, seq_len=128)
    blocks = tokenize_corpus(corpus, model.tokenizer, n_blocks=3).block_units
    found = rows(study, run_id)
    check_against_loops(found, model, corpus, [list(b) for b in blocks], [], 128, "none")


@pytest.mark.parametrize("limit", [None, 7])
def test_blocks_are_those_of_lape(limit: int | None, model: HookedModel, tmp_path: Path) -> None:
    """Each unit is marked by whether its text is the same in both languages."""
    words = word_corpus(13, languages=("en", "ru"))
    marked = {"unit-1", "unit-4", "unit-5", "unit-12"}
    units = [
        Unit(u.unit_id, {"en": u.texts["en"], "de": u.texts["en" if u.unit_id in marked else "ru"]})
        for u in words.units
    ]
    corpus = Corpus.build(units, ("en", "de"), "marked")
    study, run_id = go(model, tmp_path, corpus=corpus, limit=limit, seed=5)
    same_text = corpus if limit is None else corpus.sample(limit, 5)
    lape = tokenize_corpus(same_text, model.tokenizer, n_blocks=4, seq_len=60)
    table = study.table("similarity", run_id=run_id)
    last = table[(table["layer"] == 3) & (table["lang"] == "en")].set_index("block")
    assert last["n_units"].to_dict() == {b: len(u) for b, u in enumerate(lape.block_units)}
    for block, names in enumerate(lape.block_units):
        whole = marked.issuperset(names)
        assert (last.loc[block, "cosine"] > 1 - 1e-9) == whole, names
    assert study.notes(run_id)["text"]["n_units"] == len(same_text)


def test_identical_texts_in_two_languages_are_found_at_every_layer(
    model: HookedModel, tmp_path: Path
) -> None:
    words = word_corpus(12, languages=("en", "ru"))
    units = [Unit(u.unit_id, {"en": u.texts["en"], "de": u.texts["en"]}) for u in words.units]
    corpus = Corpus.build(units, ("en", "de"), "twins")
    study, run_id = go(model, tmp_path, corpus=corpus, batch_size=5)
    table = study.table("similarity", run_id=run_id)
    assert set(table["layer"]) == set(range(N_POINTS))
    assert (table["cosine"] - 1).abs().max() < 1e-9 and (table["retrieval"] == 1).all()
    assert (table["cosine_other"] < 0.999).all()


@pytest.mark.parametrize("batch_size", [1, 17, "auto"])
def test_padding_and_batches_do_not_matter(
    batch_size: int | str, model: HookedModel, done: tuple[Study, str], tmp_path: Path
) -> None:
    found, expected = rows(*go(model, tmp_path, batch_size=batch_size)), rows(*done)
    columns = ["cosine", "cosine_other", "retrieval", "n_units"]
    pd.testing.assert_frame_equal(found[columns], expected[columns], rtol=0, atol=1e-6)


N_BATCHES = 7
"""40 texts, six at a time; the stops are before the first save, within and after the first."""


@pytest.mark.parametrize("stop", [0, 1, 4, N_BATCHES - 1])
def test_an_interrupted_pass_goes_on_to_identical_files(
    stop: int, done: tuple[Study, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    model = tiny_hooked("olmo2")
    plain = model.engine
    model.engine = WatchedEngine(plain, stop_at=stop)
    with pytest.raises(RuntimeError, match="stopped on purpose"):
        go(model, tmp_path)
    model.engine = second = WatchedEngine(plain)
    study, run_id = go(model, tmp_path)
    assert len(second.calls) == N_BATCHES - stop
    assert files(study, run_id) == files(*done) and set(files(*done)) == {"similarity.parquet"}
    assert study.notes(run_id) == done[0].notes(done[1])


@pytest.mark.parametrize("layers_done", [1, 3, N_POINTS])
def test_an_interruption_between_layers_goes_on_there(
    layers_done: int, done: tuple[Study, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    model = tiny_hooked("olmo2")
    save = Run.save_progress

    def save_then_stop(run: Run, step: int, *arguments: Any, **options: Any) -> bool:
        saved = save(run, step, *arguments, **options)
        if step == N_BATCHES + layers_done:
            raise RuntimeError("stopped on purpose")
        return saved

    monkeypatch.setattr(Run, "save_progress", save_then_stop)
    with pytest.raises(RuntimeError, match="stopped on purpose"):
        go(model, tmp_path)
    monkeypatch.setattr(Run, "save_progress", save)
    read: list[int] = []
    layer = PooledFile.layer
    monkeypatch.setattr(PooledFile, "layer", lambda self, p: (read.append(p), layer(self, p))[1])
    model.engine = second = WatchedEngine(model.engine)
    study, run_id = go(model, tmp_path)
    assert second.calls == [] and read == list(range(layers_done, N_POINTS))
    assert files(study, run_id) == files(*done)


def test_a_stop_after_the_vectors_were_deleted_needs_them_no_more(
    done: tuple[Study, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_hooked("olmo2")
    write = Run.write_table

    def stop(run: Run, *arguments: Any) -> None:
        assert not (run.folder / NAME).exists()
        raise RuntimeError("stopped on purpose")

    monkeypatch.setattr(Run, "write_table", stop)
    with pytest.raises(RuntimeError, match="stopped on purpose"):
        go(model, tmp_path)  # saves are throttled here: the last layer's must be forced
    monkeypatch.setattr(Run, "write_table", write)
    model.engine = second = WatchedEngine(model.engine)
    study, run_id = go(model, tmp_path)
    assert second.calls == [] and files(study, run_id) == files(*done)


def test_without_its_vectors_an_interrupted_run_starts_over(
    done: tuple[Study, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    model = tiny_hooked("olmo2")
    plain = model.engine
    model.engine = WatchedEngine(plain, room_for=5, stop_at=7)
    with pytest.raises(RuntimeError, match="stopped on purpose"):
        go(model, tmp_path)
    (scratch,) = tmp_path.glob(f"runs/*/{NAME}")
    scratch.unlink()
    model.engine = second = WatchedEngine(plain)
    study, run_id = go(model, tmp_path)
    assert len(second.calls) == N_BATCHES and files(study, run_id) == files(*done)
    assert study.notes(run_id) == done[0].notes(done[1]), "halvings of the lost pass are gone"
    assert "starting over" in capsys.readouterr().err


KILLED = """
import sys
from pathlib import Path
from tests.similarity.test_run import go
from tests.tiny import tiny_hooked
go(tiny_hooked("olmo2"), Path(sys.argv[1]), batch_size=1)
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
    study, run_id = go(model, tmp_path / "killed", batch_size=1)
    (record,) = study.records()
    assert 0 < record.data["resumed_at_steps"][0] < 40 + N_POINTS
    assert files(study, run_id) == files(*go(model, tmp_path / "whole", batch_size=1))


def test_a_lack_of_memory_halves_batches_and_is_recorded(
    done: tuple[Study, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    model = tiny_hooked("olmo2")
    plain = model.engine
    # stopped in the third batch: what was halved before must still be known afterwards
    model.engine = WatchedEngine(plain, room_for=4, stop_at=7)
    with pytest.raises(RuntimeError, match="stopped on purpose"):
        go(model, tmp_path)
    model.engine = WatchedEngine(plain, room_for=4)
    study, run_id = go(model, tmp_path)
    halvings = study.notes(run_id)["batches"]["halvings"]
    assert halvings == [{"batch": n, "sequences": 6, "into": 3} for n in range(N_BATCHES - 1)]
    found, expected = rows(study, run_id), rows(*done)
    pd.testing.assert_frame_equal(
        found.drop(columns="run_id"), expected.drop(columns="run_id"), rtol=0, atol=1e-6
    )


def test_a_finished_run_is_kept_and_overwritten_on_request(tmp_path: Path) -> None:
    model = tiny_hooked("olmo2")
    _, first = go(model, tmp_path)
    model.engine = watched = WatchedEngine(model.engine)
    assert go(model, tmp_path)[1] == first and watched.calls == []
    assert go(model, tmp_path, overwrite=True)[1] == f"{first}-2" and watched.calls
    analyses = {record.spec["analysis"] for record in Study.open(tmp_path).records()}
    assert analyses == {"similarity"}


def test_a_unit_without_enough_tokens_is_left_out_and_moves_no_other(
    model: HookedModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    units = list(word_corpus(8).units)
    units[3] = Unit("unit-3", {**units[3].texts, "en": "x"})  # one byte, no BOS
    corpus = Corpus.build(units, LANGUAGES, "short")
    study, run_id = go(model, tmp_path, corpus=corpus)
    found = rows(study, run_id).sort_index().loc[(0, "en", "zh")]
    assert found["n_units"].to_dict() == {0: 2, 1: 1, 2: 2, 3: 2}
    assert "1 units are left out" in capsys.readouterr().err
    assert study.notes(run_id)["text"]["dropped_short"] == 1


def corpus_of(*texts: dict[str, str]) -> Corpus:
    units = [Unit(f"u{number}", own) for number, own in enumerate(texts)]
    return Corpus.build(units, tuple(texts[0]), "given")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"languages": ["en"]}, "languages en: similarity compares languages"),
        ({"corpus": corpus_of({"en": "a dog", "de": "ein Hund"})}, "1 unit.*at least two"),
        ({"limit": 1}, "1 unit.*at least two"),
        ({"limit": 0}, "limit 0"),
        ({"languages": ["en", "xx"]}, "xx"),
        ({"corpus": corpus_of(*[{"en": "a", "de": "b"}] * 2)}, "no unit has two tokens"),
        ({"centre": "all"}, "centre 'all'.*none, language"),
        ({"seq_len": 300}, "seq_len is 300.*256 positions"),
        ({"n_blocks": 0}, "n_blocks is 0"),
        ({"batch_size": 0}, "batch size 0"),
        ({"preset": "paper"}, "preset 'paper' says nothing about similarity"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_result(
    model: HookedModel, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InterpError, match=message) as error:
        go(model, tmp_path, **options)
    assert "\n" not in str(error.value)
    assert len(Study.open(tmp_path).runs()) == 0


def test_empty_texts_are_one_line() -> None:
    with pytest.raises(InterpError, match=r"none of 2 units|missing|lacks") as error:
        corpus_of({"en": "a dog", "de": ""}, {"en": " ", "de": "ein Hund"})
    assert "\n" not in str(error.value)


def test_activations_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    hf, tokenizer = tiny_model("olmo2")
    model = HookedModel.from_model(hf, tokenizer)
    letter = tokenizer.encode("中", add_special_tokens=False)[0]
    with torch.no_grad():
        hf.get_input_embeddings().weight[letter] = torch.inf
    with pytest.raises(InterpError, match=r"not finite.*the zh text of unit unit-.*float32"):
        go(model, tmp_path)


def test_bos_is_read_but_not_pooled(tmp_path: Path) -> None:
    """At the embeddings of a model with rotary positions, BOS can change nothing."""
    hf, _ = tiny_model("olmo2")
    model = HookedModel.from_model(hf, byte_tokenizer(add_bos=True), name="with BOS")
    with_bos = rows(*go(model, tmp_path / "auto", seq_len=200))
    without = rows(*go(model, tmp_path / "never", seq_len=200, bos="never"))
    apart = (with_bos["cosine"] - without["cosine"]).abs()
    assert apart.loc[0].max() < 1e-12 < 1e-4 < apart.loc[1].max()
