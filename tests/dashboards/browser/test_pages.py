"""Every page in a real browser: drawn, quiet, described, readable on white and black, by keyboard."""

from __future__ import annotations

import pytest

from tests.dashboards.browser.conftest import Window
from tests.dashboards.browser.driver import PAGES, Visit
from tests.dashboards.browser.looks import READ, faint, faint_at_last, shown


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_quiet_described_and_within_reach(window: Window, page: str):
    visit = window(color_scheme="light").open(page)
    keys = visit.charts()
    assert keys
    for key in keys:
        title = visit.plotted(key)["title"]
        assert title
        figure = visit.chart(key).get_by_role("figure", name=title)
        assert figure.count() == 1, key
        assert len(str(figure.get_attribute("aria-label"))) > len(title) + 2, key
    assert shown(visit, READ["ticks"]) and shown(visit, READ["captions"])
    assert faint(visit) == []
    assert out_of_reach(visit) == []

    visit.page.emulate_media(color_scheme="dark")
    visit.open(page)  # Streamlit paints charts anew at the next rerun only
    assert faint_at_last(visit) == []


def out_of_reach(visit: Visit) -> list[str]:
    """Name the controls that the Tab key never comes to."""
    visit.page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    found = visit.page.evaluate(_CONTROLS)
    for _ in range(2 * found + 60):
        visit.page.keyboard.press("Tab")
        if visit.page.evaluate(_MARK) == 0:
            return []
    return [str(one) for one in visit.page.evaluate(_LEFT)]


# Of radio buttons and of a slider with two ends one stop is enough: arrows lead to the others.
_CONTROLS = """() => {
    const roots = document.querySelectorAll(
        '[data-testid="stSelectbox"], [data-testid="stMultiSelect"], [data-testid="stTextInput"],'
        + '[data-testid="stSlider"], [data-testid="stCheckbox"], [data-testid="stButtonGroup"],'
        + '[data-testid="stNumberInput"], [data-testid="stPopover"], [data-testid="stPageLink"],'
        + '[data-testid="stExpander"], [data-testid="stSidebarNavLink"]');
    window._left = new Set([...roots].filter(one =>
        one.getClientRects().length && !one.querySelector(':disabled')));
    return window._left.size;
}"""
_MARK = """() => {
    for (const one of window._left) {
        if (one.contains(document.activeElement)) window._left.delete(one);
    }
    return window._left.size;
}"""
_LEFT = "() => [...window._left].map(one => `${one.dataset.testid} ${one.innerText.slice(0, 60)}`)"
