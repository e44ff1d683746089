"""What all pages share: widgets and the URL, the cache, links, texts, what a chart comes with."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.chart import csv_bytes, html_bytes, parquet_bytes
from dashboards.data import open_source, stamp
from dashboards.texts import direction, paragraph, shaded
from interp.plates.choice import in_order
from interp.study import Study
from tests.dashboards.app import open_page, said
from tests.dashboards.studies import HOSTILE, LANGUAGES, whole, write_lape

# --- widgets and what the URL asks of them ---


def _widgets() -> None:
    import streamlit as st

    from dashboards.controls import choose, choose_some, choose_view, number, span, toggle

    found = {
        "layer": choose("Layer", [0, 1, 2], "layer", default=1),
        "view": choose_view("View", ["raw", "share"], "view"),
        "some": choose_some("Some", ["a", "b", "c"], "some", most=2),
        "top": number("Top", 0.5, 10.0, "top", default=5.0, step=0.5),
        "whole": number("Whole", 1, 9, "whole", default=3),
        "span": span("Span", 0, 7, "span"),
        "one": span("One", 3, 3, "one"),
        "on": toggle("On", "on"),
    }
    import json

    st.text(json.dumps(found))


DEFAULTS = {
    "layer": 1, "view": "raw", "some": ["a", "b"], "top": 5.0, "whole": 3, "span": [0, 7],
    "one": [3, 3], "on": False,
}  # fmt: skip


def _asking(script: Any = _widgets, **query: str | list[str]) -> tuple[dict[str, Any], str]:
    app = AppTest.from_function(script, default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception[0].message
    return json.loads(app.text[0].value), "\n".join(one.value for one in app.warning)


def test_nothing_asked_is_every_default():
    assert _asking() == (DEFAULTS, "")


@pytest.mark.parametrize(
    ("key", "asked", "value"),
    [
        ("layer", "2", 2), ("view", "share", "share"), ("some", ["c", "a"], ["a", "c"]),
        ("top", "7.5", 7.5), ("whole", "4", 4), ("span", ["2", "4"], [2, 4]),
        ("span", ["4", "2"], [2, 4]), ("on", "true", True),
    ],
)  # fmt: skip
def test_what_is_asked_is_shown(key: str, asked: str | list[str], value: Any):
    assert _asking(**{key: asked}) == ({**DEFAULTS, key: value}, "")


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("layer", "9"), ("layer", "x"), ("view", "zz"), ("some", "zz"), ("top", "99"),
        ("top", "nan"), ("top", "x"), ("whole", "-1"), ("span", ["0", "99"]), ("span", ["a", "b"]),
        ("span", "3"), ("span", ["1", "2", "3"]), ("one", "5"), ("on", "maybe"),
        ("some", ["a", "b", "c"]),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_and_the_default_shown(key: str, asked: str | list[str]):
    found, warned = _asking(**{key: asked})
    assert found == DEFAULTS
    for value in [asked] if isinstance(asked, str) else asked[-1:]:
        assert value in warned


def _moving() -> None:
    import json

    import streamlit as st

    from dashboards.controls import choose, set_control

    def click() -> None:
        set_control("lang", "zh")
        set_control("head", 1)

    st.button("click", on_click=click)
    lang = choose("Language", ["en", "zh"], "lang")
    head = choose("Head", [1, 2, 3], "head", default={"en": 1, "zh": 3}[lang])
    st.text(json.dumps({"lang": lang, "head": head}))


def test_a_widget_at_its_default_follows_it():
    """The URL does not name it, so another window would show the new default."""
    app = AppTest.from_function(_moving, default_timeout=30).run()
    app.selectbox(key="lang").set_value("zh").run()
    assert json.loads(app.text[0].value) == {"lang": "zh", "head": 3}
    assert _asking(_moving, lang="zh")[0] == {"lang": "zh", "head": 3}


def test_what_was_chosen_or_clicked_stays():
    app = AppTest.from_function(_moving, default_timeout=30).run()
    app.selectbox(key="head").set_value(2).run()
    app.selectbox(key="lang").set_value("zh").run()
    assert json.loads(app.text[0].value)["head"] == 2
    clicked = AppTest.from_function(_moving, default_timeout=30).run()
    clicked.button[0].click().run()  # on what is the default now, and is not then
    assert json.loads(clicked.text[0].value) == {"lang": "zh", "head": 1}
    assert _asking(_moving, lang="zh", head="1")[0] == {"lang": "zh", "head": 1}


# --- pages ---


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole(tmp_path_factory.mktemp("shell") / "a study", compared=False)


@pytest.mark.parametrize(
    ("key", "asked"), [("base", "nope"), ("labels", "nope"), ("langs", "xx"), ("analysis", "zz")]
)
def test_a_page_says_what_a_link_asks_in_vain(study: Path, key: str, asked: str):
    app = open_page("overview", study, **{key: asked})
    assert not app.exception
    assert asked in "\n".join(one.value for one in app.warning)


def test_another_study_takes_its_own_labels_and_languages(study: Path, tmp_path: Path):
    other = whole(
        tmp_path / "other", stages={"mine": "base"}, languages=("en", "sw"), compared=False
    )
    app = open_page("overview", study, base="sft")
    app.text_input(key="study").set_value(str(other)).run()
    assert not app.exception
    assert app.selectbox(key="base").value == "mine"
    assert app.multiselect(key="langs").value == ["en", "sw"]


def test_nothing_chosen_is_the_base_and_every_language(study: Path):
    app = open_page("overview", study)
    app.multiselect(key="labels").set_value([]).run()
    app.multiselect(key="langs").set_value([]).run()
    assert not app.exception
    cards = {one.label: one.value for one in app.metric}
    assert cards["Languages"] == str(len(LANGUAGES))


def test_checkpoints_stand_in_the_order_in_which_they_are_made():
    stages = {"grpo-step-1000": "grpo", "grpo": "grpo", "x": "mine", "sft": "sft", "base": "base",
              "grpo-step-200": "grpo"}  # fmt: skip
    assert in_order(stages) == ["base", "sft", "grpo", "x", "grpo-step-200", "grpo-step-1000"]


# --- the cache ---


def test_a_study_is_read_again_when_it_changes_and_only_then(study: Path, tmp_path: Path):
    folder = whole(tmp_path / "study", stages={"base": "base"}, compared=False)
    calls: list[Path] = []

    def labels(opened: Study) -> list[str]:
        calls.append(opened.path)
        return sorted(set(opened.runs()["label"]))

    first = open_source(folder)
    assert first.derive(labels) == ["base"] and open_source(folder).derive(labels) == ["base"]
    assert len(calls) == 1
    write_lape(Study.open(folder), "new", "new", ("en", "ar"), 4)
    assert stamp(folder) != first.state
    assert open_source(folder).derive(labels) == ["base", "new"]
    assert len(calls) == 2
    open_source(study).derive(labels)
    assert len(calls) == 3


def test_what_changes_within_a_run_is_seen(tmp_path: Path):
    folder = whole(tmp_path / "study", stages={"base": "base"}, compared=False)
    before = stamp(folder)
    (record,) = folder.glob("runs/base-lape-*/run.json")
    os.utime(record, ns=(1, 1))
    assert stamp(folder) != before


def test_what_fails_is_not_kept(study: Path):
    calls = []

    def fails(opened: Study) -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("first")
        return len(calls)

    source = open_source(study)
    with pytest.raises(ValueError, match="first"):
        source.derive(fails)
    assert source.derive(fails) == 2


# --- texts ---


@pytest.mark.parametrize("text", HOSTILE[:3])
def test_texts_are_escaped_wherever_they_are_cut(text: str):
    whole_text = shaded([text], [1.0])
    assert "<script" not in whole_text and "<img" not in whole_text and "<b>" not in whole_text
    cut = shaded(list(text), [(at % 2) / 1 for at in range(len(text))])
    for tag in ("<script", "<img", "<b>"):
        assert tag not in cut


def test_the_language_cannot_leave_its_attribute():
    made = paragraph("x", '"><script>')
    assert "<script>" not in made and made.count('"') == 4


@pytest.mark.parametrize(("lang", "expected"), [("ar", "rtl"), ("bn", "ltr"), ("xx", "auto")])
def test_direction(lang: str, expected: str):
    assert direction(lang) == expected


def test_shading_keeps_the_text_and_marks_what_is_strong():
    made = shaded(["ab", "", "cd"], [0.0, 1.0, float("nan")])
    import re

    assert re.sub("<[^>]+>", "", made) == "abcd"
    assert re.findall(r">(\w+)</span>", made) == ["c"]  # the empty piece's strength is c's


# --- what a chart comes with ---


def test_downloads_are_what_was_given():
    frame = pd.DataFrame({"lang": ["ar", "zh"], "value": [0.1 + 0.2, 1e-17], "text": ["ب,", '"']})
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(csv_bytes(frame))), frame)
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(parquet_bytes(frame))), frame)


def test_a_downloaded_page_needs_no_network_and_leaves_the_figure_as_it_was():
    figure = go.Figure(go.Scatter(x=[1], y=[2])).update_layout(title="t", font_color="#E6EAF1")
    page = html_bytes(figure).decode()
    assert 'src="http' not in page and "Plotly" in page
    assert figure.layout.font.color == "#E6EAF1"


def test_said_is_what_a_page_says(study: Path):
    assert "Overview" in said(open_page("overview", study))
