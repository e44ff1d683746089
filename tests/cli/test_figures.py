"""``interp figures`` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from interp.printing.browser import why_no_browser
from tests.cli.conftest import fingerprint, refused
from tests.command import Interp
from tests.conftest import ROOT

DEMO = ROOT / "artifacts" / "demo"


def test_one_figure_of_the_shipped_study(interp: Interp, tmp_path: Path) -> None:
    out = tmp_path / "figures"
    before = fingerprint(DEMO)
    said = interp("figures", "--study", DEMO, "--only", "head-overlap", "--out", out, "--labels",
                  "grpo", "--languages", "en,ar,bn")  # fmt: skip
    assert said.code == 0, said.err
    assert "1 figure (2 files)" in said.out and fingerprint(DEMO) == before
    frame = pd.read_csv(out / "head-overlap.csv")
    assert set(frame["label"]) == {"base", "grpo"} and set(frame["lang"]) == {"en", "ar", "bn"}
    page = (out / "head-overlap.html").read_text("utf-8")
    assert 'src="plotly.min.js"' in page and (out / "plotly.min.js").is_file()
    (caption,) = json.loads((out / "captions.json").read_text("utf-8"))["figures"]
    assert caption["paper"] == "Figure 7" and caption["reading"] in (
        page.replace("&#x27;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    )


def test_what_the_study_lacks_stops_nothing(interp: Interp, study: Path, tmp_path: Path) -> None:
    some = "study-grid,head-overlap,median-ranks"
    said = interp(
        "figures", "--study", study, "--out", tmp_path / "out", "--no-data", "--only", some
    )
    assert said.code == 0, said.err
    lines = [line for line in said.err.splitlines() if "left out" in line]
    assert any("head-overlap left out: no lahis run" in line for line in lines), said.err
    assert all(line.startswith("interp figures: ") for line in lines)
    assert f"{len(lines)} left out" in " ".join(said.out.split())
    assert any((tmp_path / "out").glob("*.html"))


def test_a_figure_that_fails_is_named_and_the_others_are_written(
    interp: Interp, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from interp.plates import overview
    from interp.plates.registry import Entry

    def broken(view: object) -> None:
        raise KeyError("lang")

    monkeypatch.setattr(overview, "ENTRIES", (Entry("broken", broken), *overview.ENTRIES))  # type: ignore[arg-type]
    out = tmp_path / "out"
    said = interp("figures", "--study", study, "--out", out, "--only", "broken,study-grid")
    assert said.code == 2
    lines = said.err.splitlines()
    assert lines[0].startswith(
        "interp figures: broken failed: KeyError: 'lang' (test_figures.py, line "
    )
    assert lines[-1].startswith("error: broken failed; the other figures are written")
    assert (
        "1 figure (2 files)" in said.out and "1 failed" in said.out and "Traceback" not in said.err
    )
    assert (out / "study-grid.html").is_file() and (out / "captions.json").is_file()


def test_the_list_needs_no_study(interp: Interp) -> None:
    said = interp("figures", "--list", "--study", "none")
    assert said.code == 0, said.err
    for word in ("head-overlap", "Figure 7", "left out where: no LAHIS run"):
        assert word in " ".join(said.out.replace("│", " ").split())
    assert "partial" not in said.out  # entries that share a function say what it shows


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "eps"), ("unknown format 'eps'", "html, svg, pdf, png")),
        (("--only", "figure-7"), ("unknown figure 'figure-7'", "head-overlap")),
        (("--width", "wide"), ("--width 'wide'", "single (85)", "millimetres")),
        (("--height", "-3"), ("--height '-3'", "millimetres")),
        (("--fonts", "all"), ("unknown --fonts value 'all'", "embed, names")),
        (("--plotly", "cdn"), ("unknown --plotly value 'cdn'", "shared, inline")),
        (("--base", "none"), ("unknown label 'none'", "base, sft, grpo")),
        (("--labels", "none"), ("unknown label 'none'", "base, sft, grpo")),
        (("--languages", "xx"), ("'xx'", "en")),
        (("--dpi", "10"), ("--dpi", "72")),
    ],
)
def test_what_is_refused(
    interp: Interp, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    refused(interp("figures", "--study", DEMO, "--out", tmp_path / "out", *arguments), *words)
    assert not list((tmp_path / "out").glob("*.html"))


def test_no_study_is_one_line(interp: Interp, tmp_path: Path) -> None:
    refused(interp("figures", "--study", tmp_path / "none", "--out", tmp_path / "out"), "no study")
    assert not (tmp_path / "out").exists()


def test_without_chrome_one_line_says_how_to_get_it(
    interp: Interp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-chrome"))
    monkeypatch.setattr(
        "choreographer.browsers.chromium.get_chrome_download_path", lambda mkdir: None
    )
    monkeypatch.setattr(
        "choreographer.browsers.chromium.get_old_chrome_download_path", lambda: None
    )
    why_no_browser.cache_clear()
    call = ("figures", "--study", DEMO, "--only", "head-overlap", "--out", tmp_path / "out")
    try:
        refused(interp(*call, "--format", "svg"), "need Chrome", "no-chrome", "plotly_get_chrome")
        assert not (tmp_path / "out").exists()
        said = interp(*call, "--format", "pdf,html")
    finally:
        why_no_browser.cache_clear()
    assert said.code == 2 and (tmp_path / "out" / "head-overlap.html").exists()
    assert "need Chrome" in said.err.splitlines()[-1]


def test_strict_fonts_fail_and_others_warn(
    interp: Interp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interp.printing.faces._listed", lambda *_: ())
    call = ("figures", "--study", DEMO, "--only", "head-overlap", "--out", tmp_path / "out")
    said = interp(*call)
    assert said.code == 0 and "install Noto Sans" in said.err
    said = interp(*call, "--strict-fonts")
    assert said.code == 2 and "error: --strict-fonts: no installed font" in said.err


def test_figures_for_a_paper(interp: Interp, tmp_path: Path) -> None:
    if why_no_browser() is not None:
        pytest.skip(str(why_no_browser()))
    from interp.printing.check import missing_glyphs

    out = tmp_path / "out"
    said = interp("figures", "--study", DEMO, "--only", "head-overlap,fact-tokens", "-f", "svg",
                  "--format", "pdf,png", "--width", "single", "--height", "60", "--dpi", "150",
                  "--no-title", "--out", out)  # fmt: skip
    assert said.code == 0 and "left out" not in said.err, said.err
    for name in ("head-overlap", "fact-tokens"):
        svg = (out / f"{name}.svg").read_text("utf-8")
        assert 'width="85mm" height="60mm"' in svg and 'class="gtitle"' not in svg
        assert missing_glyphs(out / f"{name}.svg") == missing_glyphs(out / f"{name}.pdf") == []
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert "![" in (out / "figures.md").read_text("utf-8")
