"""Wrong options, targets and places: refused in one line, before a weight is read."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import constants

from interp.model import hub, loading
from tests.cli.conftest import fingerprint, refused
from tests.cli.test_bad_input import MODELS
from tests.command import Interp


@pytest.fixture
def no_weights(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading weights would take minutes on a real checkpoint: the mistake must be found before.

    Takes ``study`` because that is made with the weights, so it has to come first.
    """

    def load(*_: object) -> None:
        raise AssertionError("the weights were read")

    monkeypatch.setattr(loading, "_load_weights", load)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lape --limit 0", ("--limit", "1")),
        ("lape --limit many", ("--limit", "integer")),
        ("lape --batchsize 3", ("--batchsize", "--batch-size", "interp lape --help")),
        ("lape --top-fraction 7", ("top_fraction", "7", "between 0 and 1")),
        ("lape --languages xx", ("xx", "en")),
        ("lape --engine jax", ("jax", "native")),
        ("lape --dtype int7", ("int7", "float32")),
        ("lape --device tpu", ("tpu", "cuda")),
        ("lape --base x", ("--base", "not a LoRA adapter")),
        ("lape --architectures nofile.yaml", ("nofile.yaml",)),
        ("lahis --mask-update magic", ("magic", "frozen", "adamw")),
        ("lahis --preset tang2024", ("tang2024", "liu2025")),
        ("lahis --languages xx", ("xx", "en")),
        ("lens --token-rule middle", ("middle", "first")),
        ("lens --points all", ("all", "+mid")),
        ("lens --facts nowhere", ("nowhere", "klar:FOLDER")),
        ("lens --facts klar:/nowhere", ("/nowhere",)),
        ("lens --languages xx", ("xx",)),
        ("verify --engine jax", ("jax", "nnsight")),
        ("verify --engine native", ("nothing to compare", "nnsight")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.usefixtures("no_weights")
def test_a_bad_option_is_refused_before_the_weights_are_read(
    line: str, words: tuple[str, ...], interp: Interp, checkpoint: Path, corpus: Path, study: Path
) -> None:
    command, option, value = line.split()
    before = fingerprint(study)
    arguments = ["--model", checkpoint]
    arguments += [] if command == "verify" else ["--study", study]
    arguments += ["--corpus", corpus] if command in ("lape", "lahis") else []
    refused(interp(command, *arguments, option, value), *words)
    assert fingerprint(study) == before


def test_a_missing_option_and_an_unknown_command_are_one_line(interp: Interp) -> None:
    refused(interp("lape"), "--model", "interp lape --help")
    refused(interp("lap"), "lap", "interp --help")


def test_the_bare_command_shows_its_help(interp: Interp) -> None:
    said = interp()
    assert said.code == 2
    assert "Usage: interp" in said.out + said.err and "error" not in said.err


def test_a_checkpoint_that_is_refused_leaves_no_study_behind(
    interp: Interp, corpus: Path, tmp_path: Path
) -> None:
    study, empty = tmp_path / "study", tmp_path / "empty"
    empty.mkdir()
    for model, words in (("./nowhere", "no such folder"), (str(empty), "is not a model")):
        said = interp("lape", "--model", model, "--corpus", corpus, "--study", study)
        refused(said, model, words)
        assert not study.exists()


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


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_libraries_say_nothing_beside_the_one_line(
    make, checkpoint: Path, corpus: Path, tmp_path: Path
) -> None:
    """In a process of its own: warnings go past what a test in this process can capture."""
    folder = tmp_path / "bad"
    words = make(folder, checkpoint)
    model = str(folder) if folder.exists() else words[0]
    done = subprocess.run(
        [sys.executable, "-m", "interp", "lape", "--model", model, "--corpus", str(corpus),
         "--study", str(tmp_path / "s")],
        cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stdout == ""
