"""Several processes on one run: the artifacts of one process, byte for byte apart from times."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import psutil  # accelerate needs it
import pytest

from interp.study import load_study
from interp.study.progress import PROGRESS
from tests.parallel.launch import ROOT, command, environment, launch, said, same

pytestmark = pytest.mark.slow  # every launch imports torch several times

EVERYTHING = Path(__file__).parent / "everything.py"
ANALYSES = {"lape", "lahis", "lens", "mcq", "klar", "similarity", "attention", "ablation"}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study that one process writes."""
    folder = tmp_path_factory.mktemp("alone") / "study"
    done = launch(1, EVERYTHING, folder)
    assert done.returncode == 0, done.stderr
    assert {record.spec["analysis"] for record in load_study(folder).records()} == ANALYSES
    return folder


def test_two_processes_write_what_one_does(alone: Path, tmp_path: Path) -> None:
    done = launch(2, EVERYTHING, tmp_path / "study", INTERP_SAVE_SECONDS="0")
    assert done.returncode == 0, done.stderr
    same(alone, tmp_path / "study")


def test_three_processes_write_what_one_does(alone: Path, tmp_path: Path) -> None:
    done = launch(3, EVERYTHING, tmp_path / "study")
    assert done.returncode == 0, done.stderr
    same(alone, tmp_path / "study")


def kill(launcher: subprocess.Popen[str]) -> None:
    """Kill the processes and their launcher at once; they are in sessions of their own."""
    everyone = psutil.Process(launcher.pid).children(recursive=True)
    for process in everyone:
        process.kill()
    launcher.kill()
    psutil.wait_procs(everyone)
    launcher.communicate()


@pytest.mark.parametrize("then", [1, 3])
@pytest.mark.parametrize("analysis", ["lape", "lahis", "similarity"])
def test_killed_together_and_continued_by_another_number(
    alone: Path, tmp_path: Path, analysis: str, then: int
) -> None:
    study = tmp_path / "study"
    group = subprocess.Popen(
        command(2, EVERYTHING, study, analysis), cwd=ROOT,
        env=environment(INTERP_SAVE_SECONDS="0"), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while group.poll() is None and not list(study.glob(f"runs/*/{PROGRESS}")):
        time.sleep(0.001)
    assert group.poll() is None, group.communicate()
    kill(group)
    (folder,) = study.glob("runs/*")
    assert (folder / PROGRESS).exists()
    done = launch(then, EVERYTHING, study, analysis)
    assert done.returncode == 0, done.stderr
    (record,) = load_study(study).records()
    assert record.data["resumed_at_steps"]
    whole = alone / "runs" / record.run_id
    for file in record.data["files"]:
        assert (folder / file).read_bytes() == (whole / file).read_bytes()


def test_a_mistake_that_one_process_meets_is_everyones(tmp_path: Path) -> None:
    done = launch(2, EVERYTHING, tmp_path / "study", "lape", "fail:weights")
    assert done.returncode != 0
    (line,) = said(done)
    assert line.startswith("error: activations of 'tiny' are not finite")
    assert not load_study(tmp_path / "study").runs(unfinished=False).size


def test_a_process_that_runs_out_of_memory_halves_its_batches_and_says_so(
    alone: Path, tmp_path: Path
) -> None:
    done = launch(2, EVERYTHING, tmp_path / "study", "lape", "fail:memory")
    assert done.returncode == 0, done.stderr
    (record,) = load_study(tmp_path / "study").records()
    batches = record.data["notes"]["batches"]
    pairs = [n for n, batch in enumerate(batches["batches"]) if len(batch) > 1]
    assert batches["halvings"][0] == {"batch": 1, "sequences": 2, "into": 1}
    # the first process hears of it, and does not try what is as large, in the second pass either
    assert {n for n in pairs if n % 2 == 1} <= {one["batch"] for one in batches["halvings"]}
    whole = json.loads((alone / "runs" / record.run_id / "run.json").read_text())
    for file, about in record.data["files"].items():  # fp32, one thread: counts are the same
        if file == "counts.safetensors":
            assert about["sha256"] == whole["files"][file]["sha256"]


def test_what_one_process_alone_can_do_is_refused(tmp_path: Path) -> None:
    done = launch(2, "-m", "interp", "compare", "--study", tmp_path)
    assert done.returncode != 0
    assert all("it runs in one, start it without a launcher" in line for line in said(done))
    assert said(done)
