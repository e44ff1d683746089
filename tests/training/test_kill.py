"""The real commands, killed while they train: the rerun's weights are those of a run left alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from training.state import STATE_FILE, load_notes

SOURCE = Path(__file__).resolve().parents[2]
BASE = SOURCE / "artifacts" / "base"
STEPS = 5

STAGES = {
    "sft": ("--set", "facts_per_update=4", "--set", "micro_facts=2"),
    "grpo": ("--set", "group_size=4", "--set", "task_format=freeform", "--set", "max_facts=40"),
    "cpt": ("--set", "rows_per_update=4", "--set", "micro_rows=2"),
}


def command(stage: str, out: Path) -> list[str]:
    return [
        sys.executable, "-m", "interp", "train", stage, "--model", str(BASE), "--out", str(out),
        "--preset", "organism", "--steps", str(STEPS), "--languages", "en,de,zh",
        "--set", "save_every=1", "--set", "lora_dropout=0.1", "--threads", "1", *STAGES[stage],
    ]  # fmt: skip


def finish(stage: str, out: Path) -> dict[str, torch.Tensor]:
    done = subprocess.run(command(stage, out), cwd=SOURCE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return load_file(out / "adapter_model.safetensors")


@pytest.mark.slow
@pytest.mark.parametrize(
    "stage",
    ["grpo", *(pytest.param(stage, marks=pytest.mark.long) for stage in ("sft", "cpt"))],
)
def test_a_killed_run_goes_on_bit_for_bit(stage, tmp_path):
    wanted = finish(stage, tmp_path / "whole")
    assert any("lora_B" in name and bool(value.any()) for name, value in wanted.items())

    out = tmp_path / "killed"
    kills = 0
    for at in (1, 3):
        process = subprocess.Popen(
            command(stage, out), cwd=SOURCE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 240
        while process.poll() is None and time.monotonic() < until:
            notes = load_notes(out) if (out / STATE_FILE).exists() else None
            if notes and notes["step"] >= at:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.01)
        process.wait()
    assert kills == 2
    assert not (out / "manifest.json").exists()
    found = finish(stage, out)
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        assert torch.equal(found[name], value), name
    assert json.loads((out / "manifest.json").read_text())["resumed"] == 2
    assert not (out / STATE_FILE).exists()

    def log(folder):
        rows = [json.loads(x) for x in (folder / "train_log.jsonl").read_text().splitlines()]
        return [row for row in rows if row["metric"] != "seconds"]

    assert log(out) == log(tmp_path / "whole")
