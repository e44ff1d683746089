"""Drives the dashboard without a browser."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import plotly.graph_objects as go
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parent.parent.parent
APP = ROOT / "dashboards" / "app.py"
DEMO = ROOT / "artifacts" / "demo"
TIMEOUT = 60.0
"""Seconds; two busy cores read a study slowly."""


def open_page(page: str, study: Path = DEMO, **query: str | list[str]) -> AppTest:
    """Run a page of a study.

    Args:
        page: stem of its file in ``dashboards/views``.
        study: folder of the study.
        **query: what the URL says.
    """
    with mock.patch.object(sys, "argv", ["app.py"]):
        app = AppTest.from_file(str(APP), default_timeout=TIMEOUT)
        app.query_params["study"] = str(study)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        if page != "overview":
            app.switch_page(f"views/{page}.py").run()
    return app


@dataclass(frozen=True)
class Seen:
    """What a reader saw of one page.

    Attributes:
        failures: exceptions, with their tracebacks.
        text: every sentence.
        charts: the keys of its charts.
        commands: the blocks that can be copied.
        errors: the sentences that say what is wrong.
    """

    failures: tuple[str, ...]
    text: str
    charts: tuple[str, ...]
    commands: tuple[str, ...]
    errors: tuple[str, ...]


def walk(pages: Sequence[str], study: Path, **query: str | list[str]) -> dict[str, Seen]:
    """Look at one page after another, as one reader does; the first is where the app opens."""
    app = open_page("overview", study, **query)
    found = {}
    for page in pages:
        if page != "overview":
            app.switch_page(f"views/{page}.py").run()
        found[page] = Seen(
            tuple(_traceback(one) for one in app.exception),
            said(app),
            tuple(charts(app)),
            tuple(str(one.value) for one in app.code),
            tuple(str(one.value) for one in app.error),
        )
    return found


def _traceback(failure: Any) -> str:
    return "\n".join([failure.message, *failure.stack_trace])


def check_quiet(app: AppTest) -> None:
    """Hold that a page raised nothing."""
    assert not app.exception, [_traceback(one) for one in app.exception]


def charts(app: AppTest) -> dict[str, go.Figure]:
    """Return the page's charts by the key that they were shown under."""
    found = {}
    for element in app.get("plotly_chart"):
        key = element.proto.id.split("-")[-1]
        found[key.removeprefix("chart_")] = go.Figure(json.loads(element.proto.spec))
    return found


def described(app: AppTest) -> list[str]:
    """Return every chart's description."""
    return [element.proto.alt for element in app.get("plotly_chart")]


def click(app: AppTest, key: str, customdata: list[Any]) -> AppTest:
    """Click a point of a chart, as a browser does: its callback runs, and gets a list as a mapping."""
    (chart,) = [one for one in app.get("plotly_chart") if one.proto.id.endswith(f"-chart_{key}")]
    point = {"customdata": {str(at): value for at, value in enumerate(customdata)}}
    states = app._tree.get_widget_states()
    states.widgets.add(
        id=chart.proto.id, string_value=json.dumps({"selection": {"points": [point]}})
    )
    return app._run(states)


def said(app: AppTest) -> str:
    """Return every sentence on the page, one text."""
    kinds = (app.error, app.warning, app.info, app.caption, app.markdown, app.code, app.title)
    return "\n".join(str(one.value) for kind in kinds for one in kind)
