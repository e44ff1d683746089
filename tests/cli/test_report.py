"""``interp report``: one file, whole or absent, and one line for what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from interp.cli import report
from interp.errors import InterpError
from tests.dashboards.studies import whole

app = typer.Typer()
app.command()(report.command)

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole(tmp_path_factory.mktemp("report") / "small", stages={"base": "base", "sft": "sft"}, languages=("en", "ar"))  # fmt: skip


def run(*arguments: object):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_it_writes_a_page_and_replaces_only_its_own(study: Path, tmp_path: Path):
    file = tmp_path / "new" / "folder" / "mine.html"
    done = run("--study", study, "--out", file, "--title", "Mine <1>", "--languages", "ar", "--labels", "sft")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "mine.html" in done.output.replace("\n", "") and " MB" in done.output
    page = file.read_text()
    assert "<h1>Mine &lt;1&gt;</h1>" in page
    assert "in 1 language (ar)" in page
    assert list(file.parent.iterdir()) == [file]  # nothing is left beside it
    file.write_text(page.replace("Mine", "Yours"))
    assert run("--study", study, "--out", file, "--base", "sft", "--labels", "base").exit_code == 0
    assert "base against sft" in file.read_text()


def test_a_figure_that_fails_costs_itself(study: Path, tmp_path: Path, monkeypatch, capsys):
    from interp.plates import heads
    from interp.plates.registry import Entry

    def broken(view: object) -> None:
        raise ZeroDivisionError("division by zero <b>")

    monkeypatch.setattr(heads, "ENTRIES", (Entry("broken", broken), *heads.ENTRIES))  # type: ignore[arg-type]
    file = tmp_path / "r.html"
    done = run("--study", study, "--out", file)
    assert isinstance(done.exception, InterpError)
    assert "broken failed; the page is written without" in str(done.exception)
    page = file.read_text()
    assert "<h3>Could not be drawn</h3>" in page
    assert "ZeroDivisionError: division by zero &lt;b&gt; (test_report.py, line " in page
    assert 'id="plate-head-overlap"' in page
    assert "interp report: broken failed: ZeroDivisionError" in done.output + done.stderr


def test_another_file_is_left_as_it_is(study: Path, tmp_path: Path):
    file = tmp_path / "thesis.html"
    file.write_text("<p>years of work</p>")
    done = run("--study", study, "--out", file)
    assert isinstance(done.exception, InterpError)
    assert "is no report of interp" in str(done.exception) and "thesis.html" in str(done.exception)
    assert file.read_text() == "<p>years of work</p>"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--out", "FOLDER"), ("is a folder", "report.html")),
        (("--labels", "nobody"), ("unknown label 'nobody'", "base, sft")),
        (("--labels", " , "), ("--labels is empty",)),
        (("--base", "nobody"), ("unknown label 'nobody'",)),
        (("--languages", "xx"), ("xx",)),
        (("--study", "/nowhere"), ("/nowhere",)),
        (("--out", "/proc/none/r.html"), ("/proc/none", "choose another file with --out")),
    ],
)
def test_bad_input_is_one_line(study: Path, tmp_path: Path, arguments, words):
    given = [str(tmp_path) if one == "FOLDER" else one for one in arguments]
    done = run("--study", study, *given)
    assert isinstance(done.exception, InterpError), done.output
    said = " ".join(str(done.exception).split())  # as the command line prints it
    assert all(word in said for word in words), said


def test_the_default_file_has_the_studys_name(study: Path, tmp_path: Path, monkeypatch):
    from interp.plates import View
    from interp.report.write import default_file

    assert default_file(View.of(study)) == Path("small-report.html")


def test_nothing_of_it_imports_torch():
    code = (
        "import sys; import interp.report, interp.cli.report; from interp.plates import View; "
        "from interp.report.summary import summary; summary(View.of('artifacts/demo')); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)
