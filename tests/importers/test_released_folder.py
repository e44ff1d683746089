"""A whole folder of released results: which checkpoint is called what, and all or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from interp.errors import InterpError
from interp.importers.released import read_released, stage_of
from interp.study import load_study
from tests.importers.made import write_klar, write_lahis, write_lape


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "release"
    for name in ("olmo-base", "olmo-grpo"):
        (place / "lahis").mkdir(parents=True, exist_ok=True)
        write_lahis(place / "lahis" / name)
    (place / "lape").mkdir()
    write_lape(place / "lape" / "olmo-sft-10k")
    (place / "klar_predictions").mkdir()
    write_klar(place / "klar_predictions" / "olmo-cpt-grpo.parquet")
    (place / "lahis" / "readme.txt").write_text("no checkpoint")
    return place


def test_labels_are_the_folders_names_and_stages_what_was_done(folder: Path) -> None:
    found = {(label, stage, one.analysis) for label, stage, one in read_released(folder)}
    assert found == {
        ("base", "base", "lahis"),
        ("grpo", "grpo", "lahis"),
        ("sft-10k", "sft", "lape"),
        ("cpt-grpo", "cpt-grpo", "klar"),
    }


@pytest.mark.parametrize(
    ("label", "stage"),
    [
        ("base", "base"),
        ("grpo-attmlp", "grpo"),
        ("cpt-grpo", "cpt-grpo"),
        ("cpt-sft-2", "cpt-sft"),
        ("cpt", "cpt"),
        ("basement", "basement"),
    ],
)
def test_a_stage_is_a_whole_word_of_the_name(label: str, stage: str) -> None:
    assert stage_of(label) == stage


def test_one_part_is_enough_and_none_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "heads").mkdir()
    (folder / "lahis").rename(tmp_path / "heads" / "lahis")
    assert {label for label, _, _ in read_released(tmp_path / "heads")} == {"base", "grpo"}
    (tmp_path / "none").mkdir()
    with pytest.raises(InterpError, match=r"none of the released results: expected folders lahis"):
        list(read_released(tmp_path / "none"))


def test_the_command_imports_all_or_nothing(interp, folder: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    said = interp("import", "release", folder, "--study", study)
    assert said.code == 0, said.err
    assert set(load_study(study).runs()["label"]) == {"base", "grpo", "sft-10k", "cpt-grpo"}
    (folder / "lape" / "olmo-sft-10k" / "lape_results.json").write_text("{")
    said = interp("import", "release", folder, "--study", tmp_path / "other")
    assert said.code == 2 and len(said.err.strip().splitlines()) == 1
    assert not (tmp_path / "other").exists()
