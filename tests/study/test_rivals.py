"""Two writers on one study: the second is refused with a line that names the first; nothing mixes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from interp.study import Study, load_study
from interp.study.locking import HOLDER_NAME
from tests.cli.conftest import fingerprint, refused
from tests.command import Interp
from tests.importers.made import write_lape
from tests.study import managed
from tests.study.test_runs import file_hashes

# An analysis that has saved progress and works on until it is told to finish.
HOLDER = """
import sys
import numpy as np
from interp.study import Study
from tests.study import managed, samples

study = Study.open(sys.argv[1])
with study.run(managed.spec("base", preset="tang2024")) as run:
    run.save_progress(1, {"x": np.arange(4)}, force=True)
    print("at work", flush=True)
    sys.stdin.readline()
    run.write_table("neurons", samples.neurons(0.125))
    run.write_tensors("counts", samples.counts(), {"axes": ["a", "b"]})
"""
ASKED = managed.spec("base", preset="tang2024")

RIVALS = {
    "the same run": None,
    "another run": ("import", "lape", "{lists}", "--label", "x"),
    "an analysis": ("lape", "--model", "{checkpoint}", "--corpus", "{corpus}"),
    "an evaluation": ("eval", "mcq", "--model", "{checkpoint}", "--facts", "cldr"),
    "compare": ("compare",),
    "a renamed label": ("study", "rename", "base", "b2"),
    "a renamed study": ("study", "rename", "--study-name", "other"),
    "remove": ("study", "remove", "--label", "grpo", "--yes"),
    "purge": ("study", "remove", "--superseded", "--purge", "--yes"),
    "remove what is unfinished": ("study", "remove", "--unfinished", "--yes"),
    "restore": ("study", "restore", "{run}"),
    "merge": ("study", "merge", "{other}"),
    "migrate": ("study", "migrate"),
}
"""What comes second, as a command line; ``None`` asks the library for the first one's own run."""


def hold(study: Path) -> subprocess.Popen[str]:
    """Start an analysis and wait until it is at work."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(study)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "INTERP_SAVE_SECONDS": "0"},
    )  # fmt: skip
    assert holder.stdout is not None and holder.stdout.readline() == "at work\n"
    return holder


def finish(holder: subprocess.Popen[str]) -> None:
    holder.communicate("go on\n", timeout=60)
    assert holder.returncode == 0


@pytest.mark.slow
def test_whoever_comes_second_is_told_who_is_first(
    interp: Interp,
    checkpoint: Path,
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INTERP_LOCK_SECONDS", "0.1")
    study = managed.make(tmp_path / "s").path
    finish(hold(managed.make(tmp_path / "alone").path))
    words = {
        "{lists}": write_lape(tmp_path / "lists"), "{checkpoint}": checkpoint, "{corpus}": corpus,
        "{run}": managed.spec("grpo").run_id, "{other}": managed.make(tmp_path / "other").path,
    }  # fmt: skip
    holder = hold(study)
    try:
        before = fingerprint(study)
        for name, arguments in RIVALS.items():
            who = f"another process (pid {holder.pid}: lape of base, since"
            if arguments is None:
                rival = "from interp.study import Study;from tests.study.test_rivals import ASKED;"
                rival += "import sys\nwith Study.open(sys.argv[1]).run(ASKED): raise SystemExit(3)"
                done = subprocess.run(
                    [sys.executable, "-c", rival, str(study)], capture_output=True, text=True
                )
                assert done.returncode == 1 and who in done.stderr, name
            else:
                said = interp(*(words.get(one, one) for one in arguments), "--study", study)
                refused(said, f"study {study} is being written by", who, "wait until it has")
            assert fingerprint(study) == before, name
            assert len(load_study(study).runs()) == len(load_study(tmp_path / "other").runs())
    finally:
        finish(holder)
    assert not (study / HOLDER_NAME).exists()
    for folder in (study, tmp_path / "alone"):
        assert ASKED.run_id in set(load_study(folder).runs()["run_id"])
    ours, theirs = (file_hashes(p / "runs" / ASKED.run_id) for p in (study, tmp_path / "alone"))
    assert ours == theirs and len(ours) == 2
    # The door is open again, and the first one's result is found and not begun anew.
    with Study.open(study).run(ASKED) as run:
        assert run.already_finished
    assert interp("study", "rename", "base", "b2", "--study", study).code == 0


def test_a_killed_first_writer_holds_nobody_up(interp: Interp, tmp_path: Path) -> None:
    study = managed.make(tmp_path / "s").path
    holder = hold(study)
    holder.kill()
    holder.communicate()
    assert (study / HOLDER_NAME).exists()  # its note is left, its lock is not
    # What it had begun belongs to its name, which is said; everything else goes on.
    refused(interp("study", "rename", "base", "b2", "--study", study), ASKED.run_id, "unfinished")
    assert interp("study", "rename", "grpo", "g2", "--study", study).code == 0
    assert not (study / HOLDER_NAME).exists()


def test_a_label_that_is_renamed_while_it_is_compared_keeps_its_rows_out(tmp_path: Path) -> None:
    """Comparisons compute without a lock; what they rest on may be gone when they are written."""
    from interp.comparison import against_base
    from interp.errors import InterpError
    from interp.study.manage import rename_label

    study = managed.make(tmp_path / "s")
    rows = study.table("comparisons")
    rename_label(study.path, "grpo", "g2")
    with pytest.raises(InterpError, match="was renamed or removed while it was compared"):
        against_base._refuse_gone(study, rows)
