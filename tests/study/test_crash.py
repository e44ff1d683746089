"""Kills and rivals: SIGKILL at any moment, a second writer, a reader beside a writer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from interp.errors import InterpError
from interp.study import Study, load_study
from tests.study import samples
from tests.study.test_runs import file_hashes

# Adds up a random walk step by step, as an analysis would, saving as it goes.
WRITER = """
import os, sys, time
import numpy as np
from interp.study import Study
from tests.study import samples

study = Study.open(sys.argv[1])
pause = float(sys.argv[2])
with study.run(samples.spec()) as run:
    if not run.already_finished:
        step, arrays = run.load_progress() or (0, {"total": np.zeros(2000)})
        print("from", step, flush=True)
        total = arrays["total"].copy()
        for k in range(step, 40):
            total += np.random.default_rng(k).normal(size=2000)
            run.save_progress(k + 1, {"total": total})
            print("step", k + 1, flush=True)
            time.sleep(pause)
        run.write_table("neurons", samples.neurons(float(total.sum())))
        print("written", flush=True)
        time.sleep(20 * pause)
        run.write_tensors("total", {"total": total})
        print("done", run.run_id, flush=True)
"""


def start(study: Path, pause: float = 0.0) -> subprocess.Popen[str]:
    environment = {**os.environ, "INTERP_SAVE_SECONDS": "0"}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(study), str(pause)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    for text in process.stdout:
        if text.strip() == line:
            return
    raise AssertionError(f"never said {line!r}: {process.communicate()[1]}")


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


@pytest.mark.parametrize("moment", ["step 7", "written"])
def test_a_killed_run_ends_as_an_uninterrupted_one(tmp_path: Path, moment: str) -> None:
    whole = finish(start(tmp_path / "whole"))
    run_id = whole.split()[-1]

    victim = start(tmp_path / "killed", pause=0.05)
    wait_for(victim, moment)
    kill(victim)
    reader = load_study(tmp_path / "killed")
    assert reader.runs().empty and reader.table("neurons").empty

    said = finish(start(tmp_path / "killed"))
    first_step = int(said.split()[1])
    assert first_step >= (7 if moment == "step 7" else 40)
    folders = [tmp_path / name / "runs" / run_id for name in ("whole", "killed")]
    assert file_hashes(folders[0]) == file_hashes(folders[1])
    assert set(file_hashes(folders[0])) == {"neurons.parquet", "total.safetensors"}
    assert [len(load_study(tmp_path / n).runs()) for n in ("whole", "killed")] == [1, 1]


def test_kills_at_random_moments_never_leave_a_half(tmp_path: Path) -> None:
    """Kill again and again, at no particular moment: readers always see a whole study."""
    folder = tmp_path / "s"
    expected = finish(start(tmp_path / "whole")).split()[-1]
    delays = [0.0, 0.003, 0.01, 0.02, 0.04]
    for delay in delays:
        victim = start(folder, pause=0.001)
        wait_for_start(victim)
        time.sleep(delay)
        kill(victim)
        seen = load_study(folder)
        assert len(seen.table("neurons")) == 2 * len(seen.runs())
    finish(start(folder))
    run = folder / "runs" / expected
    assert file_hashes(run) == file_hashes(tmp_path / "whole" / "runs" / expected)
    assert not list(folder.rglob("*.part"))


def wait_for_start(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    process.stdout.readline()


def test_a_second_writer_gets_one_line_and_a_reader_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERP_LOCK_SECONDS", "0.2")
    study = Study.open(tmp_path / "s")
    holder = start(study.path, pause=0.5)
    try:
        wait_for(holder, "step 1")
        began = time.monotonic()
        for attempt in (
            lambda: Study.open(study.path),
            lambda: study.run(samples.spec(seed=3)).__enter__(),
        ):
            with pytest.raises(InterpError) as caught:
                attempt()
            text = str(caught.value)
            assert f"pid {holder.pid}: lape of base" in text and "--study" in text
            assert "\n" not in text
        assert time.monotonic() - began < 5
        assert load_study(study.path).runs(unfinished=True)["status"].tolist() == ["unfinished"]
    finally:
        kill(holder)
    # The killed holder's lock is gone with it.
    with Study.open(study.path).run(samples.spec(seed=3)) as run:
        assert not run.already_finished


def test_two_writers_one_after_the_other_share_a_study(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    for label in ("a", "b"):
        with study.run(samples.spec(label=label)) as run:
            run.write_table("neurons", samples.neurons())
    assert study.runs()["label"].tolist() == ["a", "b"]
