"""``interp import``: what it prints, what it leaves alone, what it refuses in one line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer

from interp.cli import import_
from interp.cli.print_imported import print_imported
from interp.study import RunSpec, Study, load_study
from tests.cli.conftest import fingerprint, refused
from tests.importers.made import (
    Hostile,
    matrices,
    write_klar,
    write_lahis,
    write_lape,
    write_masks,
)


@pytest.fixture
def files(tmp_path):
    """One file of each kind."""
    (tmp_path / "OLD.json").write_text(json.dumps({"1": {"en": 2, "zh-cn": 1}}))
    return {
        "lahis": ("lahis", write_lahis(tmp_path / "heads")),
        "lape": ("lape", write_lape(tmp_path / "lists")),
        "counts": ("lape", tmp_path / "OLD.json", "--layers", 2),
        "klar": ("klar", write_klar(tmp_path / "answers.parquet")),
        "masks": (
            "masks", write_masks(tmp_path / "x.pth"), "--languages", "en,zh", "--neurons", 9,
        ),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["lahis", "lape", "counts", "klar", "masks"])
def test_a_file_becomes_a_run(interp, files, tmp_path, kind):
    folder = tmp_path / "study"
    ask = ("import", *files[kind], "--label", "base", "--stage", "cpt", "--study", folder)
    said = interp(*ask)
    assert said.code == 0, said.err
    assert "not in the file:" in said.out and "note:" in said.out
    (run_id,) = load_study(folder).runs()["run_id"]
    assert run_id in said.out.replace("\n", "")
    before = fingerprint(folder)
    again = interp(*ask)
    assert again.code == 0 and again.out == said.out
    assert fingerprint(folder) == before  # a rerun finds its result
    shown = interp("show", "--study", folder)
    assert "imported" in shown.out and run_id in shown.out and "cpt" in shown.out
    shown = interp("show", "--study", folder, "--run", run_id)
    assert shown.code == 0 and said.out == shown.out
    assert "nan" not in shown.out.lower().split() and "<NA>" not in shown.out
    assert interp(*ask, "--overwrite").code == 0
    assert len(load_study(folder).runs()) == 2


def test_the_stage_is_the_label_by_default(interp, files, tmp_path):
    interp("import", *files["lape"], "--label", "grpo", "--study", tmp_path / "s")
    assert load_study(tmp_path / "s").runs()["stage"].tolist() == ["grpo"]


def test_answers_without_prompts_say_nothing_of_demonstrations(interp, files, tmp_path):
    said = interp("import", *files["klar"], "--label", "base", "--study", tmp_path / "s")
    assert "stands in a demonstration" not in said.out
    assert "95 % over facts" in said.out


def test_a_run_of_our_own_was_not_imported(tmp_path, capsys):
    opened = Study.open(tmp_path / "study")
    with opened.run(RunSpec("lape", "base", "base", "default", {}, "hash")) as run:
        run.record("text", {})
    print_imported(opened, run.run_id)
    assert capsys.readouterr().out == ""


def test_bad_input_is_one_line_and_changes_nothing(interp, files, tmp_path):
    folder = tmp_path / "study"
    assert interp("import", *files["lape"], "--label", "base", "--study", folder).code == 0
    before = fingerprint(folder)
    scores = matrices()
    scores["de"][0, 0] = float("nan")
    trace = tmp_path / "trace"
    cases = [
        (("lahis", write_lahis(tmp_path / "nan", scores)), "lahis_de.pth"),
        (("lahis", write_lahis(tmp_path / "trap", {**matrices(), "en": Hostile(trace)})), "code"),
        (("lahis", tmp_path / "lists"), "lahis_<lang>.pth"),
        (("lape", write_lape(tmp_path / "zero", {"0": {"en": [1]}})), "counted from 1"),
        (("lape", write_lape(tmp_path / "none", {})), "no neuron"),
        (("lape", tmp_path / "OLD.json"), "--layers"),
        (("lape", *files["lape"][1:], "--languages", "en,en"), "twice"),
        (("klar", tmp_path / "OLD.json"), "OLD.json"),
        (("klar", tmp_path / "no.parquet"), "not there"),
        (("masks", tmp_path / "x.pth", "--languages", "en", "--neurons", 9), "names 1"),
    ]
    for number, (ask, word) in enumerate(cases):
        place = tmp_path / "new" if number % 2 else folder
        refused(interp("import", *ask, "--label", "x", "--study", place), word)
    refused(interp("import", *files["lape"], "--label", "a/b", "--study", tmp_path / "new"), "a/b")
    assert fingerprint(folder) == before
    assert not (tmp_path / "new").exists() and not trace.exists()


def test_usage(interp, files, tmp_path):
    said = interp("import", *files["lape"], "--study", tmp_path / "s")
    assert said.code == 2 and "--label" in said.err
    said = interp("import", "masks", tmp_path / "x.pth", "--label", "a", "--study", tmp_path / "s")
    assert said.code == 2 and "--languages" in said.err
    assert not (tmp_path / "s").exists()
    for name in ("lahis", "lape", "klar", "masks"):
        said = interp("import", name, "--help")
        assert said.code == 0 and "--label" in said.out and "Example" in said.out


def test_help_is_instant():
    code = (
        "import sys, typer\n"
        "from interp.cli.import_ import app\n"
        "from typer.testing import CliRunner\n"
        "assert CliRunner().invoke(app, ['lahis', '--help']).exit_code == 0\n"
        "slow = {'torch', 'pandas', 'numpy', 'transformers'} & set(sys.modules)\n"
        "assert not slow, slow\n"
        "import interp.importers\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert isinstance(import_.app, typer.Typer)
