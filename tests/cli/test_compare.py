"""``interp compare``: what it prints, keeps, goes on with and refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.study import Study, load_study
from tests.cli.conftest import fingerprint, refused
from tests.command import Interp
from tests.comparison.studies import (
    drawn_gradients,
    three_checkpoints,
    write_lahis,
)

QUICK = ("--draws", 200, "--permutations", 399, "--splits", 60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    three_checkpoints(tmp_path / "study")
    return tmp_path / "study"


def test_it_tells_a_real_change_from_noise_and_keeps_the_rows(interp: Interp, folder: Path) -> None:
    said = interp("compare", "--study", folder, *QUICK, "--out", folder.parent / "out")
    assert said.code == 0, said.err
    rows = load_study(folder).table("comparisons")
    kept = rows[(rows["statistic"] == "heads_kept")].set_index(["label", "lang"])
    assert set(kept.loc["grpo", "verdict"]) == {"beyond noise"}
    assert set(kept.loc["sft", "verdict"]) == {"within noise"}
    assert kept.loc[("grpo", "en"), "value"] < 0.2 and kept.loc[("sft", "en"), "value"] > 0.9
    assert "lahis (default): against base" in said.out and "How many statistics" in said.out
    written = pd.read_csv(folder.parent / "out" / "comparisons.csv")
    assert len(written) == len(rows)
    assert list(written.columns) == list(rows.columns)  # as after an interruption, from stored rows
    needed = ["p_adjusted", "noise_floor", "n", "code_version", "base_run", "method"]
    assert kept[needed].notna().all().all() and (rows["n"] == 40).all()


def test_what_is_there_is_not_computed_again(
    interp: Interp, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert interp("compare", "--study", folder, "--label", "sft", *QUICK).code == 0
    first = load_study(folder).table("comparisons")
    assert set(first["label"]) == {"sft"}
    assert interp("compare", "--study", folder, *QUICK).code == 0
    both = load_study(folder).table("comparisons")
    assert set(both["label"]) == {"sft", "grpo"}
    pd.testing.assert_frame_equal(
        both[both["label"] == "sft"].reset_index(drop=True), first, check_dtype=False
    )
    import interp.comparison.against_base as room

    def computed(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(room, "contrast", computed)
    assert interp("compare", "--study", folder, *QUICK).code == 0
    with pytest.raises(AssertionError, match="computed again"):
        interp("compare", "--study", folder, *QUICK, "--again")
    with pytest.raises(AssertionError, match="computed again"):
        interp("compare", "--study", folder, *QUICK, "--seed", 1)


def test_a_trajectory_is_in_order_of_steps(interp: Interp, folder: Path) -> None:
    study = Study.open(folder)
    for step, shift in ((1000, 30), (200, 10)):
        write_lahis(study, f"grpo-step-{step}", drawn_gradients(step, shift), stage="grpo")
    said = interp(
        "compare", "--study", folder, *QUICK, "--trajectory", "grpo", "--out", folder.parent
    )
    assert said.code == 0, said.err
    rows = pd.read_csv(folder.parent / "trajectory.csv")
    assert rows["step"].drop_duplicates().tolist() == [200, 1000]
    mean = rows[rows["statistic"] == "mean_overlap"]
    assert len(mean) == 2 and "grpo: lahis (default), mean_overlap" in said.out
    said = interp("compare", "--study", folder, *QUICK, "--trajectory", "sft")
    refused(said, "no label like sft-step-400", "grpo")
    said = interp("compare", "--study", folder, *QUICK, "--trajectory", "grpo", "--label", "sft")
    refused(said, "--trajectory names the labels")


def test_runs_that_measure_other_things_are_said_not_compared(interp: Interp, folder: Path) -> None:
    study = Study.open(folder)
    write_lahis(study, "other", drawn_gradients(3), preset="release")
    write_lahis(study, "fewer", drawn_gradients(4), arguments={"top_fraction": 0.25})
    said = interp("compare", "--study", folder, *QUICK, "--label", "other", "--label", "fewer")
    assert said.code == 0, said.err
    text = " ".join(said.out.split())
    assert "other, lahis: not comparable: different presets" in text
    assert "top_fraction (0.125 and 0.25)" in text
    rows = load_study(folder).table("comparisons")
    assert rows["verdict"].tolist() == ["not comparable"] * 2
    assert rows["value"].isna().all()


def test_an_unfinished_run_is_named(interp: Interp, folder: Path) -> None:
    study = Study.open(folder)
    from tests.study import samples

    with pytest.raises(KeyboardInterrupt), study.run(samples.spec(label="late", stage="sft")):
        raise KeyboardInterrupt
    said = interp("compare", "--study", folder, *QUICK, "--label", "sft")
    assert said.code == 0
    assert "not finished, so not compared: late-lape-default" in " ".join(said.out.split())


def test_scores_that_are_no_numbers_are_named(interp: Interp, folder: Path) -> None:
    broken = drawn_gradients(5)
    broken["de"][3, 1, 2] = np.nan
    run_id = write_lahis(Study.open(folder), "broken", broken)
    said = interp("compare", "--study", folder, *QUICK, "--label", "broken", "--label", "sft")
    assert said.code == 0, said.err
    rows = load_study(folder).table("comparisons").set_index("label")
    assert rows.loc["broken", "verdict"] == "not comparable"
    assert run_id in rows.loc["broken", "reason"] and "de" in rows.loc["broken", "reason"]
    assert rows.loc["sft", "value"].notna().any()


def test_a_run_that_goes_while_it_is_compared_leaves_no_rows(
    interp: Interp, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import interp.comparison.against_base as room
    from interp.study.manage import rename_label

    compute = room._compute

    def renamed_meanwhile(*arguments):
        rows = compute(*arguments)
        rename_label(folder, "sft", "other")
        return rows

    monkeypatch.setattr(room, "_compute", renamed_meanwhile)
    said = interp("compare", "--study", folder, *QUICK, "--label", "sft")
    refused(said, "sft-lahis-default", "renamed or removed")
    assert load_study(folder).table("comparisons").empty


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--base", "x"), ("unknown label in this study 'x'", "base, grpo, sft")),
        (("--label", "x"), ("unknown label to compare with base 'x'",)),
        (("--analysis", "lap"), ("unknown analysis to compare 'lap'", "lape, lahis")),
        (("--analysis", "klar"), ("have no run of klar",)),
        (("--draws", "5"), ("'--draws'", "100")),
    ],
)
def test_bad_input_is_one_line(
    interp: Interp, folder: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    before = fingerprint(folder)
    refused(interp("compare", "--study", folder, *arguments), *words)
    assert fingerprint(folder) == before


def test_a_study_that_is_none_is_not_made(interp: Interp, tmp_path: Path) -> None:
    refused(interp("compare", "--study", tmp_path / "none"), "no study at")
    assert not (tmp_path / "none").exists()
