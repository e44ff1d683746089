"""``--dry-run`` as it is typed: it needs no weights and leaves nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import fingerprint, refused
from tests.estimates.test_sketch import without_weights

QUICK = (
    ("lape", "--limit", "6"),
    ("attention", "--heads", "0.1", "--limit", "6"),
    ("eval", "mcq", "--limit", "6"),
)
SLOW = (
    ("lens", "--limit", "6"),
    ("lahis", "--limit", "6"),
    ("similarity", "--limit", "6"),
    ("eval", "klar", "--limit", "6", "--max-new-tokens", "3"),
)
COMMANDS = (*QUICK, *(pytest.param(one, marks=pytest.mark.slow) for one in SLOW))


@pytest.fixture
def bare(folder: Path, tmp_path: Path) -> Path:
    """A checkpoint whose weights are garbage."""
    return without_weights(Path(shutil.copytree(folder, tmp_path / "bare")))


def never(folder: Path) -> None:
    raise AssertionError(f"{folder} was opened for writing")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_weights_are_read_and_nothing_is_written(interp, bare, tmp_path, monkeypatch, command):
    # A study that a refused command made goes again, so an empty folder would prove little.
    monkeypatch.setattr("interp.study.store.open_for_writing", never)
    before = fingerprint(tmp_path)
    said = interp(
        *command, "--model", bare, "--study", tmp_path / "study", "--languages", "en,de",
        "--device", "cpu", "--dry-run",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "dry run, nothing is computed or written" in said.out
    for name in ("checkpoint", "tokens", "pass", "time", "memory", "disk"):
        assert f"\n  {name} " in said.out, said.out
    assert fingerprint(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bare"]


def test_ablate_reads_the_study_and_leaves_it(interp, folder, tmp_path):
    study = tmp_path / "study"
    common = ("--model", folder, "--label", "tiny", "--study", study, "--device", "cpu")
    said = interp("lahis", *common, "--limit", "6", "--languages", "en,de")
    assert said.code == 0, said.err
    before = fingerprint(study)
    said = interp("ablate", *common, "--heads-from", "tiny", "--limit", "6", "--dry-run")
    assert said.code == 0, said.err
    assert "sets of heads (intact, own and controls)" in said.out
    said = interp("lahis", *common, "--limit", "6", "--languages", "en,de", "--dry-run")
    assert "holds 1 run of lahis for tiny" in said.out
    assert fingerprint(study) == before


def test_what_a_run_would_refuse_is_refused(interp, folder, tmp_path):
    study = tmp_path / "study"
    common = ("--model", folder, "--study", study, "--dry-run")
    refused(interp("lape", *common, "--languages", "en"), "at least two")
    refused(interp("lahis", *common, "--seq-len", "100000"), "positions")
    refused(interp("lape", "--model", tmp_path / "none", "--study", study, "--dry-run"), "none")
    (tmp_path / "file").write_text("x")
    refused(
        interp("lens", "--model", folder, "--study", tmp_path / "file", "--dry-run"), "--study"
    )  # fmt: skip
    refused(interp("ablate", *common, "--heads-from", "tiny"), "tiny")
    assert not study.exists()


def test_a_folder_that_is_no_study_is_refused(interp, folder, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("x")
    refused(
        interp("lens", "--model", folder, "--study", tmp_path / "other", "--dry-run"), "study"
    )  # fmt: skip
