"""What stands in the page: every plate with number, reading, source and numbers; nothing unescaped."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re

import pytest

from interp.plates import Lacking, View
from interp.plates.registry import chapters
from tests.dashboards.studies import HOSTILE
from tests.report.conftest import HOSTILE_WORD, Written
from tests.report.reading import Page

NAMES = ("one", "uncompared", "hostile")


@pytest.mark.parametrize("name", NAMES)
def test_every_plate_is_shown_or_said_to_be_missing(written: Written, name: str):
    page = Page(written(name))
    shown = {one.attributes["id"].removeprefix("plate-") for one in page.all("article")}
    missing = {n for one in page.all("span", class_="names") for n in one.text.split(", ")}
    every = {entry.name for entries in chapters().values() for entry in entries}
    assert shown | missing == every
    assert not shown & missing
    assert shown
    for title in chapters():
        assert any(one.text == title for one in page.all("h2"))


def test_figures_and_tables_are_numbered_without_gaps_and_listed(written: Written):
    page = Page(written("hostile"))
    heads = [one.text for one in page.all("h3") if one.inside[-1] == "article"]
    for kind in ("Figure", "Table"):
        numbers = [int(m[1]) for one in heads if (m := re.match(rf"{kind} (\d+)\. ", one))]
        assert numbers == list(range(1, len(numbers) + 1)) != []
    listed = [one.text for one in page.all("a") if "nav" in one.inside]
    assert [one for one in listed if re.match(r"(Figure|Table) \d", one)] == heads
    ids = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    for link in page.all("a"):
        target = link.attributes["href"]
        assert target.startswith("https://") or target[1:] in ids


def test_a_chart_says_what_it_shows_and_its_json_is_whole(written: Written):
    page = Page(written("uncompared"))
    charts = page.all("div", class_="chart")
    figures = [json.loads(one.text) for one in page.all("script", type="application/json")]
    look = [one for one in figures if "layout" in one and "data" not in one["layout"]]
    drawn = [one for one in figures if isinstance(one.get("data"), list)]
    assert len(drawn) == len(charts) == len(figures) - 1 and look
    for chart in charts:
        assert chart.attributes["role"] == "figure"
        title, _, reading = chart.attributes["aria-label"].partition(". ")
        assert len(title) > 5 and len(reading) > 20
    for one in drawn:
        assert not {"title", "template", "width"} & set(one["layout"])
        assert all(not trace["type"].endswith("gl") for trace in one["data"])


def test_the_reading_and_numbers_are_the_plates_own(written: Written):
    file = written("uncompared")
    view = View.of(file.with_suffix(""))  # its study lies beside the page
    page = Page(file)
    readings = {one.text for one in page.all("p", class_="reading")}
    summaries = [one.text for one in page.all("summary")]
    seen = 0
    for entry in chapters()["Attention heads (LAHIS)"]:
        try:
            plate = entry.draw(view)
        except Lacking:
            continue
        seen += 1
        assert plate.reading in readings
        rows = len(plate.frame)
        assert any(one.endswith(f": {rows:,} row{'' if rows == 1 else 's'}") for one in summaries)
    assert seen > 3


def test_long_tables_are_cut_and_say_so(written: Written):
    page = Page(written("demo"))
    cut = [m for one in page.all("caption") if (m := re.search(r"the first (\d+) of ([\d,]+) rows", one.text))]  # fmt: skip
    assert cut
    assert all(20 <= int(m[1]) <= 200 < 10**9 and int(m[1]) < int(m[2].replace(",", "")) for m in cut)  # fmt: skip
    assert page.html.count("<tr>") < 200 * len(page.all("table"))


def test_the_shipped_studys_page_weighs_less_than_8_mb(written: Written):
    file = written("demo")
    size = file.stat().st_size
    assert size < 8e6
    (footer,) = Page(file).all("footer")
    assert f"{size / 1e6:.1f} MB" in footer.text


def test_hostile_words_are_words(written: Written):
    page = Page(written("hostile"))
    assert page.one("h1").text == HOSTILE_WORD
    assert page.one("title").text == HOSTILE_WORD
    runs = [one for one in page.all("script") if one.attributes.get("type") != "application/json"]
    assert len(runs) == 2  # plotly and ours
    assert not page.all("img") and not page.all("iframe")
    assert not any(name.startswith("on") for one in page.elements for name in one.attributes)
    said = page.text + "".join(one.text for one in page.all("script", type="application/json"))
    assert HOSTILE[0] in said.replace("\\u003c", "<").replace('\\"', '"')


def test_the_policy_names_these_scripts_and_allows_nothing_else(written: Written):
    page = Page(written("one"))
    policy = page.one("meta", http_equiv="Content-Security-Policy").attributes["content"]
    rules = dict(one.strip().split(" ", 1) for one in policy.split(";"))
    assert rules["default-src"] == "'none'"
    scripts = [one for one in page.all("script") if "type" not in one.attributes]
    hashes = [base64.b64encode(hashlib.sha256(one.text.encode()).digest()).decode() for one in scripts]  # fmt: skip
    assert rules["script-src"].split() == [f"'sha256-{one}'" for one in hashes]
    assert not re.search(r'(?:src|srcset)="', re.sub(r"<script.*?</script>", "", page.html, flags=re.S))  # fmt: skip


def test_headings_do_not_skip_a_level(written: Written):
    for name in NAMES:
        levels = [int(one.tag[1]) for one in Page(written(name)).elements if re.fullmatch(r"h\d", one.tag)]  # fmt: skip
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_tables_have_scopes_and_a_caption(written: Written):
    page = Page(written("hostile"))
    for one in page.all("th"):
        assert one.attributes["scope"] == ("col" if "thead" in one.inside else "row")
    assert len(page.all("caption")) == len(page.all("table"))
    foreign = [one for one in Page(written("uncompared")).all("td", lang="ar")]
    assert all(one.attributes["dir"] == "auto" for one in foreign)


def test_one_checkpoint_is_compared_with_nothing(written: Written):
    said = " ".join(Page(written("one")).text.split())
    assert "The study holds one checkpoint, base" in said
    assert "beyond noise only if" not in said
    assert "There is one checkpoint, hence nothing to compare." in said


def test_what_is_not_compared_is_said_with_the_command(written: Written):
    page = Page(written("uncompared"))
    said = " ".join(page.text.split())
    assert "No comparison of these checkpoints is stored." in said
    assert any(one.text.startswith("interp compare --study") for one in page.all("code"))
    assert said.count("Not compared yet:") == 2  # once for each checkpoint
    assert "Whether sft differs from base cannot be said: nothing is compared." in said


@pytest.mark.slow  # the released artifacts are imported and compared first
def test_imported_lists_have_no_verdict_but_a_reason(written: Written):
    said = " ".join(Page(written("release")).text.split())
    assert "Not enough data for" in said
    assert "no percentile filter" in said  # what results under this preset must carry
    assert "allenai/OLMo-2-1124-7B" in said
    assert "reproduced" in said
