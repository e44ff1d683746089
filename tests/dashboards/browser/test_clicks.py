"""What a click does: the head or the fact that was hit opens, and the URL says so."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.dashboards.browser.conftest import Window


def test_a_click_on_a_cell_opens_that_head(window: Window):
    visit = window().open("heads")
    score = visit.plotted("h_map")["data"][0]["z"]
    for layer, head in ((2, len(score[0]) - 1), (len(score) - 1, 0)):
        visit.click_cell("h_map", head, layer).asks(h_layer=layer, h_head=head)
        expect(visit.page.get_by_role("heading", name=f"Head {layer}.{head}")).to_be_visible()
        assert f"Head {layer}.{head}" in visit.plotted("h_everywhere")["title"]
