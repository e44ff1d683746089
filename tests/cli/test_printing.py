"""What the commands print beside results: show, verify, doctor, tables."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from interp import doctor
from interp.cli.tables import print_frame
from interp.model import verify as verification
from interp.study import load_study
from tests.command import Interp


def test_a_table_keeps_brackets_and_whole_columns(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"[a]": ["pip install '.[x]'"], "id": ["i" * 70], "text": ["w " * 60]})
    print_frame(frame, "of [red]tokens[/red]", whole=("id",))
    out = capsys.readouterr().out
    for text in ("[a]", "'.[x]'", "of [red]tokens[/red]", "i" * 70):
        assert text in out


def test_show_lists_whole_run_ids_and_says_what_unfinished_means(
    interp: Interp, checkpoint: Path, corpus: Path, study: Path
) -> None:
    label = "a-checkpoint-with-a-long-name"
    more = ("--model", checkpoint, "--corpus", corpus, "--study", study, "--label", label)
    assert interp("lape", *more).code == 0
    run_id = load_study(study).runs().set_index("label")["run_id"][label]
    said = interp("show", "--study", study)
    assert said.code == 0
    assert run_id in said.out and "current" in said.out and "unfinished" not in said.out
    again = interp("show", "--study", study, "--run", run_id)
    assert again.code == 0 and "LAPE" in again.out
    path = study / "runs" / run_id / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "finished_at": None}))
    said = interp("show", "--study", study)
    assert "its command goes on with it" in said.out
    assert interp("show", "--study", study, "--run", run_id).code == 2


def test_show_of_an_empty_study_says_so(interp: Interp, study: Path) -> None:
    for path in (study / "runs").rglob("run.json"):
        path.unlink()
    said = interp("show", "--study", study)
    assert said.code == 0 and "has no runs yet" in said.out


@pytest.fixture(scope="module")
def doctored() -> pd.DataFrame:
    return doctor.examine()


def test_doctor_prints_commands_that_can_be_copied(
    interp: Interp, doctored: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [*doctored.itertuples(index=False, name=None)]
    rows += [doctor.optional_row("no-such-package", "x", "pip install -e '.[engines]'")]
    frame = pd.DataFrame(rows, columns=list(doctor.COLUMNS))
    monkeypatch.setattr(doctor, "examine", lambda: frame)
    said = interp("doctor")
    assert said.code == 0
    assert "pip install -e '.[engines]'" in said.out
    assert "device taken by --device auto" in said.out
    rows += [doctor.Row("numpy", "missing", "", "pip install 'numpy>=2'")]
    monkeypatch.setattr(doctor, "examine", lambda: pd.DataFrame(rows, columns=list(doctor.COLUMNS)))
    assert interp("doctor").code == 1


def test_verify_prints_every_site_and_a_verdict_per_engine(
    interp: Interp, checkpoint: Path
) -> None:
    said = interp("verify", "--model", checkpoint, "--engine", "all")
    assert said.code == 0, said.err
    for site in ("blocks.*.attn.hook_z", "blocks.*.mlp.hook_pre_linear", "head_mask_gradient"):
        assert said.out.count(site) == 2, site  # once per engine, not folded
    for name in ("transformer_lens", "nnsight"):
        assert f"{name}: agrees with native at all 12 sites" in said.out


def test_verify_fails_where_an_engine_differs_and_names_a_refusal(
    interp: Interp, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ["site", "layer", "engine", "other", "max_abs_diff", "limit", "shape", "verdict"]
    rows = [
        ["blocks.*.attn.hook_z", 1, "nnsight", "native", 0.5, 1e-4, "1x2", "differs", ""],
        ["logits", -1, "nnsight", "native", 1e-6, 1e-4, "1x2", "agrees", ""],
        [
            "-",
            -1,
            "transformer_lens",
            "native",
            float("nan"),
            float("nan"),
            "",
            "refused",
            "no [x]",
        ],
    ]
    frame = pd.DataFrame(rows, columns=[*columns, "note"])
    monkeypatch.setattr(verification, "verify", lambda *_, **__: frame)
    said = interp("verify", "--model", checkpoint)
    assert said.code == 1
    assert "nnsight: DIFFERS from native at blocks.*.attn.hook_z\n" in said.out
    assert "transformer_lens: refused this model: no [x]" in said.out
