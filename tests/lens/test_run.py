"""Whole runs into a study: tables against the reference, memory, interruption, lack of memory."""

from __future__ import annotations

import hashlib
import math
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from interp.errors import InterpError
from interp.lens import run as lens_run
from interp.lens.run import run_lens
from interp.model import HookedModel
from interp.study import Study
from tests.lens.helpers import QUESTIONS, facts, hooked, word_tokenizer
from tests.reference import lens as reference

ITEMS = 11  # six facts in two languages, less Paris


@pytest.fixture(scope="module")
def model() -> HookedModel:
    return hooked("olmo2")


def run(model: HookedModel, folder: Path, **options) -> tuple[Study, str]:
    study = Study.open(folder)
    options = {"label": "tiny", "stage": "base", **options}
    return study, run_lens(model, facts(), study, **options)


def hashes(study: Study, run_id: str) -> dict[str, str]:
    folder = study.path / "runs" / run_id
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "run.json"  # the only file that holds times
    }


def check_ranks(model: HookedModel, table: pd.DataFrame, read: Any) -> None:
    """Hold every row against logits that the reference reads from a prompt written by hand."""
    tokenizer = word_tokenizer()
    for (fact, lang), group in table.groupby(["fact_id", "lang"]):
        prompt = f"Question: {QUESTIONS[lang].format(fact)}\nAnswer:"
        logits = read(model.model, tokenizer(prompt)["input_ids"])
        kinds = [(0, "post")]
        for layer in range(1, model.shape.n_layers + 1):
            kinds += [(layer, "mid")] * ("mid" in set(table["point"])) + [(layer, "post")]
        for row in group.itertuples():
            values = logits[kinds.index((row.layer, row.point))]
            least, most = (reference.rank(values, [row.token_id], m) for m in (2e-5, -2e-5))
            assert least <= row.rank <= most
            assert row.logprob == pytest.approx(reference.logprob(values, [row.token_id]), abs=1e-4)
            assert row.token == tokenizer.decode([row.token_id])
        assert len(group) == len(kinds) * (2 if lang == "en" else 3)


def test_tables_of_a_whole_run(model: HookedModel, tmp_path: Path) -> None:
    study, run_id = run(model, tmp_path / "s")
    ranks, top = study.table("lens_ranks"), study.table("lens_top")
    check_ranks(model, ranks, reference.read)
    assert ranks.groupby("lang")["fact_id"].nunique().to_dict() == {"en": 6, "de": 5}
    assert set(ranks["role"]) == {"target", "en", "distractor"}
    assert set(ranks.loc[ranks["lang"] == "en", "role"]) == {"target", "distractor"}
    assert set(ranks["token_rule"]) == {"first"}
    english = ranks[(ranks["lang"] == "de") & (ranks["role"] == "en")]
    water = english.loc[english["fact_id"] == "drink", "token_id"].unique()
    assert water.tolist() == word_tokenizer()(" water")["input_ids"][:1]
    assert len(top) == ITEMS * 4 * 5
    last = top[(top["layer"] == 3) & (top["place"] == 1)].set_index(["fact_id", "lang"])
    for (fact, lang), row in last.iterrows():
        prompt = f"Question: {QUESTIONS[lang].format(fact)}\nAnswer:"
        with torch.no_grad():
            own = model.model(torch.tensor([word_tokenizer()(prompt)["input_ids"]])).logits
        assert row["token_id"] == own[0, -1].argmax()
    stored = study.facts(facts().data_hash).drop(columns="data_hash")
    expected = facts().to_frame()
    assert stored["answer"].tolist() == expected["answer"].tolist()
    assert stored["fact_id"].tolist() == expected["fact_id"].tolist()
    notes = study.notes(run_id)
    assert notes["argmax_near_ties"] == 0
    assert sum(len(batch) for batch in notes["batches"]["batches"]) == ITEMS
    assert [row["kept"] for row in notes["items"]] == [6, 5]


