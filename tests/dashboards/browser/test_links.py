"""An address is a view: choosing writes it, opening it elsewhere shows the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.dashboards.browser.conftest import Window
from tests.dashboards.browser.driver import Visit
from tests.dashboards.studies import whole


def view(visit: Visit) -> dict[str, Any]:
    """Everything that is read and drawn in the page's middle."""
    return {"text": visit.text(), **{key: visit.plotted(key) for key in visit.charts()}}


SLOW = [pytest.param(page, marks=pytest.mark.slow) for page in ("heads", "lens", "facts")]


@pytest.mark.parametrize("page", ["neurons", *SLOW])
def test_an_address_shows_the_same_view_in_another_window(window: Window, page: str):
    first = window().open(page)
    before = view(first)
    first.choose("lang", "zh")
    expect(first.page).to_have_url(re.compile(r"[?&]lang=zh"))
    shown = view(first)
    assert shown != before
    elsewhere = view(window().go(first.page.url))
    assert elsewhere.keys() == shown.keys()
    for key, value in shown.items():
        assert elsewhere[key] == value, key


def test_the_link_to_copy_is_the_address(window: Window):
    visit = window().open("heads").choose("lang", "zh")
    visit.page.locator(".st-key-link_h_map button").click()
    shown = visit.page.locator('[data-testid="stCode"] code').last
    expect(shown).to_have_text(visit.page.url)


def test_the_study_and_the_language_stay_on_the_way_through_the_pages(
    window: Window, tmp_path: Path
):
    study = whole(tmp_path / "mine", compared=False)
    visit = window().open("heads", study=study).choose("lang", "zh")
    for name, page in (("Facts", "facts"), ("Neurons", "neurons"), ("Heads", "heads")):
        with visit.rerun():
            visit.page.get_by_role("link", name=name).first.click()
        visit.page.wait_for_url(re.compile(f"/{page}"))
        visit.asks(study=study, lang="zh")
        expect(visit.page.locator(".st-key-study input")).to_have_value(str(study))
        expect(visit.page.locator(".st-key-lang input")).to_have_value("zh")


def test_an_unknown_value_is_said_until_another_is_chosen(window: Window):
    visit = window().open("heads", lang="xx", h_layer=99)
    alerts = visit.page.locator('[data-testid="stAlert"]')
    expect(alerts.filter(has_text="'xx'")).to_be_visible()
    expect(alerts.filter(has_text="'99'")).to_be_visible()
    visit.choose("lang", "zh")
    expect(alerts.filter(has_text="'xx'")).to_have_count(0)
