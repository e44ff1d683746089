"""The demo: the shipped checkpoint goes where a user's own would be, and is never overwritten."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from interp.cli.print_demo import lesson
from interp.comparison import compare
from interp.demo import check_causes, find_shipped, place_checkpoint, retrain, run_demo
from interp.errors import InterpError
from interp.stats.contrast import Settings
from interp.stats.verdict import BEYOND
from interp.study import Study

CLONE = Path(__file__).resolve().parents[1]


def test_it_is_found_in_the_clone_and_from_elsewhere(tmp_path: Path) -> None:
    assert find_shipped(CLONE).samefile(CLONE / "artifacts")
    assert find_shipped(tmp_path).samefile(CLONE / "artifacts")
    own = tmp_path / "artifacts"
    for stage, name in (("base", "config.json"), ("sft", "adapter_config.json")):
        (own / stage).mkdir(parents=True)
        (own / stage / name).write_text("{}")
    assert find_shipped(tmp_path).samefile(CLONE / "artifacts")  # one of the three is missing
    (own / "grpo").mkdir()
    (own / "grpo" / "adapter_config.json").write_text("{}")
    assert find_shipped(tmp_path) == own


def test_placing_it_copies_once_and_replaces_nothing(tmp_path: Path) -> None:
    shipped, target = CLONE / "artifacts" / "base", tmp_path / "ckpt" / "base"
    assert "copy" in place_checkpoint(shipped, target)
    assert (target / "model.safetensors").read_bytes() == (
        shipped / "model.safetensors"
    ).read_bytes()
    assert "the shipped checkpoint" in place_checkpoint(shipped, target)
    (target / "model.safetensors").write_bytes(b"mine")
    assert "another checkpoint" in place_checkpoint(shipped, target)
    assert (target / "model.safetensors").read_bytes() == b"mine"
    assert [path.name for path in target.parent.iterdir()] == ["base"]


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("keep")
    with pytest.raises(InterpError, match="holds no checkpoint"):
        place_checkpoint(CLONE / "artifacts" / "base", tmp_path)


def test_a_quick_retraining_changes_no_path(tmp_path: Path, monkeypatch) -> None:
    commands: list[list[str]] = []

    def noted(command: list[str]) -> subprocess.CompletedProcess[bytes]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", noted)
    folder = tmp_path / "full-size"
    retrain(folder, quick=True)
    assert [command[-1] for command in commands] == [
        str(folder / stage) for stage in ("base", "cpt", "sft", "grpo")
    ]
    assert commands[0][-3] == "quick" and all("full" not in command for command in commands)
    assert all(str(folder / "base") in command for command in commands)


def test_the_main_job_fills_a_study(tmp_path: Path) -> None:
    checkpoint = tmp_path / "base"
    shutil.copytree(CLONE / "artifacts" / "base", checkpoint)
    study = Study.open(tmp_path / "study")
    runs = run_demo(checkpoint, study, limit=12)
    assert set(runs) == {"train", "lape", "lahis", "lens", "mcq", "attention"}
    seen = study.table("attention", run_id=runs["attention"])
    assert set(seen["lang"]) == {"en", "ar", "bn"} and len(seen) == 6 * 3 * 2
    assert "loss" in set(study.table("train_log", run_id=runs["train"])["metric"])
    ranks = study.table("lens_ranks", run_id=runs["lens"])
    assert {"en", "es", "ru", "bn"} <= set(ranks["lang"]) and ranks["layer"].max() == 8
    assert len(study.table("head_scores", run_id=runs["lahis"])) == 12 * 8 * 16
    chosen = study.table("neurons", run_id=runs["lape"])
    assert chosen.loc[chosen["selected"], ["layer", "neuron"]].drop_duplicates().shape[0] == 410
    # English facts are known: the right token is the first choice in the end.
    english = ranks[(ranks["lang"] == "en") & (ranks["layer"] == 8) & (ranks["role"] == "target")]
    assert (english["rank"] == 0).all()
    assert run_demo(checkpoint, study, limit=12) == runs

    causes = check_causes(checkpoint, study, runs, limit=2)
    assert set(causes) == {"heads", "neurons"}
    for run_id in causes.values():
        table = study.table("ablations", run_id=run_id)
        assert {"random", "layer-matched"} < set(table["kind"])
        assert table["delta_nll"].notna().all()

    # The same weights under another name are the same in every statistic.
    shutil.copytree(checkpoint, tmp_path / "twin")
    run_demo(tmp_path / "twin", study, limit=12)
    rows = compare(study, "base", labels=["twin"], settings=Settings(100, 99, 20))
    assert set(rows["analysis"]) == {"lape", "lahis", "lens", "mcq"}
    assert not (rows["verdict"] == BEYOND).any()
    assert (rows.loc[rows["kind"] == "difference", "value"].dropna() == 0).all()
    assert (rows.loc[rows["kind"] == "likeness", "value"].dropna() == 1).all()
    assert "twin differs from base beyond re-measurement noise in 0 of" in lesson(rows, "base")


def test_an_adapter_goes_beside_its_base_and_loads_from_there(tmp_path: Path) -> None:
    from interp.model.hooked import HookedModel

    for stage in ("base", "grpo"):
        place_checkpoint(CLONE / "artifacts" / stage, tmp_path / "ckpt" / stage)
    tuned = HookedModel.load(str(tmp_path / "ckpt" / "grpo"))
    base = HookedModel.load(str(tmp_path / "ckpt" / "base"))
    weights = [m.model.model.layers[0].mlp.down_proj.weight for m in (tuned, base)]
    assert weights[0].shape == weights[1].shape
    assert not weights[0].equal(weights[1])
    named = tuned.provenance["base"]["model"]
    assert Path(named).samefile(tmp_path / "ckpt" / "base")