def test_a_finished_run_is_not_computed_again(
    model: HookedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, run_id = run(model, tmp_path / "s")
    with monkeypatch.context() as patch:
        patch.setattr(lens_run, "read_batch", None)
        assert run(model, tmp_path / "s")[1] == run_id
    assert run(model, tmp_path / "s", overwrite=True)[1] == f"{run_id}-2"
    first, second = (
        study.table("lens_ranks", run_id=one).drop(columns="run_id")
        for one in (run_id, f"{run_id}-2")
    )
    pd.testing.assert_frame_equal(first, second)


def test_mid_points_one_language_and_cloze(model: HookedModel, tmp_path: Path) -> None:
    study, _ = run(model, tmp_path / "s", points="+mid", languages=["de"])
    ranks = study.table("lens_ranks")
    assert set(ranks["lang"]) == {"de"} and "en" in set(ranks["role"])
    check_ranks(model, ranks, partial(reference.read, mid=True))
    _, other = run(model, tmp_path / "s", prompt_form="cloze")
    cloze = study.table("lens_ranks", run_id=other)
    item = cloze[(cloze["fact_id"] == "drink") & (cloze["role"] == "target")].iloc[0]
    logits = reference.read(model.model, word_tokenizer()("drink = so so so so so")["input_ids"])
    assert item["logprob"] == pytest.approx(
        reference.logprob(logits[0], [item["token_id"]]), abs=1e-4
    )


def test_release_says_what_it_does(
    model: HookedModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, run_id = run(model, tmp_path / "s", preset="release")
    assert "applied twice" in capsys.readouterr().err
    assert "applied twice" in study.notes(run_id)["note"]
    ranks = study.table("lens_ranks")
    assert set(ranks["token_rule"]) == {"last"}
    assert ranks.groupby("lang")["fact_id"].nunique().to_dict() == {"en": 6, "de": 6}
    prompt = word_tokenizer()(f"Question: {QUESTIONS['de'].format('drink')}\nAnswer: ")["input_ids"]
    logits = reference.release(model.model, prompt)
    mine = ranks[(ranks["fact_id"] == "drink") & (ranks["lang"] == "de")]
    for row in mine.itertuples():
        expected = reference.logprob(logits[row.layer], [row.token_id])
        assert row.logprob == pytest.approx(expected, abs=1e-4)


class _Widest(TorchDispatchMode):
    """Notes the most rows of vocabulary that any computed tensor holds."""

    def __init__(self, vocab: int) -> None:
        super().__init__()
        self.vocab, self.rows, self.seen = vocab, 0, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        of_weights = func in (torch.ops.aten.t.default, torch.ops.aten.transpose.int)
        for value in result if isinstance(result, tuple) else (result,):
            if of_weights or not isinstance(value, torch.Tensor):
                continue
            if value.shape[-1:] == (self.vocab,):
                self.rows = max(self.rows, value.numel() // self.vocab)
                self.seen += 1
        return result


def test_no_cube_of_the_vocabulary(
    model: HookedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vocab = model.shape.d_vocab
    whole = partial(lens_run.read_batch, chunk_elements=5 * vocab)
    monkeypatch.setattr(lens_run, "read_batch", whole)
    with _Widest(vocab) as widest:
        run(model, tmp_path / "s", batch_size=4)
    # 4 prompts and 4 points are 16 rows; all items 44
    assert widest.rows == 5
    assert widest.seen > 44 // 5


def interrupted(real: Any, at: int) -> Any:
    """``read_batch`` that is cut off after its work, in call number ``at``."""
    calls = []

    def work(*args, **options):
        calls.append(1)
        found = real(*args, **options)
        if len(calls) == at:
            raise KeyboardInterrupt
        return found

    work.calls = calls  # type: ignore[attr-defined]
    return work


def test_an_interrupted_run_goes_on_and_ends_the_same(
    model: HookedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    study, run_id = run(model, tmp_path / "whole", batch_size=2)
    assert set(hashes(study, run_id)) == {"lens_ranks.parquet", "lens_top.parquet"}
    real = lens_run.read_batch
    monkeypatch.setattr(lens_run, "read_batch", interrupted(real, at=4))
    with pytest.raises(KeyboardInterrupt):
        run(model, tmp_path / "cut", batch_size=2)
    assert Study.open(tmp_path / "cut", create=False).table("lens_ranks").empty
    rest = interrupted(real, at=-1)
    monkeypatch.setattr(lens_run, "read_batch", rest)
    cut, again = run(model, tmp_path / "cut", batch_size=2)
    assert again == run_id
    assert len(rest.calls) == 3  # six batches, three of them saved
    assert hashes(cut, run_id) == hashes(study, run_id)
    assert cut.notes(run_id)["batches"] == study.notes(run_id)["batches"]
    record = next(r for r in cut.records() if r.run_id == run_id)
    assert record.data["resumed_at_steps"] == [3]


def test_lack_of_memory_halves_and_is_recorded_once(
    model: HookedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    study, run_id = run(model, tmp_path / "whole", batch_size=4)
    real = lens_run.read_batch

    def small(model, ids, *args, **options):
        if len(ids) > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return real(model, ids, *args, **options)

    # batches of 4, 4 and 3 take three calls each, the first in vain: cut in the middle of the last
    monkeypatch.setattr(lens_run, "read_batch", interrupted(small, at=8))
    with pytest.raises(KeyboardInterrupt):
        run(model, tmp_path / "halved", batch_size=4)
    monkeypatch.setattr(lens_run, "read_batch", small)
    halved, same = run(model, tmp_path / "halved", batch_size=4)
    assert same == run_id
    assert halved.notes(run_id)["batches"]["halvings"] == [
        {"batch": 0, "sequences": 4, "into": 2},
        {"batch": 1, "sequences": 4, "into": 2},
        {"batch": 2, "sequences": 3, "into": 2},
    ]
    ours, theirs = halved.table("lens_ranks"), study.table("lens_ranks")
    assert ours["token_id"].tolist() == theirs["token_id"].tolist()
    assert all(
        math.isclose(a, b, abs_tol=1e-4)
        for a, b in zip(ours["logprob"], theirs["logprob"], strict=True)
    )
    assert (ours["rank"] - theirs["rank"]).abs().max() <= 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompt_form": "essay"}, "unknown prompt form 'essay'"),
        ({"preset": "tang2024"}, "preset 'tang2024' says nothing about lens"),
        ({"tie": "best"}, "unknown lens option 'tie'"),
        ({"languages": ["fr"]}, "'fr'"),
        ({"batch_size": 0}, "batch size 0"),
    ],
)
def test_bad_options_are_said(
    model: HookedModel, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InterpError, match=message):
        run(model, tmp_path / "s", **options)
    assert Study.open(tmp_path / "s").runs().empty


def test_mid_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InterpError, match="parallel residual"):
        run(hooked("gpt_neox"), tmp_path / "s", points="+mid")
    assert not list((tmp_path / "s").glob("runs/*"))
