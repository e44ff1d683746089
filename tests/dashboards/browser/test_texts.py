"""Texts of any script and any content: shown as they are, running the way they run."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.texts import paragraph, shaded
from interp.study import load_study
from tests.dashboards.browser.conftest import Window
from tests.dashboards.browser.driver import PAGES
from tests.dashboards.studies import HOSTILE, WORDS, whole


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose facts, tokens and examples are scripts."""
    folder = tmp_path_factory.mktemp("hostile") / "study"
    return whole(folder, stages={"base": "base"}, word="".join(HOSTILE[:3]))


@pytest.mark.parametrize("page", PAGES)
def test_a_script_is_shown_as_text(window: Window, hostile: Path, page: str):
    row = load_study(hostile).table("neuron_examples").iloc[0]
    place = {"n_layer": row["layer"], "n_neuron": row["neuron"], "lang": row["lang"]}
    visit = window().open(page, study=hostile, **place)
    assert visit.page.locator('[data-testid="stMain"] :is(script, img[src="x"])').count() == 0
    if page in ("lens", "neurons", "facts"):
        assert "<script>alert(1)</script>" in visit.text()
    visit.check()


@pytest.mark.parametrize("page", ["facts", "neurons"])
def test_arabic_runs_from_right_to_left(window: Window, page: str):
    visit = window().open(page, lang="ar")
    directions = visit.page.locator('[data-testid="stMain"] [lang="ar"]').evaluate_all(
        "nodes => nodes.map(node => getComputedStyle(node).direction)"
    )
    assert directions and set(directions) == {"rtl"}


@pytest.mark.parametrize("lang", ["ar", "bn"])
def test_shading_leaves_a_word_as_wide_as_it_is(window: Window, lang: str):
    """Letters that join, and conjuncts, would be wider apart than together."""
    word = WORDS[lang]
    pieces = list(word)
    plain = shaded([word], [0.0])
    coloured = shaded(pieces, [(at % 3) / 2 for at in range(len(pieces))])
    assert coloured.count("<span") > 1
    visit = window()
    visit.page.set_content(
        '<meta charset="utf-8"><style>p {display: inline-block; font-size: 40px}</style>'
        + paragraph(plain, lang) + "<br>" + paragraph(coloured, lang)
    )  # fmt: skip
    widths = visit.page.locator("p").evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect().width)"
    )
    assert widths[0] == pytest.approx(widths[1], abs=1)
    assert widths[0] > 40
