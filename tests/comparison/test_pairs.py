"""Which runs are held against each other, and what is said where none can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interp.comparison.family import RunPair
from interp.comparison.pairs import Unpaired, find_base, find_labels, run_pairs
from interp.errors import InterpError
from interp.study import Study
from tests.study import samples


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.open(tmp_path / "study")


def write(study: Study, label: str, *, overwrite: bool = False, **changes: Any) -> str:
    stage = changes.pop("stage", label)
    with study.run(samples.spec(label=label, stage=stage, **changes), overwrite=overwrite) as run:
        if not run.already_finished:
            run.write_table("neurons", samples.neurons())
        return run.run_id


def test_the_base_is_the_only_label_of_stage_base_or_the_one_named(study: Study) -> None:
    with pytest.raises(InterpError, match=r"no label has the stage base.*no finished run"):
        find_base(study, None)
    write(study, "sft")
    with pytest.raises(InterpError, match="no label has the stage base"):
        find_base(study, None)
    assert find_base(study, "sft") == "sft"
    write(study, "start", stage="base")
    assert find_base(study, None) == "start"
    write(study, "other", stage="base")
    with pytest.raises(InterpError, match=r"2 of its labels \(other, start\)"):
        find_base(study, None)
    with pytest.raises(InterpError, match="unknown label in this study 'x'"):
        find_base(study, "x")


def test_a_study_of_one_label_is_refused_and_labels_are_checked(study: Study) -> None:
    write(study, "base")
    with pytest.raises(
        InterpError, match="holds one checkpoint, base: a comparison needs a second"
    ):
        find_labels(study, "base", None)
    write(study, "sft")
    write(study, "grpo")
    assert find_labels(study, "base", None) == ["sft", "grpo"]
    assert find_labels(study, "base", ["grpo"]) == ["grpo"]
    for wrong in ("base", "x"):
        with pytest.raises(InterpError, match=f"unknown label to compare with base '{wrong}'"):
            find_labels(study, "base", [wrong])


def test_the_newest_runs_on_the_same_data_are_paired(study: Study) -> None:
    old = write(study, "base")
    write(study, "base", data_hash="sha256:other")  # newer, on other text
    mine = write(study, "sft")
    (pair,) = run_pairs(study, "base", "sft", ["lape", "lahis"])
    assert isinstance(pair, RunPair)
    assert (pair.base_run, pair.label_run, pair.analysis) == (old, mine, "lape")
    again = write(study, "base", overwrite=True)
    (pair,) = run_pairs(study, "base", "sft", ["lape"])
    assert isinstance(pair, RunPair) and pair.base_run == again == f"{old}-2"
    assert pair.label_spec["label"] == "sft"


def test_on_no_shared_data_the_newest_of_each_are_paired(study: Study) -> None:
    write(study, "base")
    newest = write(study, "base", data_hash="sha256:b")
    mine = write(study, "sft", data_hash="sha256:c")
    (pair,) = run_pairs(study, "base", "sft", ["lape"])
    assert isinstance(pair, RunPair) and (pair.base_run, pair.label_run) == (newest, mine)


def test_every_shared_preset_is_a_pair_and_other_presets_are_said(study: Study) -> None:
    write(study, "base")
    write(study, "base", preset="release")
    write(study, "sft", preset="release")
    write(study, "grpo", preset="paper")
    refused, pair = run_pairs(study, "base", "sft", ["lape"])
    assert isinstance(refused, Unpaired) and refused.reason == "preset default: only base has it"
    assert isinstance(pair, RunPair) and pair.preset == "release"
    (refused,) = run_pairs(study, "base", "grpo", ["lape"])
    assert isinstance(refused, Unpaired)
    assert refused.reason == "different presets: base has default, release, grpo has paper"
    write(study, "sft")
    assert len(list(run_pairs(study, "base", "sft", ["lape"]))) == 2


def test_an_analysis_that_one_of_them_lacks_is_said_and_one_that_both_lack_is_not(
    study: Study,
) -> None:
    write(study, "base")
    write(study, "sft", analysis="lahis")
    found = list(run_pairs(study, "base", "sft", ["lape", "lahis", "mcq"]))
    assert [one.reason for one in found if isinstance(one, Unpaired)] == [
        "sft has no lape run (preset default)",
        "base has no lahis run (preset default)",
    ]


def test_an_unfinished_run_is_passed_over(study: Study) -> None:
    write(study, "base")
    with pytest.raises(KeyboardInterrupt), study.run(samples.spec(label="sft", stage="sft")):
        raise KeyboardInterrupt
    with pytest.raises(InterpError, match="holds one checkpoint"):
        find_labels(study, "base", None)


def test_every_shared_data_is_a_pair(study: Study) -> None:
    for label in ("base", "sft"):
        for data in ("sha256:a", "sha256:b"):
            write(study, label, data_hash=data)
    write(study, "sft", data_hash="sha256:c")
    pairs = [one for one in run_pairs(study, "base", "sft", ["lape"]) if isinstance(one, RunPair)]
    assert [one.base_spec["data_hash"] for one in pairs] == ["sha256:a", "sha256:b"]
    assert all(one.base_spec["data_hash"] == one.label_spec["data_hash"] for one in pairs)
