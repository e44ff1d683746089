"""Mistakes whose cause lies outside the command: a hub, a file system, libraries in a process of their own."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import constants

from interp.model import hub
from tests.cli.bad_inputs.case import Case, prepare
from tests.cli.bad_inputs.cases import CASES
from tests.cli.bad_inputs.world import build
from tests.cli.conftest import fingerprint, refused
from tests.command import Interp

ROOT = Path(__file__).resolve().parents[3]


def test_the_bare_command_shows_its_help(interp: Interp) -> None:
    said = interp()
    assert said.code == 2
    assert "Usage: interp" in said.out + said.err and "error" not in said.err


def test_a_hub_that_does_not_answer_is_asked_once(
    interp: Interp, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # nothing listens there
    hub._notice_if_offline.cache_clear()
    began = time.monotonic()
    said = interp("lape", "--model", "no/such", "--corpus", corpus, "--study", tmp_path / "s")
    refused(said, "no/such", "cannot be reached")
    assert constants.HF_HUB_OFFLINE  # transformers and the client stop asking too
    assert time.monotonic() - began < 10  # six attempts for each of two files take 50 s
    hub._notice_if_offline.cache_clear()


@pytest.fixture
def mounted(mount_disk: Callable[[str], Path]) -> Path:
    """A small file system of its own, where this user may mount one."""
    return mount_disk("4m")


def test_a_read_only_study_is_refused_and_can_still_be_shown(
    interp: Interp, checkpoint: Path, corpus: Path, mounted: Path
) -> None:
    arguments = ("lape", "--model", checkpoint, "--corpus", corpus, "--study", mounted / "s")
    assert interp(*arguments).code == 0
    before = fingerprint(mounted)
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    refused(interp(*arguments, "--overwrite"), "cannot write", "Read-only file system", "--study")
    assert interp("show", "--study", mounted / "s").code == 0
    assert fingerprint(mounted) == before


def test_a_study_that_another_command_made_stays_although_it_is_empty(
    interp: Interp, checkpoint: Path, tmp_path: Path
) -> None:
    from interp.study import Study

    Study.open(tmp_path / "s")
    before = fingerprint(tmp_path)
    refused(
        interp("lape", "--model", checkpoint, "--corpus", "./no", "--study", tmp_path / "s"), "./no"
    )
    assert fingerprint(tmp_path) == before


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("case", [one for one in CASES if one.loads], ids=lambda case: case.name)
def test_libraries_say_nothing_beside_the_one_line(case: Case, tmp_path: Path) -> None:
    """In a process of its own: what is said there goes past what this process can listen to."""
    where = prepare(case, build(tmp_path / "world"), tmp_path / "case")
    names = {name: str(path) for name, path in where.names.items()}
    done = subprocess.run(
        [sys.executable, "-m", "interp", *(part.format(**names) for part in shlex.split(case.line))],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.strip().splitlines() if not line.startswith("interp ")]
    assert len(lines) == 1 and lines[0].startswith("error: "), done.stderr
    assert done.stdout == ""
