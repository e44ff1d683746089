"""The commands as their users call them, on a real checkpoint folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from interp.study import load_study
from tests.command import Interp


def test_lape_writes_a_study_that_show_lists(
    interp: Interp, checkpoint: Path, corpus: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study"
    arguments = ("lape", "--model", checkpoint, "--corpus", corpus, "--study", study)
    said = interp(*arguments)
    assert said.code == 0, said.err
    assert "LAPE" in said.out
    neurons = load_study(study).table("neurons")
    assert len(neurons) > 0
    listed = interp("show", "--study", study)
    assert "tiny" in listed.out
    assert "lape" in listed.out


def test_underscores_are_accepted_in_option_names(
    interp: Interp, checkpoint: Path, corpus: Path, tmp_path: Path
) -> None:
    said = interp(
        "lahis", "--model", checkpoint, "--corpus", corpus, "--study", tmp_path / "s",
        "--batch_size", "2", "--mask_update=frozen",
    )  # fmt: skip
    assert said.code == 0, said.err


@pytest.mark.parametrize(
    "command",
    [
        [],
        *(
            [name]
            for name in (
                "lens",
                "lahis",
                "lape",
                "ablate",
                "attention",
                "similarity",
                "transition",
                "demo",
            )
        ),
        ["eval", "mcq"],
        ["eval", "klar"],
        ["eval", "lm-eval"],
        ["export", "lm-eval"],
        ["train", "base"],
    ],
)
def test_help_needs_no_torch(command: list[str]) -> None:
    code = (
        "import sys\nfrom interp.cli import main\n"
        f"try:\n    main({[*command, '--help']!r})\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--help" in done.stdout


def test_presets_and_doctor_print_tables(interp: Interp) -> None:
    presets = interp("presets")
    assert presets.code == 0
    assert "tang2024" in presets.out
    doctor = interp("doctor")
    assert "torch" in doctor.out
