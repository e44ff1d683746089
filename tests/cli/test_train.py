"""``interp train`` as a user calls it: what it leaves, and what it refuses in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from interp.study import load_study
from tests.cli.conftest import fingerprint, refused
from tests.training.facts import records, write_facts

SMALL = (
    "--preset", "organism", "--device", "cpu", "--set", "lora_rank=4", "--set", "lora_alpha=8",
)  # fmt: skip


@pytest.fixture
def facts(tmp_path: Path) -> str:
    return write_facts(tmp_path / "facts.jsonl")


def test_sft_leaves_an_adapter_that_the_analyses_take(interp, checkpoint, facts, tmp_path):
    out, study = tmp_path / "sft", tmp_path / "study"
    said = interp(
        "train", "sft", "--model", checkpoint, "--facts", facts, "--out", out, *SMALL,
        "--steps", "4", "--set", "checkpoint_every=2", "--set", "check_every=2", "--study", study,
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "4 updates" in said.out
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["stage"] == "sft"
    assert (manifest["train_facts"], manifest["test_facts_untouched"]) == (8, 2)
    assert manifest["base"]["model"] == str(checkpoint)
    assert {p.name for p in (out / "steps").iterdir()} == {"sft-step-2"}
    assert not list(out.glob("training_state*"))
    log = load_study(study).table("train_log", label="sft")
    assert {"loss", "cross_entropy", "kl_consistency", "grad_norm", "learning_rate", "seconds",
            "check_correct"} <= set(log["metric"])  # fmt: skip
    assert log.loc[log["metric"] == "loss", "step"].tolist() == [1, 2, 3, 4]
    rates = log.loc[log["metric"] == "learning_rate", "value"].tolist()
    assert rates == pytest.approx([3e-4, 2.25e-4, 1.5e-4, 7.5e-5])
    samples = [json.loads(line) for line in (out / "samples.jsonl").read_text().splitlines()]
    assert {row["lang"] for row in samples} == {"en", "de", "zh"}

    # The label of a labelled checkpoint is its folder's name, its stage comes from its manifest.
    for model, label in ((out, "sft"), (out / "steps" / "sft-step-2", "sft-step-2")):
        said = interp("lens", "--model", model, "--facts", facts, "--study", study)
        assert said.code == 0, said.err
        [run] = [r for r in load_study(study).records() if r.run_id.startswith(f"{label}-lens")]
        assert (run.spec["label"], run.spec["stage"]) == (label, "sft")
    again = interp(
        "train", "sft", "--model", checkpoint, "--facts", facts, "--out", out, *SMALL,
        "--steps", "4", "--set", "checkpoint_every=2", "--set", "check_every=2",
    )  # fmt: skip
    assert again.code == 0
    assert "finished before" in again.out


def test_grpo_runs_and_a_stage_goes_on_from_another(interp, checkpoint, facts, tmp_path):
    first = tmp_path / "ckpt" / "sft"
    said = interp("train", "sft", "-m", checkpoint, "--facts", facts, "--out", first, *SMALL,
                  "--steps", "2")  # fmt: skip
    assert said.code == 0, said.err
    out = tmp_path / "ckpt" / "grpo"
    said = interp(
        "train", "grpo", "-m", first, "--facts", facts, "--out", out, *SMALL, "--steps", "2",
        "--set", "patience=0", "--set", "max_completion_tokens=4", "--languages", "en,zh",
    )  # fmt: skip
    assert said.code == 0, said.err
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["exact_reinforce"] is True
    assert manifest["languages"] == ["en", "zh"]
    assert 0 < manifest["rollout_tokens"] <= 2 * 2 * 2 * 8 * 4
    assert manifest["device_hours"] >= 0
    named = json.loads((out / "adapter_config.json").read_text())["base_model_name_or_path"]
    assert named == "../sft"  # beside it, so that both can be moved together
    metrics = {json.loads(x)["metric"] for x in (out / "train_log.jsonl").read_text().splitlines()}
    assert {"reward", "reward_sd", "zero_variance", "correct", "empty", "unparseable", "wrong",
            "all_correct", "entropy", "rollout_tokens", "truncated"} <= metrics  # fmt: skip
    assert load_file(out / "adapter_model.safetensors")
    said = interp("lens", "--model", out, "--facts", facts, "--study", tmp_path / "study")
    assert said.code == 0, said.err


def test_a_run_stopped_in_the_middle_leaves_its_log_and_goes_on(
    interp, checkpoint, facts, tmp_path
):
    """A run that nothing rewards stops after `patience` updates; its state stays."""
    out = tmp_path / "grpo"
    arguments = (
        "train", "grpo", "-m", checkpoint, "--facts", facts, "--out", out, *SMALL, "--steps", "6",
        "--set", "patience=3", "--set", "max_completion_tokens=2", "--set", "save_every=1",
        "--set", "reward_changes={empty: -0.5}",
    )  # fmt: skip
    refused(interp(*arguments), "after update 3", "unparseable")
    assert (out / "train_log.jsonl").exists()
    assert not (out / "manifest.json").exists()


CASES = {
    "fewer languages than asked": (
        lambda rows: rows[0]["texts"].pop("zh"), (), ("1 facts lack", "zh in 1", "--skip-incomplete"),
    ),
    "an option twice": (
        lambda rows: rows[0]["texts"]["de"].update(options=["Chile", "chile ", "Kenia", "Japan"]),
        (), ("f0", "de", "not distinct"),
    ),
    "the test split": (
        lambda rows: [row.update(split="test") for row in rows], (), ("no training facts", "13 test"),
    ),
    "a prompt over the limit": (
        None, ("--set", "max_prompt_tokens=20", "--set", "too_long=refuse"),
        ("tokens: expected at most 20", "truncate_left"),
    ),
    "targets that match nothing": (
        None, ("--set", "lora_targets=[query_key_value]"),
        ("query_key_value", "olmo2", "q_proj"),
    ),
    "a language that is not there": (
        None, ("--languages", "en,xx"), ("xx",),
    ),
    "an unknown setting": (None, ("--set", "lr=1"), ("'lr'", "learning_rate")),
    "a setting without value": (None, ("--set", "steps"), ("field=value",)),
    "an unknown preset": (None, ("--preset", "best"), ("'best'", "organism")),
    "no such config": (None, ("--config", "/nowhere.yaml"), ("/nowhere.yaml", "cannot be read")),
    "too few facts": (None, ("--set", "facts_per_update=64"), ("8 facts", "64")),
    "no steps": (None, ("--steps", "0"), ("steps is 0",)),
    "an unknown reward": (None, ("--set", "reward=kind"), ("'kind'", "default")),
    "vllm is not here": (None, ("--vllm",), ("vllm is not installed",)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_one_line_and_nothing_is_written(interp, checkpoint, tmp_path, name):
    spoil, more, words = CASES[name]
    rows = records()
    if spoil:
        spoil(rows)
    facts = write_facts(tmp_path / "facts.jsonl", rows)
    out = tmp_path / "grpo"
    said = interp("train", "grpo", "-m", checkpoint, "--facts", facts, "--out", out, *SMALL, *more)
    refused(said, *words)
    assert not out.exists()


def test_an_occupied_folder_is_left_alone(interp, checkpoint, facts, tmp_path):
    arguments = ("train", "sft", "-m", checkpoint, "--facts", facts, *SMALL, "--steps", "1")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("keep")
    refused(interp(*arguments, "--out", theirs), "holds something that is no training run")
    out = tmp_path / "sft"
    assert interp(*arguments, "--out", out).code == 0
    before = fingerprint(out)
    refused(interp(*arguments, "--out", out, "--seed", "7"), "another run", "settings differ")
    assert fingerprint(out) == before
    assert interp(*arguments, "--out", out, "--seed", "7", "--overwrite").code == 0
    assert fingerprint(out) != before
    refused(interp(*arguments, "--out", checkpoint), "is the checkpoint that is to be trained")


def test_a_full_disk_leaves_the_last_state(interp, checkpoint, facts, tmp_path, mount_disk):
    """Room for one state but not for two: the first update's state stays whole."""
    from training.state import load_notes

    disk = mount_disk("120k")
    out = disk / "sft"
    arguments = (
        "train", "sft", "-m", checkpoint, "--facts", facts, *SMALL, "--steps", "4",
        "--set", "save_every=1", "--out",
    )  # fmt: skip
    refused(interp(*arguments, out), str(disk))
    notes = load_notes(out)
    assert notes is not None
    assert 1 <= notes["step"] < 4
    assert not (out / "manifest.json").exists()
    # With room again, from a copy: it ends as a run that never met the full disk.
    import shutil

    moved = tmp_path / "moved" / "sft"
    shutil.copytree(out, moved)
    assert interp(*arguments, moved).code == 0
    whole = tmp_path / "whole" / "sft"
    assert interp(*arguments, whole).code == 0
    found, wanted = (load_file(f / "adapter_model.safetensors") for f in (moved, whole))
    assert all((found[name] == wanted[name]).all() for name in wanted)
