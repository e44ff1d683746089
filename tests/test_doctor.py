"""The doctor: what is here, what is missing, and the remedy; it must not cry wolf nor stay silent."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from interp import doctor


def only(rows):
    (row,) = list(rows)
    return row


def test_this_installation_is_fit_to_run_its_own_tests() -> None:
    frame = doctor.examine()
    assert tuple(frame.columns) == doctor.COLUMNS
    by_name = frame.set_index("component")
    for name in ("python", "numpy", "pandas", "pyarrow", "transformers", "babel", "filelock"):
        assert by_name.loc[name, "status"] == "ok", name
    assert by_name.loc["torch", "version"].startswith(metadata.version("torch"))
    assert set(frame["status"]) <= {"ok", "missing", "absent", "note"}
    unwell = frame[frame["status"].isin(["missing", "absent"])]
    assert (unwell["how to get it"] != "").all()
    assert frame["component"].is_unique


def test_a_missing_requirement_and_a_wrong_version_are_told_apart() -> None:
    absent = only(doctor.requirement_rows([Requirement("no-such-package-at-all>=2")]))
    assert (absent.status, absent.version) == ("missing", "")
    assert absent.remedy == "pip install 'no-such-package-at-all>=2'"
    old = only(doctor.requirement_rows([Requirement("numpy>=999")]))
    assert old.status == "missing" and old.version == f"{metadata.version('numpy')}, needs >=999"
    assert only(doctor.requirement_rows([Requirement("numpy>=1")])).status == "ok"
    assert only(doctor.requirement_rows([Requirement("torch>=999")])).status == "missing"
    assert list(doctor.requirement_rows([Requirement("torch>=1")])) == []


def test_requirements_are_the_project_s_own_without_extras() -> None:
    names = {requirement.name for requirement in doctor.requirements()}
    assert {"torch", "numpy", "filelock"} <= names
    assert not {"pytest", "streamlit"} & names


def test_absent_optional_parts_say_what_they_are_for() -> None:
    row = doctor.optional_row("no-such-package-at-all", "flying", "grow wings")
    assert row == ("no-such-package-at-all (flying)", "absent", "", "grow wings")
    assert doctor.optional_row("numpy", "numbers", "x").status == "ok"


def test_old_python_is_missing() -> None:
    assert doctor.python_row((3, 10, 9)).status == "missing"
    assert doctor.python_row((3, 11, 0)).status == "ok"


def test_a_broken_torch_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # import torch now raises ImportError
    row = only(doctor.torch_rows())
    assert (row.component, row.status) == ("torch", "missing") and "README" in row.remedy


def test_fonts_name_the_scripts_that_lack_one() -> None:
    every = set(doctor.FONTS.values())
    assert only(doctor.font_rows(every)).status == "ok"
    row = only(doctor.font_rows(every - {"bn", "ko"}))
    assert row.status == "absent" and row.version == "none for Bengali, Korean"
    assert only(doctor.font_rows(None)).status == "note"


def test_the_demo_checkpoint_is_looked_for_in_every_place(tmp_path: Path) -> None:
    assert doctor.checkpoint_row(tmp_path).status == "absent"
    home = tmp_path / "clone" / "artifacts" / "base"
    home.mkdir(parents=True)
    assert doctor.checkpoint_row(tmp_path, tmp_path / "clone").status == "absent"
    (home / "config.json").write_text("{}")
    row = doctor.checkpoint_row(tmp_path, tmp_path / "clone")
    assert (row.status, row.version) == ("ok", str(home))


def test_a_small_disk_and_missing_program_are_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {row.component: row for row in doctor.machine_rows(tmp_path)}
    assert int(rows["cores"].version) >= 1 and rows["memory"].version.endswith("GiB")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert {row.status for row in doctor.program_rows()} == {"absent"}
    assert doctor.installed_font_languages() is None
