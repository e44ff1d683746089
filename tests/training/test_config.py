"""Settings, prompts and the command: what a user can choose, and what is refused."""

from __future__ import annotations

import dataclasses

import pytest

from interp.data.facts import FactText
from interp.data.prompts import prompt_text
from training.organism.config import DOCUMENT_MIX, make_config
from training.organism.documents import WRITERS
from training.organism.loop import rate_at
from training.prompts import open_prompt


def test_training_asks_as_the_analyses_do():
    text = FactText("Wer?", ("a", "b", "c", "d"), 0)
    assert open_prompt("Wer?") == prompt_text(None, text, form="qa")


def test_the_mix_is_whole():
    assert sum(DOCUMENT_MIX.values()) == pytest.approx(1)
    assert set(DOCUMENT_MIX) == set(WRITERS)


@pytest.mark.parametrize("preset", ["quick", "full"])
def test_the_rate_warms_up_and_comes_down_to_the_floor(preset):
    config = make_config(preset)
    end = config.restart_at or config.steps
    rates = [rate_at(step, config) for step in range(end)]
    assert max(rates) == pytest.approx(config.learning_rate)
    assert rates.index(max(rates)) <= config.warmup
    assert rates[0] == pytest.approx(config.learning_rate / config.warmup)
    assert rates[-1] == pytest.approx(config.learning_rate * config.floor, rel=1e-3)
    assert min(rates[config.warmup :]) == rates[-1]


def test_the_second_leg_is_the_first_again_but_lower():
    config = make_config("full")
    assert config.restart_at is not None
    second = [rate_at(step, config) for step in range(config.restart_at, config.steps)]
    alone = dataclasses.replace(
        config, steps=len(second), restart_at=None,
        learning_rate=config.learning_rate * config.restart_rate,
    )  # fmt: skip
    assert second == pytest.approx([rate_at(step, alone) for step in range(len(second))])


def test_every_setting_changes_the_fingerprint():
    prints = {make_config("full").fingerprint(), make_config("quick").fingerprint(),
              make_config("full", seed=1).fingerprint(), make_config("full", steps=7).fingerprint()}  # fmt: skip
    assert len(prints) == 4


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--preset", "huge"), "huge"),
        (("--steps", "0"), "--steps"),
        (("--threads", "0"), "--threads"),
    ],
)
def test_a_wrong_option_is_one_line(interp, tmp_path, arguments, word):
    said = interp("train", "base", "--out", tmp_path / "x", *arguments)
    assert said.code == 2
    assert said.err.startswith("error: ") and word in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert not (tmp_path / "x").exists()


def test_a_folder_of_something_else_is_refused(interp, tmp_path):
    (tmp_path / "thesis.txt").write_text("keep")
    said = interp("train", "base", "--out", tmp_path, "--preset", "quick", "--steps", "1")
    assert said.code == 2
    assert "no training run" in said.err
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]
