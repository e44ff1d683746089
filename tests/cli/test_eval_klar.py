"""``interp eval klar`` as its users call it: tables, flips against a base, mistakes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from interp.study import load_study
from tests.cli.conftest import fingerprint, refused
from tests.command import Interp
from tests.evals.klar_folder import klar_folder
from tests.lens.helpers import facts


def test_a_second_checkpoint_is_compared_with_the_base(
    interp: Interp, checkpoint: Path, tmp_path: Path
) -> None:
    folder, study, out = klar_folder(tmp_path / "klar"), tmp_path / "study", tmp_path / "tables"
    common = ("eval", "klar", "--model", checkpoint, "--facts", f"klar:{folder}", "--study", study)
    first = interp(*common, "--label", "before", "--stage", "base", "--n-demos", "1")
    assert first.code == 0, first.err
    assert "Free generation" in first.out and "wrong → right" not in first.out
    second = interp(*common, "--label", "after", "--n-demos", "1", "--out", out)
    assert second.code == 0, second.err
    assert "wrong → right" in second.out
    assert (pd.read_csv(out / "flips.csv")["delta"] == 0).all()
    assert pd.read_csv(out / "flipped_answers.csv").empty
    rows = load_study(study).table("predictions")
    again = interp("show", "--study", study, "--run", rows["run_id"].iloc[0])
    assert "How answers fail" in again.out
    # Other demonstrations are other questions: not compared by itself, refused when asked for.
    third = interp(*common, "--label", "bare", "--n-demos", "0")
    assert third.code == 0 and "wrong → right" not in third.out
    asked = interp(*common, "--label", "bare", "--n-demos", "0", "--against", "before")
    assert asked.code == 2 and "no klar run with these options" in asked.err


def test_facts_of_any_source_are_asked_freely(
    interp: Interp, checkpoint: Path, tmp_path: Path
) -> None:
    path = tmp_path / "facts.jsonl"
    facts().to_jsonl(str(path))
    said = interp(
        "eval", "klar", "--model", checkpoint, "--facts", path, "--study", tmp_path / "s",
        "--n-demos", "1",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "By split" in said.out and "states" not in said.out  # nobody knows what was stated


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--template", "whole"], ("'whole'", "cut, release")),
        (["--match", "fuzzy"], ("'fuzzy'", "lenient, strict")),
        (["--demos", "best"], ("'best'", "hashed, global_rng")),
        (["--line", "last"], ("'last'", "first_non_empty, first")),
        (["--max-new-tokens", "0"], ("max_new_tokens is 0",)),
        (["--languages", "en,fr"], ("'fr'",)),
        (["--facts", "klar:nowhere"], ("nowhere",)),
        (["--against", "base"], ("'base'", "(no other label)")),
        (["--template-index", "9"], ("template_index is 9",)),
    ],
)
def test_mistakes_are_one_line(
    interp: Interp, checkpoint: Path, tmp_path: Path, options: list[str], words: tuple[str, ...]
) -> None:
    arguments = {"--facts": f"klar:{klar_folder(tmp_path / 'klar')}", **dict([options])}
    said = interp(
        "eval", "klar", "--model", checkpoint, "--study", tmp_path / "s",
        *(part for pair in arguments.items() for part in pair),
    )  # fmt: skip
    refused(said, *words)
    assert not any("predictions" in name for name in fingerprint(tmp_path / "s"))
