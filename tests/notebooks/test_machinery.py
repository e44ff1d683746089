"""What executes notebooks: offline, the same file every time, a line for what fails, a line for what changed."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from analysis_notebooks.machinery import command, execute
from analysis_notebooks.machinery.command import main
from analysis_notebooks.machinery.compare import first_difference
from analysis_notebooks.machinery.offline import own_network

HEADER = """# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A notebook

# %% tags=["parameters"]
study = "none"
pictures = "interactive"
"""


def _png() -> str:
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\0")),
    )
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in (*chunks, (b"IEND", b""))
    )
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


GOOD = f"""
# %%
import sys

from IPython.display import display

print("shown as", pictures, "of", study)
print("1" + "2 % of it", file=sys.stderr)
with open("/proc/net/dev") as file:
    print(sorted(line.split(":")[0].strip() for line in list(file)[2:]))

# %%
display({{"image/png": "{_png()}"}}, raw=True)
display({{"text/markdown": " ".join(["Two", "of 3 differ, 2026-11-30."])}}, raw=True)
"""

BAD = """
# %%
number = 1

# %%
# what follows cannot be
number / 0

# %%
print("never")
"""

REACHING = """
# %%
import socket

server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname()).close()
print("the loopback is there")

# %%
import urllib.request

urllib.request.urlopen("http://192.0.2.1/")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Three small notebooks, executed once."""
    made = tmp_path_factory.mktemp("notebooks")
    for name, cells in {"01_good": GOOD, "02_bad": BAD, "03_reaching": REACHING}.items():
        (made / f"{name}.py").write_text(HEADER + cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execute, "FOLDER", made)
        patch.setattr(command, "FOLDER", made)
        yield made


@pytest.fixture(scope="module")
def said(folder: Path) -> str:
    """What the command writes on standard error for the three, and the exit status."""
    import contextlib
    import io

    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        status = main([])
    assert status == 1
    return errors.getvalue()


def test_a_failure_is_one_line_with_notebook_cell_and_error(said: str) -> None:
    bad, reaching = said.splitlines()
    assert bad == (
        "02_bad, code cell 3 (# what follows cannot be): ZeroDivisionError: division by zero"
    )
    assert reaching.startswith("03_reaching, code cell 3 (import urllib.request): URLError")
    assert "without the network" in reaching and "192.0.2.1" in reaching


def test_a_failed_notebook_is_not_written(folder: Path, said: str) -> None:
    assert [one.name for one in folder.glob("*.ipynb")] == ["01_good.ipynb"]


def test_what_is_written_holds_output_and_nothing_of_the_run(folder: Path, said: str) -> None:
    notebook = nbformat.read(folder / "01_good.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", *["code"] * 3]
    (output,) = notebook.cells[2].outputs
    shown, interfaces = output.text.splitlines()
    assert output.name == "stdout" and shown == "shown as png of none"
    # of whatever the notebook starts, Chrome too: there is no way out
    assert interfaces == "['lo']" or not own_network()
    assert [one.execution_count for one in notebook.cells[1:]] == [1, 2, 3]
    text = (folder / "01_good.ipynb").read_text()
    assert "papermill" not in text and "12 % of it" not in text and str(folder) not in text


def test_the_same_code_gives_the_same_bytes(folder: Path, said: str, tmp_path: Path) -> None:
    before = (folder / "01_good.ipynb").read_bytes()
    assert main(["01", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "01_good.ipynb").read_bytes() == before


def test_check_passes_and_then_names_a_changed_paragraph(
    folder: Path, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "01_good.ipynb"
    before = file.read_text()
    try:
        # another day is no difference
        assert "Two of 3 differ, 2026-11-30" in before
        file.write_text(
            before.replace("Two of 3 differ, 2026-11-30", "Two of 3 differ, 2027-01-01")
        )
        assert main(["01", "--check"]) == 0
        file.write_text(before.replace("Two of 3", "Three of 3"))
        assert main(["01", "--check"]) == 1
    finally:
        file.write_text(before)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("01_good, cell 4 (display(")
    assert "'Two of 3 differ" in line and "committed is 'Three of 3" in line


def test_another_study_stays_in_the_file_and_goes_to_the_cells(
    folder: Path, said: str, tmp_path: Path
) -> None:
    assert main(["01", "--study", str(tmp_path / "mine"), "--out", str(tmp_path)]) == 0
    notebook = nbformat.read(tmp_path / "01_good.ipynb", as_version=4)
    assert notebook.cells[2].metadata.tags == ["injected-parameters"]
    assert f"shown as png of {tmp_path / 'mine'}" in notebook.cells[3].outputs[0].text


def test_a_name_that_no_notebook_has(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["99"]) == 1
    assert "no notebook 99: expected one of 01_good" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda nb: nb.cells[3].outputs.pop(0), "output is now"),
        (lambda nb: nb.cells[3].outputs.pop(), "number of outputs is now '1', committed is '2'"),
        (lambda nb: nb.cells.pop(), "3 cells, 4 are committed"),
        (lambda nb: nb.cells[0].update(source="# Another"), "source is now '# Another'"),
        (lambda nb: nb.cells[1].metadata.update(tags=[]), "its tags is now"),
    ],
)
def test_the_first_difference_is_named(folder: Path, said: str, change, wanted: str) -> None:  # type: ignore[no-untyped-def]
    fresh = nbformat.read(folder / "01_good.ipynb", as_version=4)
    assert first_difference(fresh, folder / "01_good.ipynb") is None
    change(fresh)
    found = first_difference(fresh, folder / "01_good.ipynb")
    assert found is not None and wanted in found


def test_only_the_source_is_compared_where_that_is_asked(folder: Path, said: str) -> None:
    fresh = nbformat.read(folder / "01_good.ipynb", as_version=4)
    fresh.cells[3].outputs.clear()
    assert first_difference(fresh, folder / "01_good.ipynb", only_source=True) is None
    assert first_difference(fresh, folder / "missing.ipynb") == "missing.ipynb is not there"
