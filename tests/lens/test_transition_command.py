"""``interp transition``: which runs it takes, what it prints and writes, what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from interp.cli import transition as command
from interp.errors import InterpError
from interp.lens.chosen_runs import lens_runs
from interp.lens.separation import separation
from interp.lens.transition import paired, transition
from interp.study import Study
from tests.lens.pivot_study import add_facts, add_run
from tests.lens.test_transition import random_ranks, random_stated


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = Study.open(tmp_path_factory.mktemp("lens") / "study")
    add_run(made, random_ranks(2), label="grpo", top=True)
    add_run(made, random_ranks(1), label="base", top=True)
    add_facts(made, random_stated(1))
    return made


def call(*arguments: object) -> str:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(command.command)
    found = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def test_the_base_comes_first_and_the_others_are_compared_with_it(
    study: Study, tmp_path: Path
) -> None:
    assert list(lens_runs(study)) == ["base", "grpo"]
    out = call(
        "--study", study.path, "--draws", 100, "--out", tmp_path / "csv", "--languages", "zh"
    )
    for text in (
        "Language transition: base-lens-default", "facts: English only", "grpo minus base",
        "not crossed yet (Kaplan-Meier)", "base: median rank, zh", "by intervals of 95 %",
    ):  # fmt: skip
        assert text in out, text
    runs = lens_runs(study)
    expected = {
        **{f"base-{k}": v for k, v in transition(study, runs["base"], draws=100).items()},
        **{f"grpo-{k}": v for k, v in transition(study, runs["grpo"], draws=100).items()},
        **{f"{k}-separation": separation(study, run, draws=100)[0] for k, run in runs.items()},
        **{f"grpo-minus-base-{k}": v
           for k, v in paired(study, runs["base"], runs["grpo"], draws=100).items()},
    }  # fmt: skip
    written = {path.stem: path for path in (tmp_path / "csv").iterdir()}
    assert set(written) == set(expected)
    for name in ("base-statistics", "grpo-minus-base-curves", "grpo-trajectories"):
        read = pd.read_csv(written[name], keep_default_na=False, na_values=[""])
        np.testing.assert_allclose(read["ci_low"], expected[name]["ci_low"])
        assert read["lang"].tolist() == expected[name]["lang"].tolist()


def test_one_label_and_another_grouping(study: Study) -> None:
    out = call("--study", study.path, "--draws", 100, "--label", "grpo", "--by", "relation")
    assert "facts: r" in out and "minus" not in out and "by intervals" not in out
    assert list(lens_runs(study, ["grpo", "base"])) == ["grpo", "base"]


def test_one_fact(study: Study, tmp_path: Path) -> None:
    where = ("--study", study.path, "--fact", "f1", "--languages", "zh,de")
    out = call(*where, "--out", tmp_path / "csv")
    assert "f1, zh, base" in out and "f1, de, grpo" in out and "target: ␣zh␣target" in out
    assert "zh4.5" in out
    assert len(pd.read_csv(tmp_path / "csv" / "fact.csv")) == 2 * 2 * 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--label", "sft"), "unknown label with a lens run 'sft': expected one of base, grpo"),
        (("--by", "length"), "unknown grouping of facts 'length'"),
        (("--preset", "paper"), "unknown preset of these lens runs 'paper'"),
        (("--data", "abc"), "no fact sets of these lens runs begin with 'abc'"),
        (("--fact", "f"), "unknown fact 'f'"),
        (("--fact", "f1", "--languages", "xx"), "unknown language of fact f1"),
        (("--languages", "xx", "--draws", "100"), "English answer beside it 'xx'"),
        (("--languages", ","), "--languages is empty"),
    ],
)
def test_refusals_name_the_alternatives(
    study: Study, arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InterpError, match=message) as said:
        call("--study", study.path, *arguments)
    assert "\n" not in str(said.value)


def test_runs_on_two_fact_sets_are_told_apart(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "study")
    with pytest.raises(InterpError, match="holds no finished lens run"):
        lens_runs(study)
    ranks = random_ranks(1, n_facts=3)
    first = add_run(study, ranks, data_hash="a" * 64)
    second = add_run(study, ranks, data_hash="b" * 64)
    add_run(study, ranks, label="grpo", data_hash="b" * 64)
    with pytest.raises(InterpError, match=r"2 fact sets .* --data one of a{12}, b{12}"):
        lens_runs(study)
    assert lens_runs(study, data="aa") == {"base": first}
    assert lens_runs(study, ["base"], data="b") == {"base": second}
    with pytest.raises(InterpError, match=r"grpo has no lens run .* on fact set a{12}"):
        lens_runs(study, ["base", "grpo"], data="a")
