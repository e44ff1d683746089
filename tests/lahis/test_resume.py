"""Interruptions and lack of memory: nothing is lost, nothing counted twice."""

from __future__ import annotations

import json

import numpy as np
import pytest

from interp.study import Study
from tests.lahis.cases import failing, letters_corpus, room_for, run, stop_after
from tests.tiny import tiny_hooked


@pytest.fixture(autouse=True)
def _save_always(monkeypatch):
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")


def results(folder):
    """Bytes of every table and tensor file of a study's runs."""
    files = [f for f in folder.rglob("*") if f.suffix in (".parquet", ".safetensors")]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def record(folder):
    (path,) = folder.rglob("run.json")
    return json.loads(path.read_text())


def interrupt_and_rerun(folder, n_calls, **options):
    """Stop after ``n_calls`` forward passes, start again; returns how many the rerun needed."""
    corpus, model = letters_corpus(), tiny_hooked("qwen2")
    failing(model, stop_after(n_calls))
    with pytest.raises(KeyboardInterrupt):
        run(model, corpus, folder, **options)
    assert not len(Study.open(folder).runs())
    model = tiny_hooked("qwen2")
    engine = failing(model, stop_after(10**9))
    run(model, corpus, folder, **options)
    return engine.calls


@pytest.mark.parametrize("n_calls", [1, 3])
def test_a_frozen_run_goes_on_with_identical_files(tmp_path, n_calls):
    run(tiny_hooked("qwen2"), letters_corpus(), tmp_path / "whole", batch_size=4)
    calls = interrupt_and_rerun(tmp_path / "parts", n_calls, batch_size=4)
    assert calls == 5 - n_calls  # 18 samples in batches of 4
    assert record(tmp_path / "parts")["resumed_at_steps"] == [n_calls]
    assert len(results(tmp_path / "whole")) == 2
    assert results(tmp_path / "parts") == results(tmp_path / "whole")


@pytest.mark.parametrize(
    "name", ["paper", "liu2025", pytest.param("release", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("n_calls", [3, 6, 8])  # in the first language, between two, in the second
def test_a_learned_run_goes_on_with_identical_files(tmp_path, name, n_calls):
    run(tiny_hooked("qwen2"), letters_corpus(), tmp_path / "whole", preset=name)
    calls = interrupt_and_rerun(tmp_path / "parts", n_calls, preset=name)
    assert calls == 18 - n_calls
    assert record(tmp_path / "parts")["resumed_at_steps"] == [n_calls]
    assert len(results(tmp_path / "whole")) == 1
    assert results(tmp_path / "parts") == results(tmp_path / "whole")


def test_a_finished_run_is_not_computed_again(tmp_path):
    corpus, model = letters_corpus(2), tiny_hooked("qwen2")
    engine = failing(model, stop_after(10**9))
    _, first = run(model, corpus, tmp_path)
    calls = engine.calls
    assert run(model, corpus, tmp_path)[1] == first and engine.calls == calls
    _, other = run(model, corpus, tmp_path, overwrite=True)
    assert other != first and engine.calls == 2 * calls


def test_a_batch_that_does_not_fit_is_halved_and_that_is_recorded(tmp_path, capsys):
    corpus, model = letters_corpus(), tiny_hooked("qwen2")
    study, run_id = run(model, corpus, tmp_path / "whole", batch_size=6)
    assert study.notes(run_id)["batches"]["halvings"] == []
    whole = study.tensors(run_id, "gradients")
    failing(model, room_for(2))
    study, run_id = run(model, corpus, tmp_path / "halved", batch_size=6)
    expected = [
        {"batch": b, "sequences": n, "into": (n + 1) // 2} for b in range(3) for n in (6, 3, 3)
    ]
    assert study.notes(run_id)["batches"]["halvings"] == expected
    assert capsys.readouterr().err.count("out of memory") == 7  # two as large are not tried
    for lang, gradients in study.tensors(run_id, "gradients").items():
        np.testing.assert_allclose(gradients, whole[lang], rtol=1e-3, atol=1e-6)


def test_halvings_before_an_interruption_stay_recorded(tmp_path):
    corpus, model = letters_corpus(), tiny_hooked("qwen2")

    def fail(call, input_ids):
        room_for(3)(call, input_ids)
        stop_after(4)(call, input_ids)  # 6, 3, 3, then 6 again and, halved, the first 3

    failing(model, fail)
    with pytest.raises(KeyboardInterrupt):
        run(model, corpus, tmp_path, batch_size=6)
    study, run_id = run(tiny_hooked("qwen2"), corpus, tmp_path, batch_size=6)
    assert study.notes(run_id)["batches"]["halvings"] == [{"batch": 0, "sequences": 6, "into": 3}]
