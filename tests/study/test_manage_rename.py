"""A label renamed: what every run is called afterwards, and that nothing else changes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from interp.errors import InterpError
from interp.study import RunSpec, Study, load_study
from interp.study.manage import rename_label, rename_study
from interp.study.manage.identity import in_order, respelled
from tests.study import managed, samples

TABLES = ("neurons", "ablations", "predictions")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return managed.make(tmp_path / "s")


def content(study: Study) -> dict[str, pd.DataFrame]:
    """Every table without run_id, rows sorted."""
    read = load_study(study.path)
    return {
        name: read.table(name, current=False)
        .drop(columns="run_id")
        .astype(str)
        .sort_values(list(read.table(name).columns.drop("run_id")), ignore_index=True)
        for name in TABLES
    }


def test_every_name_follows_from_the_request(study: Study) -> None:
    before, numbers = load_study(study.path).runs(), content(study)
    done = rename_label(study.path, "base", "b2")
    reader = load_study(study.path)
    after = reader.runs()
    assert set(before["label"]) == {"base", "grpo"} and set(after["label"]) == {"b2", "grpo"}
    for record in reader.records():
        spec = RunSpec(**record.spec)
        assert record.data["digest"] == spec.digest
        assert record.run_id in (spec.run_id, f"{spec.run_id}-2")
        assert record.data["run_id"] == record.run_id
        for name in record.data["files"]:
            if name.endswith(".parquet"):
                table = reader.table(name.removesuffix(".parquet"), run_id=record.run_id)
                assert set(table["run_id"]) == {record.run_id}
    for name, frame in content(study).items():
        pd.testing.assert_frame_equal(frame, numbers[name])
    same = ["stage", "analysis", "preset", "started_at", "finished_at", "status", "seed"]
    moved = before.assign(run_id=before["run_id"].replace(dict(done.runs)))
    pd.testing.assert_frame_equal(
        moved.sort_values("run_id", ignore_index=True)[["run_id", *same]],
        after.sort_values("run_id", ignore_index=True)[["run_id", *same]],
    )
    assert not done.resumed and done.stages == ("base",)
    assert {p.name for p in study.path.iterdir() if p.name != ".lock"} == {
        "study.json", "runs", "facts", "comparisons.parquet",
    }  # fmt: skip


def test_a_later_request_under_the_new_label_finds_the_run(study: Study) -> None:
    done = rename_label(study.path, "base", "b2")
    asked = managed.spec("b2", stage="base", model=managed.spec("base").model)
    with Study.open(study.path).run(asked) as run:
        assert run.already_finished and run.run_id == f"{asked.run_id}-2"
    # The ablation, its source renamed: as interp.causal.run would ask now.
    source = done.runs[managed.spec("base").run_id + "-2"]
    for label, model in (("b2", "base"), ("grpo", "grpo")):
        again = managed.ablation_spec(label, source, "b2")
        like = managed.ablation_spec(model, source, "b2")
        again = RunSpec(**{**again.to_dict(), "stage": like.stage, "model": like.model})
        with Study.open(study.path).run(again) as run:
            assert run.already_finished, label


def test_runs_that_name_a_renamed_run_follow_in_arguments_and_notes(study: Study) -> None:
    old = managed.spec("base").run_id + "-2"
    done = rename_label(study.path, "base", "b2")
    new = done.runs[old]
    reader = load_study(study.path)
    ours = [r for r in reader.records() if r.spec["analysis"] == "ablation"]
    sources = {(r.spec["label"], r.spec["arguments"]["source"]) for r in ours}
    other = managed.spec("grpo").run_id
    assert sources == {("b2", new), ("grpo", new), ("grpo", other)}
    for record in ours:
        source = record.spec["arguments"]["source"]
        # x-9 is no run of ours, so it stays as it was said.
        before = old if source == new else other
        told = record.data["notes"]["notices"]
        assert told == [f"run {source} has no neurons for sw, unlike {before}-9."]
        assert record.spec["arguments"]["source_label"] == source.split("-")[0]
    untouched = [r for r in ours if r.spec["arguments"]["source"] == other]
    assert "renamed_from" not in untouched[0].data


def test_comparisons_are_renamed_too(study: Study) -> None:
    before = load_study(study.path).table("comparisons")
    done = rename_label(study.path, "base", "b2")
    after = load_study(study.path).table("comparisons")
    assert after["base"].tolist() == ["b2"] * 3 and after["label"].tolist() == ["grpo"] * 3
    expected = [done.runs.get(run, run) for run in before["base_run"]]
    assert after["base_run"].tolist() == expected and expected[2] == ""
    rest = before.columns.drop(["base", "base_run"])
    pd.testing.assert_frame_equal(before[rest], after[rest])


def test_there_and_back_leaves_every_byte_but_the_trail(study: Study) -> None:
    before = managed.tree(study.path)
    rename_label(study.path, "base", "b2")
    assert managed.tree(study.path) != before
    rename_label(study.path, "b2", "base")
    assert managed.tree(study.path) == before
    record = json.loads(
        (study.path / "runs" / managed.spec("base").run_id / "run.json").read_text()
    )
    assert [trail["label"] for trail in record["renamed_from"]] == ["base", "b2"]


def test_again_is_recognised_and_says_so(study: Study) -> None:
    done = rename_label(study.path, "base", "b2")
    again = rename_label(study.path, "base", "b2")
    assert again.resumed and set(again.runs.items()) <= set(done.runs.items())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("sft", "x", r"unknown label in study .* 'sft': expected one of base, grpo"),
        ("base", "base", "renamed to itself"),
        ("base", "grpo", r"label 'grpo' is taken by \d+ run"),
        ("base", "../up", "cannot name a folder"),
        ("base", "", "cannot name a folder"),
        ("base", "a/b", "cannot name a folder"),
        ("..", "x", "unknown label"),
    ],
)
def test_bad_names_are_refused_and_nothing_changes(
    study: Study, old: str, new: str, said: str
) -> None:
    before = managed.tree(study.path)
    with pytest.raises(InterpError, match=said) as caught:
        rename_label(study.path, old, new)
    assert "\n" not in str(caught.value) and managed.tree(study.path) == before


def test_an_unfinished_run_among_them_is_refused(study: Study) -> None:
    with pytest.raises(KeyboardInterrupt), study.run(managed.spec("base", seed=7)) as run:
        run.save_progress(1, {}, force=True)
        raise KeyboardInterrupt
    before = managed.tree(study.path)
    with pytest.raises(InterpError, match=rf"{run.run_id} are unfinished.*--unfinished"):
        rename_label(study.path, "base", "b2")
    assert managed.tree(study.path) == before
    assert rename_label(study.path, "grpo", "g2").runs  # it is none of these


def test_a_damaged_file_is_named_and_nothing_changes(study: Study) -> None:
    path = study.path / "runs" / managed.spec("base").run_id / "neurons.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    before = managed.tree(study.path)
    with pytest.raises(InterpError, match=r"neurons\.parquet is damaged"):
        rename_label(study.path, "base", "b2")
    assert managed.tree(study.path) == before and not (study.path / ".staging").exists()
    assert load_study(study.path).runs()["label"].tolist().count("base") == 4


def test_an_ablation_that_cannot_follow_is_refused(study: Study) -> None:
    spec = managed.ablation_spec("grpo", managed.spec("base").run_id, "base")
    with study.run(RunSpec(**{**spec.to_dict(), "data_hash": "of-other-text"})) as run:
        run.write_table("ablations", managed.ablations())
    with pytest.raises(InterpError, match=rf"run {run.run_id} cannot follow"):
        rename_label(study.path, "base", "b2")


def test_somebodys_notes_in_a_run_folder_come_along(study: Study) -> None:
    folder = study.path / "runs" / managed.spec("base").run_id
    (folder / "notes.txt").write_text("mine")
    (folder / "plots").mkdir()
    (folder / "plots" / "a.txt").write_text("a plot")
    done = rename_label(study.path, "base", "b2")
    new = study.path / "runs" / done.runs[folder.name]
    assert (new / "notes.txt").read_text() == "mine"
    assert (new / "plots" / "a.txt").read_text() == "a plot"


def test_a_study_is_renamed_in_its_manifest_and_comparisons(study: Study) -> None:
    assert rename_study(study.path, "mine") == "s"
    reader = load_study(study.path)
    assert reader.name == "mine" and set(reader.runs()["study"]) == {"mine"}
    assert set(reader.table("comparisons")["study"]) == {"mine"}
    with pytest.raises(InterpError, match=r"study name '\.\./x' cannot name a folder"):
        rename_study(study.path, "../x")


def test_another_writer_is_refused(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERP_LOCK_SECONDS", "0.1")
    with (
        study.run(managed.spec("sft")),
        pytest.raises(InterpError, match=r"is being written by another process.*lape of sft"),
    ):
        rename_label(study.path, "base", "b2")


def test_a_run_comes_after_the_runs_it_names(study: Study) -> None:
    records = study.records()
    order = [record.run_id for record in in_order(records[::-1])]
    assert sorted(order) == sorted(record.run_id for record in records)
    for record in records:
        source = record.spec["arguments"].get("source")
        assert source is None or order.index(source) < order.index(record.run_id)


def test_only_whole_run_ids_are_replaced_and_a_foreign_source_stays(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    spec = samples.spec(arguments={"a": ["x-1", "x-1-2", "x-1a"], "source": "y", "n": 1.5})
    with study.run(spec) as run:
        run.record("told", "x-1, x-1-2. x-1a ax-1 (x-1)")
        run.write_table("neurons", samples.neurons())
    new, notes = respelled(study.records()[0], {}, {"x-1": "z", "x-1-2": "w"})
    assert new.arguments == {"a": ["z", "w", "x-1a"], "source": "y", "n": 1.5}
    assert notes["told"] == "z, w. x-1a ax-1 (z)"


@pytest.mark.slow
def test_the_demo_there_and_back(tmp_path: Path) -> None:
    from interp.study.manage import migrate

    demo = Path(__file__).resolve().parents[2] / "artifacts" / "demo"
    if not (demo / "study.json").exists():
        pytest.skip(f"no study of the demo at {demo}")
    shutil.copytree(demo, tmp_path / "demo")
    migrate(tmp_path / "demo")
    before = managed.tree(tmp_path / "demo")
    rename_label(tmp_path / "demo", "base", "b2")
    rename_label(tmp_path / "demo", "b2", "base")
    assert managed.tree(tmp_path / "demo") == before
