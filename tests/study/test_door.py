"""What is refused at the door or said clearly later: bad folders, damage, no space, no torch."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from interp.errors import InterpError
from interp.study import SCHEMA_VERSION, Study, load_study
from tests.study import samples


def message(call, *arguments) -> str:
    with pytest.raises(InterpError) as caught:
        call(*arguments)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_new_or_empty_folder_becomes_a_study(tmp_path: Path) -> None:
    Study.open(tmp_path / "deep" / "new")
    (tmp_path / "empty").mkdir()
    Study.open(tmp_path / "empty")
    for name in ("deep/new", "empty"):
        assert load_study(tmp_path / name).name == Path(name).name
        assert {p.name for p in (tmp_path / name).iterdir() if p.name[0] != "."} == {"study.json"}


def test_reading_makes_nothing(tmp_path: Path) -> None:
    assert "no study at" in message(load_study, tmp_path / "absent")
    assert not (tmp_path / "absent").exists()


def test_a_folder_of_something_else_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for call in (Study.open, load_study):
        assert "is not a study" in message(call, tmp_path)
    (tmp_path / "study.json").write_text('{"other": 1}')
    for call in (Study.open, load_study):
        assert "is not a study" in message(call, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["notes.txt", "study.json"]


def test_a_newer_schema_says_found_expected_and_what_to_do(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    path = study.path / "study.json"
    newer = {**json.loads(path.read_text()), "schema_version": SCHEMA_VERSION + 1}
    path.write_text(json.dumps(newer))
    for call in (Study.open, load_study):
        text = message(call, study.path)
        assert f"schema {SCHEMA_VERSION + 1}" in text and f"schema {SCHEMA_VERSION}:" in text
        assert "update interp" in text and "--study" in text
    assert json.loads(path.read_text()) == newer


@pytest.mark.parametrize("content", ["{", '{"format": "interp-study", "schema_version": "one"}'])
def test_a_damaged_manifest_is_named(tmp_path: Path, content: str) -> None:
    study = Study.open(tmp_path / "s")
    (study.path / "study.json").write_text(content)
    assert "study.json is damaged" in message(load_study, study.path)


def test_a_target_under_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for target in (tmp_path / "file" / "s", tmp_path / "file"):
        text = message(Study.open, target)
        assert "cannot write" in text and "--study" in text


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_a_file_system_that_takes_no_files_is_refused() -> None:
    assert "cannot write /proc/interp-study" in message(Study.open, Path("/proc/interp-study"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    study.path.chmod(0o500)
    try:
        assert "Permission denied" in message(Study.open, study.path)
    finally:
        study.path.chmod(0o700)


@pytest.fixture
def tiny_disk(mount_disk: Callable[[str], Path]) -> Path:
    """A real file system of 256 KiB, where this user may mount one."""
    return mount_disk("256k")


def test_a_read_only_mount_is_refused(tiny_disk: Path) -> None:
    study = Study.open(tiny_disk / "s")
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    assert "Read-only file system" in message(Study.open, study.path)
    assert load_study(study.path).runs().empty


def test_a_full_disk_is_one_line_and_costs_nothing_earlier(tiny_disk: Path) -> None:
    study = Study.open(tiny_disk / "s")
    with study.run(samples.spec()) as run:
        run.write_table("neurons", samples.neurons())
    big = {"x": __import__("numpy").zeros(1 << 20)}

    def overfill() -> None:
        with study.run(samples.spec(seed=1)) as second:
            second.write_tensors("counts", big)

    text = message(overfill)
    assert "no space left" in text and "earlier results are untouched" in text
    assert load_study(study.path).table("neurons")["run_id"].unique().tolist() == [run.run_id]
    assert not list(study.path.rglob("*.part"))
    with study.run(samples.spec(seed=1)) as second:
        second.write_table("neurons", samples.neurons(0.5))  # there is room for this
    assert len(study.runs()) == 2


def test_a_disk_that_is_full_already_is_refused_before_any_work(tiny_disk: Path) -> None:
    study = Study.open(tiny_disk / "s")
    with pytest.raises(OSError), (tiny_disk / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(b"x" * 1024)
    assert "no space left" in message(Study.open, study.path)


def test_a_write_that_fails_half_way_leaves_the_earlier_file(tmp_path: Path) -> None:
    from interp.study.atomic import write_bytes

    path = tmp_path / "a.bin"
    write_bytes(path, b"earlier")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        text = message(write_bytes, path, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "cannot write" in text and "File too large" in text
    assert path.read_bytes() == b"earlier"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_a_damaged_table_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    for label in ("base", "sft"):
        with study.run(samples.spec(label=label)) as run:
            run.write_table("neurons", samples.neurons())
            run.write_tensors("counts", samples.counts())
    damaged = run.folder / "neurons.parquet"
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1  # a single bit
    damaged.write_bytes(data)
    text = message(study.table, "neurons")
    assert str(damaged) in text and "damaged" in text
    assert len(study.table("neurons", label="base")) == 2
    assert len(study.runs()) == 2
    assert set(study.tensors(run.run_id, "counts")) == {"counts", "tokens"}
    damaged.unlink()
    assert f"cannot read {damaged}" in message(study.table, "neurons")


def test_a_flipped_bit_in_stored_counts_is_noticed(tmp_path: Path) -> None:
    """Tensors carry no checksum of their own: a wrong count would be read as a right one."""
    study = Study.open(tmp_path / "s")
    with study.run(samples.spec()) as run:
        run.write_tensors("counts", samples.counts())
    path = run.folder / "counts.safetensors"
    data = bytearray(path.read_bytes())
    data[-3] ^= 4
    path.write_bytes(data)
    assert f"{path} is damaged" in message(study.tensors, run.run_id, "counts")


def test_a_damaged_fact_file_and_record_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = Study.open(tmp_path / "s")
    study.add_facts(samples.fact_rows(), "f")
    (study.path / "facts" / "f.parquet").write_bytes(b"PAR1 not really")
    assert "f.parquet is damaged" in message(study.table, "facts")
    with study.run(samples.spec()) as run:
        pass
    (run.folder / "run.json").write_text("{}")
    assert study.runs(unfinished=True).empty  # it costs itself only: tests/study/test_damage.py
    assert f"{run.folder / 'run.json'} is damaged" in capsys.readouterr().err


def test_the_study_never_imports_torch() -> None:
    code = (
        "import sys, interp, interp.study, interp.presets, interp.batches;"
        "from interp import load_study; load_study;"
        "print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
