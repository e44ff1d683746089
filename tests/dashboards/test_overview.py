"""The page of overview: what a study holds, and how much of it differs beyond noise."""

from __future__ import annotations

from pathlib import Path

import pytest

from interp.stats.verdict import BEYOND
from interp.study import Study, load_study
from tests.comparison.test_lape import counted, rates, write
from tests.dashboards.app import charts, check_quiet, click, described, open_page, said
from tests.dashboards.reading import numbers
from tests.dashboards.studies import whole


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every analysis of three checkpoints, compared with base; two steps of a training with LAPE only."""
    folder = whole(tmp_path_factory.mktemp("overview") / "s")
    made = Study.open(folder)
    for step in (1000, 200):
        write(made, f"grpo-step-{step}", counted(rates(), step), stage="grpo")
    return folder


def test_cards_and_takeaway_count_what_is_stored(study: Path) -> None:
    app = open_page("overview", study, labels=["base", "sft", "grpo"])
    check_quiet(app)
    opened = load_study(study)
    rows = opened.table("comparisons")
    rows = rows[rows["head"].isna() & (rows["statistic"] != "(all)")]
    cards = {one.label: one.value for one in app.metric}
    beyond = rows["verdict"] == BEYOND
    assert cards["Differences beyond noise"] == f"{beyond.sum():,} of {len(rows):,}"
    assert cards["Checkpoints"] == "5"
    assert cards["Facts"] == f"{opened.table('facts')['fact_id'].nunique():,}"
    (alt,) = [one for one in described(app) if "what is beyond noise" in one]
    for label in ("sft", "grpo"):
        own = rows["label"] == label
        wanted = f"{label} differs from base beyond noise in {(own & beyond).sum()} of {own.sum()}"
        assert wanted in alt
    bars = [one for one in charts(app)["verdicts"].data if one.type == "bar"]
    assert sum(sum(numbers(bar.x)) for bar in bars) == len(rows)


def test_the_grid_says_what_is_there_and_a_click_chooses(study: Path) -> None:
    app = open_page("overview", study)
    grid = charts(app)["grid"]
    labels = list(grid.data[0].x)
    assert labels == ["base", "sft", "grpo", "grpo-step-200", "grpo-step-1000"]
    lens = list(grid.data[0].y).index("lens")
    assert list(grid.data[0].text[lens]) == ["4", "4", "4", "", ""]
    hover = dict(zip(map(tuple, grid.data[1].customdata), grid.data[1].hovertext, strict=True))
    assert hover[("lens", "grpo-step-200")] == "grpo-step-200: no lens run"
    assert hover[("lens", "sft")] == "sft: lens in 4 languages"
    app = click(app, "grid", ["klar", "base"])
    check_quiet(app)
    (box,) = [one for one in app.selectbox if one.key == "analysis"]
    assert box.value == "klar"
    assert "interp eval klar --help" in [one.value for one in app.code]


def test_only_the_base_is_no_lack_of_comparisons(study: Path) -> None:
    app = open_page("overview", study, labels=["base"])
    check_quiet(app)
    assert "not been compared" not in said(app) and "beside the baseline" in said(app)
    assert {one.label: one.value for one in app.metric}["Differences beyond noise"] == "–"


def test_another_base_is_in_the_command(study: Path) -> None:
    app = open_page("overview", study, base="sft", labels=["sft", "grpo"])
    assert "not been compared" in said(app)
    assert f"interp compare --study {study} --base sft" in [one.value for one in app.code]


def test_the_demo_opens() -> None:
    app = open_page("overview")
    check_quiet(app)
    assert app.title[0].value == "Overview" and {"verdicts", "grid"} <= set(charts(app))
