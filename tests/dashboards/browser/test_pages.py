"""Every page in a real browser: it is drawn, it is quiet, and what it says can be read."""

from __future__ import annotations

import pytest

from tests.dashboards.browser.conftest import Window
from tests.dashboards.browser.driver import PAGES
from tests.dashboards.browser.looks import faint


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_quiet_described_and_readable(window: Window, page: str, scheme: str):
    visit = window(color_scheme=scheme).open(page)
    keys = visit.charts()
    for key in keys:
        figure = visit.chart(key).get_by_role("figure")
        assert figure.count() == 1
        title = visit.plotted(key)["title"]
        assert title and title in str(figure.get_attribute("aria-label")), key
    assert faint(visit) == []
