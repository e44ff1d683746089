"""The real commands, killed midway: a rerun goes on where it was and ends as an uninterrupted run does.

Kills of every command at random moments are in ``tests/crash``.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from interp.study import Run, load_study
from interp.study.progress import PROGRESS
from tests.command import Interp
from tests.crash.commands import write_option_facts

SOURCE = Path(__file__).resolve().parents[2]

ANALYSES = {
    "lape": ("lape", "--languages", "en,es,zh", "--batch-size", "1", "--top-fraction", "0.2"),
    "lahis-frozen": ("lahis", "--mask-update", "frozen", "--batch-size", "1"),
    "lahis-adamw": ("lahis", "--preset", "paper"),
    "lens": ("lens", "--token-rule", "last", "--batch-size", "1"),
    "mcq": ("eval", "mcq", "--batch-size", "1"),
    "klar": ("eval", "klar", "--n-demos", "1", "--batch-size", "1"),
    "similarity": ("similarity", "--batch-size", "1"),
    "attention": ("attention", "--heads", "1.2,0.3", "--samples", "8", "--batch-size", "1"),
}
STEPS = {
    "lape": 48, "lahis-frozen": 24, "lahis-adamw": 24, "lens": 24, "mcq": 24, "klar": 24,
    "similarity": 28, "attention": 24,
}  # fmt: skip
"""Steps of a whole run: one sequence each; LAPE reads its text twice, similarity then has 4 points."""
ON_FACTS = ("lens", "mcq", "klar")


@pytest.fixture(scope="session")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve facts in two languages whose answers end in different bytes."""
    path = tmp_path_factory.mktemp("facts") / "facts.jsonl"
    write_option_facts(path)
    return path


@pytest.fixture
def command(checkpoint: Path, corpus: Path, facts: Path):
    """The arguments of one analysis on the tiny checkpoint and texts."""

    def arguments(name: str, study: Path) -> list[str]:
        data = ("--facts", f"jsonl:{facts}") if name in ON_FACTS else ("--corpus", str(corpus))
        return [*ANALYSES[name], *data, "--model", str(checkpoint), "--study", str(study)]

    return arguments


@pytest.fixture(scope="session")
def wholes() -> dict[str, Path]:
    """Uninterrupted runs that another test of this process has made."""
    return {}


@pytest.fixture
def whole(command, tmp_path_factory: pytest.TempPathFactory, wholes: dict[str, Path]):
    """The study of an uninterrupted run of an analysis, made once."""

    def made(name: str) -> Path:
        if name not in wholes:
            folder = tmp_path_factory.mktemp("whole") / "study"
            finish(command(name, folder))
            wholes[name] = folder
        return wholes[name]

    return made


def start(arguments: list[str]) -> subprocess.Popen[str]:
    """Start ``python -m interp``, saving after every batch."""
    return subprocess.Popen(
        [sys.executable, "-m", "interp", *arguments],
        cwd=SOURCE,
        env={**os.environ, "INTERP_SAVE_SECONDS": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(arguments: list[str]) -> None:
    process = start(arguments)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert "starting over" not in err


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def step_on_disk(study: Path) -> int:
    """The step of the progress on disk; 0 where there is none."""
    for path in study.glob(f"runs/*/{PROGRESS}"):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue  # finished between the look and the read
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        return int(json.loads(header["__metadata__"]["interp"])["step"])
    return 0


def kill_part_way(arguments: list[str], study: Path, step: int) -> int:
    """Kill once that step is on disk; return the step that the kill left there."""
    process = start(arguments)
    while process.poll() is None and step_on_disk(study) < step:
        time.sleep(0.0005)
    assert process.poll() is None, process.communicate()
    kill(process)
    return step_on_disk(study)


def results(study: Path) -> dict[str, str]:
    """Hash every table and tensor; ``run.json`` holds times, the lock and manifest no results."""
    return {
        str(path.relative_to(study)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(study.rglob("*"))
        if path.suffix in (".parquet", ".safetensors") or path.name.endswith(".part")
    }


def record(study: Path) -> dict[str, object]:
    (found,) = load_study(study).records()
    return found.data


def check_same(whole: Path, resumed: Path) -> None:
    assert results(whole) == results(resumed)
    assert not [name for name in results(whole) if name.endswith((".part", PROGRESS))]
    assert len(results(whole)) >= 1
    ours, theirs = record(whole), record(resumed)
    for key in ("digest", "spec", "files", "notes"):
        assert ours[key] == theirs[key], key


@pytest.mark.slow
@pytest.mark.parametrize("name", ANALYSES)
def test_a_kill_part_way_costs_nothing_but_the_rest(
    name: str, command, whole, tmp_path: Path
) -> None:
    killed = tmp_path / "killed"
    left = kill_part_way(command(name, killed), killed, STEPS[name] // 3)
    assert 0 < left < STEPS[name]  # the kill landed in the middle of the work
    assert load_study(killed).runs().empty
    finish(command(name, killed))
    assert record(killed)["resumed_at_steps"] == [left]  # the rest only
    check_same(whole(name), killed)


@pytest.mark.parametrize("name", ANALYSES)
def test_ctrl_c_says_how_to_go_on_and_the_rerun_does(
    name: str, command, interp: Interp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert interp(*command(name, whole)).code == 0
    save = Run.save_progress
    stop_at = STEPS[name] // 3

    def save_then_stop(run, step, *arguments, **options) -> bool:
        saved = save(run, step, *arguments, **options)
        if step == stop_at:
            raise KeyboardInterrupt
        return saved

    monkeypatch.setattr(Run, "save_progress", save_then_stop)
    said = interp(*command(name, stopped))
    assert said.code == 130
    assert said.err.strip().splitlines()[-1].startswith("interrupted; run the same command again")
    monkeypatch.setattr(Run, "save_progress", save)
    said = interp(*command(name, stopped))
    assert said.code == 0, said.err
    assert record(stopped)["resumed_at_steps"] == [stop_at]
    check_same(whole, stopped)
