"""The committed notebooks: each .py and its .ipynb are one, with outputs, and of the form all share."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import nbformat
import pytest

from analysis_notebooks.machinery.command import MOST_BYTES, RUNS_A_MODEL
from analysis_notebooks.machinery.compare import PICTURE, first_difference, is_lacking, texts
from analysis_notebooks.machinery.execute import FOLDER, read_source, sources

SOURCES = sources()
READING = [one for one in SOURCES if not one.name.startswith(RUNS_A_MODEL)]
PARAMETERS = {
    "base": "base = None  # label of the baseline; the base by default",
    "labels": "labels = None  # checkpoints beside it, a list; all by default",
    "languages": "languages = None  # codes, a list; all by default",
    "pictures": 'pictures = "interactive"  # "png": still pictures, as on a code host (needs Chrome)',
}
named = pytest.mark.parametrize("source", SOURCES, ids=lambda one: one.stem)


def committed(source: Path) -> Any:
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


def test_there_are_no_notebooks_but_those_of_a_source() -> None:
    assert len(SOURCES) >= 2
    assert {one.stem for one in FOLDER.glob("*.ipynb")} == {one.stem for one in SOURCES}


@named
def test_source_and_notebook_are_in_step(source: Path) -> None:
    difference = first_difference(
        read_source(source), source.with_suffix(".ipynb"), only_source=True
    )
    assert difference is None, f"{difference}; to mend: python -m analysis_notebooks {source.stem}"


@named
def test_the_committed_notebook_is_valid_small_and_says_nothing_of_this_machine(
    source: Path,
) -> None:
    file = source.with_suffix(".ipynb")
    nbformat.validate(committed(source))
    text = file.read_text(encoding="utf-8")
    assert len(text.encode()) <= MOST_BYTES
    assert str(FOLDER.parent) not in text and str(Path.home()) + "/" not in text
    assert set(committed(source).metadata) == {"jupytext", "kernelspec", "language_info"}
    assert not {"papermill", "execution"} & {
        key for cell in committed(source).cells for key in cell.metadata
    }


@named
def test_every_code_cell_was_run_and_none_failed(source: Path) -> None:
    cells = [cell for cell in committed(source).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert "error" not in kinds
    assert (
        sum(PICTURE in texts(cell) for cell in cells) >= 2
    )  # still pictures, which code hosts show


@pytest.mark.parametrize("source", READING, ids=lambda one: one.stem)
def test_the_cell_of_parameters_is_the_same_everywhere(source: Path) -> None:
    tagged = [
        one for one in read_source(source).cells if "parameters" in one.metadata.get("tags", [])
    ]
    assert len(tagged) == 1
    lines = tagged[0].source.splitlines()
    for line in PARAMETERS.values():
        assert line in lines
    assert any(line.startswith("study = ") for line in lines)


@pytest.mark.parametrize("source", READING, ids=lambda one: one.stem)
def test_no_cell_imports_what_runs_models(source: Path) -> None:
    code = "\n".join(one.source for one in read_source(source).cells if one.cell_type == "code")
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not [name for name in imported if name.split(".")[0] in ("torch", "transformers")]
    assert "HookedModel" not in code


@pytest.mark.parametrize(
    "source", [one for one in READING if not one.name.startswith("06_")], ids=lambda one: one.stem
)
def test_on_the_shipped_study_nothing_is_lacking(source: Path) -> None:
    lacking = [cell.source for cell in committed(source).cells if is_lacking(cell)]
    others = [one for one in lacking if not any(word in one for word in ABSENT)]
    assert not others, f"{source.stem}: {others}"
    assert not lacking or source.stem == "03_evaluation"


ABSENT = ('"klar"', '"lm-eval"', "trained_and_held_out")
"""What the shipped study has no data for: KLAR's files are not ours to ship, and it speaks no held-out language."""
