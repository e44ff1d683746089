"""Runs: names, results, progress, overwriting, and what counts as current."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.errors import InterpError
from interp.study import RunSpec, Study, load_study, study_summary
from tests.study import samples


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.open(tmp_path / "s")


def write(study: Study, spec: RunSpec, entropy: float = 0.25, overwrite: bool = False) -> str:
    with study.run(spec, overwrite=overwrite) as run:
        if not run.already_finished:
            run.write_table("neurons", samples.neurons(entropy))
            run.write_tensors("counts", samples.counts(), {"axes": ["a", "b"]})
    return run.run_id


def test_what_was_written_is_read(study: Study) -> None:
    run_id = write(study, samples.spec())
    reader = load_study(study.path)
    frame = reader.table("neurons")
    assert frame["run_id"].tolist() == [run_id] * 2
    assert frame["entropy"].tolist() == [0.25, np.inf]
    np.testing.assert_array_equal(
        reader.tensors(run_id, "counts")["counts"], samples.counts()["counts"]
    )
    assert reader.tensor_metadata(run_id, "counts") == {"axes": ["a", "b"]}
    row = reader.runs().iloc[0]
    assert (row["run_id"], row["label"], row["model"], row["dtype"]) == (
        run_id, "base", "/a/b", "float32",
    )  # fmt: skip
    assert '"numpy": "' in row["libraries"] and row["finished_at"] > row["started_at"]


def test_run_id_names_label_analysis_preset_and_digest() -> None:
    spec = samples.spec()
    assert spec.run_id == f"base-lape-default-{spec.digest[:8]}"
    assert samples.spec().digest == spec.digest


@pytest.mark.parametrize(
    "change",
    [
        {"arguments": {"languages": ["en", "sw"], "top_fraction": 0.02}},
        {"data_hash": "sha256:9"},
        {"seed": 1},
        {"label": "other"},
        {"stage": "sft"},
        {"preset": "paper"},
        {"analysis": "lens"},
        {"model": {**samples.spec().model, "weights_hash": "sha256:78"}},
        {"model": {**samples.spec().model, "dtype": "bfloat16"}},
        {"model": {**samples.spec().model, "device": "cuda:0"}},
    ],
)
def test_digest_covers_what_changes_numbers(change) -> None:
    assert samples.spec(**change).digest != samples.spec().digest


def test_digest_ignores_where_known_weights_lie_and_which_gpu() -> None:
    model = dict(samples.spec().model)
    moved = samples.spec(model={**model, "model": "/elsewhere", "revision": "main"})
    assert moved.digest == samples.spec().digest
    on = [samples.spec(model={**model, "device": f"cuda:{i}"}).digest for i in (0, 1)]
    assert on[0] == on[1]
    unknown = {"model": "/a/b", "weights_hash": None}
    assert samples.spec(model=unknown).digest != samples.spec(
        model={**unknown, "model": "/c"}
    ).digest  # fmt: skip


@pytest.mark.parametrize("label", ["", "a/b", "../up", ".hidden", "with space", "x" * 81])
def test_a_label_that_cannot_name_a_folder_is_refused(label: str) -> None:
    with pytest.raises(InterpError, match="cannot name a folder"):
        samples.spec(label=label)


def test_a_second_run_finds_the_result(study: Study) -> None:
    write(study, samples.spec())
    with study.run(samples.spec()) as run:
        assert run.already_finished
        with pytest.raises(RuntimeError, match="is finished"):
            run.write_table("neurons", samples.neurons())
    assert len(study.runs()) == 1


def test_overwriting_keeps_the_old_run_and_supersedes_it(study: Study) -> None:
    first = write(study, samples.spec(), 0.25)
    before = file_hashes(study.path / "runs" / first)
    second = write(study, samples.spec(), 0.75, overwrite=True)
    third = write(study, samples.spec(), 0.5, overwrite=True)
    assert (second, third) == (f"{first}-2", f"{first}-3")
    assert file_hashes(study.path / "runs" / first) == before
    assert study.table("neurons")["entropy"][0] == 0.5
    assert len(study.table("neurons", current=False)) == 6
    assert study.table("neurons", run_id=first)["entropy"][0] == 0.25
    status = study_summary(study).set_index("run_id")["status"].to_dict()
    assert status == {first: "superseded", second: "superseded", third: "current"}
    assert write(study, samples.spec()) == third  # not overwriting finds the newest result


def test_other_data_or_preset_does_not_supersede(study: Study) -> None:
    for spec in (samples.spec(), samples.spec(data_hash="b"), samples.spec(preset="paper")):
        write(study, spec)
    assert study.runs()["current"].all()


def test_other_arguments_on_the_same_data_supersede(study: Study) -> None:
    write(study, samples.spec())
    newer = write(study, samples.spec(arguments={"top_fraction": 0.5}))
    assert study.runs().query("current")["run_id"].tolist() == [newer]


def test_an_exception_leaves_the_run_unfinished_and_its_progress(study: Study) -> None:
    arrays = samples.counts()
    with pytest.raises(ZeroDivisionError), study.run(samples.spec()) as run:
        run.write_table("neurons", samples.neurons())
        assert run.save_progress(4, arrays, state={"halvings": [1]}, force=True)
        raise ZeroDivisionError
    assert study.runs().empty and study.table("neurons").empty
    assert study_summary(study)["status"].tolist() == ["unfinished"]
    assert study.runs(unfinished=True)["status"].tolist() == ["unfinished"]
    with study.run(samples.spec()) as again:
        step, back = again.load_progress()
        assert again.run_id == run.run_id and step == 4
        assert again.progress_state == {"halvings": [1]}
        np.testing.assert_array_equal(back["counts"], arrays["counts"])
    assert study.table("neurons").empty  # the table of the broken attempt does not count
    names = {path.name for path in (study.path / "runs" / run.run_id).iterdir()}
    assert names == {"run.json"}


def test_overwriting_goes_on_with_an_interrupted_overwriting(study: Study) -> None:
    first = write(study, samples.spec())
    with pytest.raises(KeyboardInterrupt), study.run(samples.spec(), overwrite=True) as run:
        run.save_progress(1, samples.counts(), force=True)
        raise KeyboardInterrupt
    with study.run(samples.spec()) as run:
        assert run.already_finished and run.run_id == first
    with study.run(samples.spec(), overwrite=True) as run:
        assert run.run_id == f"{first}-2" and run.load_progress()[0] == 1


def test_progress_of_other_arguments_code_or_damage_is_not_continued(
    study: Study, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(spec: RunSpec) -> Path:
        with pytest.raises(KeyboardInterrupt), study.run(spec) as run:
            run.save_progress(1, samples.counts(), force=True)
            raise KeyboardInterrupt
        return run.folder / "progress.safetensors"

    def loaded(spec: RunSpec):
        with pytest.raises(KeyboardInterrupt), study.run(spec) as run:
            progress = run.load_progress()
            raise KeyboardInterrupt
        return progress, capsys.readouterr().err

    path = interrupted(samples.spec())
    other = samples.spec(seed=5)
    assert loaded(other)[0] is None
    (study.path / "runs" / other.run_id / path.name).write_bytes(path.read_bytes())
    progress, said = loaded(other)
    assert progress is None and "other arguments" in said

    progress, said = loaded(samples.spec())
    assert progress[0] == 1 and not said
    with monkeypatch.context() as patch:
        patch.setattr("interp.study.runs.code_hash", lambda: "other")
        progress, said = loaded(samples.spec())
        assert progress is None and "other code" in said

    path.write_bytes(path.read_bytes()[:-30])
    progress, said = loaded(samples.spec())
    assert progress is None and "damaged" in said and len(said.splitlines()) == 1


def test_progress_is_throttled(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "3600")
    with study.run(samples.spec()) as run:
        assert not run.save_progress(1, samples.counts())
        assert run.load_progress() is None
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    with study.run(samples.spec(seed=1)) as run:
        assert run.save_progress(1, samples.counts()) and run.save_progress(2, samples.counts())
        assert run.load_progress()[0] == 2
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "soon")
    with pytest.raises(InterpError, match="INTERP_SAVE_SECONDS is 'soon'"):
        study.run(samples.spec(seed=2)).__enter__()


def test_two_identical_runs_leave_identical_files(tmp_path: Path) -> None:
    hashes = []
    for name in ("one", "two"):
        study = Study.open(tmp_path / name)
        study.add_facts(samples.fact_rows(), "sha256:f")
        run_id = write(study, samples.spec())
        hashes.append(
            {**file_hashes(study.path / "runs" / run_id), **file_hashes(study.path / "facts")}
        )
    assert hashes[0] == hashes[1] and len(hashes[0]) == 3


def test_selection_by_label_preset_and_column(study: Study) -> None:
    write(study, samples.spec())
    write(study, samples.spec(label="sft"), 0.5)
    write(study, samples.spec(label="sft", preset="paper"), 0.75)
    assert len(study.table("neurons")) == 6
    assert study.table("neurons", label="sft", preset="paper")["entropy"][0] == 0.75
    assert len(study.table("neurons", label=["base", "sft"], preset="default")) == 4
    assert list(study.table("neurons", columns=["layer"]).columns) == ["layer"]
    empty = study.table("lens_ranks")
    assert empty.empty and "logprob" in empty.columns
    with pytest.raises(InterpError, match=r"unknown label in this study 'grpo'.*base, sft"):
        study.table("neurons", label="grpo")
    with pytest.raises(InterpError, match="unknown column of neurons 'colour'"):
        study.table("neurons", columns=["colour"])
    with pytest.raises(InterpError, match="unknown finished run 'x'"):
        study.tensors("x", "counts")
    with pytest.raises(InterpError, match="'grads': expected one of counts"):
        study.tensors(samples.spec().run_id, "grads")


def test_facts_are_stored_once_and_found_by_hash(study: Study) -> None:
    study.add_facts(samples.fact_rows(), "sha256:f")
    study.add_facts(samples.fact_rows().assign(answer="changed"), "sha256:f")
    assert study.facts("sha256:f")["answer"].tolist() == ["yen", "ين"]
    assert study.table("facts")["data_hash"].unique().tolist() == ["sha256:f"]
    with pytest.raises(InterpError, match="unknown fact set 'sha256:g'"):
        study.facts("sha256:g")


def test_comparisons_belong_to_the_study(study: Study) -> None:
    first = samples.comparison_rows(label="sft", value=0.1)
    study.write_comparisons(first)
    other = samples.comparison_rows(label="grpo", value=0.2)
    study.write_comparisons(other, replace=["label"])
    study.write_comparisons(samples.comparison_rows(label="sft", value=0.3), replace=["label"])
    kept = load_study(study.path).table("comparisons").set_index("label")["value"]
    assert kept.to_dict() == {"grpo": 0.2, "sft": 0.3}
    study.write_comparisons(first)
    assert load_study(study.path).table("comparisons")["value"].tolist() == [0.1]
    with study.run(samples.spec()) as run, pytest.raises(ValueError, match="belongs to the study"):
        run.write_table("comparisons", pd.DataFrame())


def test_a_reader_cannot_write(study: Study) -> None:
    with pytest.raises(InterpError, match="open for reading"):
        load_study(study.path).run(samples.spec())


def test_two_requests_that_share_eight_digits_do_not_meet(study: Study) -> None:
    first = write(study, samples.spec())
    record = study.path / "runs" / first / "run.json"
    text = record.read_text()
    record.write_text(text.replace(samples.spec().digest, samples.spec().digest[:8] + "0" * 56))
    with study.run(samples.spec()) as run:
        assert not run.already_finished and run.run_id == f"{first}-2"


def test_notes_and_summary(study: Study) -> None:
    with study.run(samples.spec()) as run:
        run.record("batches", {"n": np.int64(3), "sizes": (1, 2)})
        run.write_table("neurons", samples.neurons())
    assert study.notes(run.run_id) == {"batches": {"n": 3, "sizes": [1, 2]}}
    row = study_summary(study).iloc[0]
    assert (row["rows"], row["languages"], row["status"]) == (2, "sw", "current")


def file_hashes(folder: Path) -> dict[str, str]:
    """Hash every file but ``run.json``, the only one that holds times."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "run.json"
    }


def test_what_was_asked_can_be_read_back(study: Study) -> None:
    asked = samples.spec()
    run_id = write(study, asked)
    reader = load_study(study.path)
    assert reader.spec(run_id) == asked.to_dict() == reader.spec(run_id, "lape")
    with pytest.raises(InterpError, match=f"run {run_id} is one of lape: expected one of lens"):
        reader.spec(run_id, "lens")
    with pytest.raises(InterpError, match="unknown finished run 'x': expected one of base-lape"):
        reader.spec("x")
