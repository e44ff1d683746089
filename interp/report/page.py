"""The page: everything assembled, and written as one HTML text that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from interp.plates.overview.verdicts import all_languages
from interp.plates.view import View
from interp.plates.words import count
from interp.report.cells import Table, table_of
from interp.report.chapters import Chapter
from interp.report.charts import template_json
from interp.report.evidence import beyond_table, verdict_table
from interp.report.methods import comparison_methods, methods
from interp.report.provenance import checkpoints, dates, runs_table
from interp.report.references import ADJUSTMENT, PAPER, works
from interp.report.summary import summary
from interp.report.words import listed, spoken
from interp.study.provenance import code_version, now

GENERATOR = "interp report"
"""By which a page is known to be ours, before it is overwritten."""


def render(view: View, chapters: tuple[Chapter, ...], *, title: str | None = None) -> str:
    """Make the page of a study.

    Args:
        view: the study, and what of it is shown.
        chapters: what is drawn of it (`interp.report.chapters.draw_chapters`).
        title: of the page; the study's name by default.

    Returns:
        HTML with its scripts, styles, figures and numbers inside.
    """
    said, described, shown = summary(view), methods(view), checkpoints(view)
    verdicts = verdict_table(view)
    used = {key for one in described for key in one.works}
    if any(one.paper for chapter in chapters for one in chapter.shown):
        used.add(PAPER)
    if len(verdicts):
        used.add(ADJUSTMENT)
    runs, environments = runs_table(view)
    first, last = dates(view)
    script, style = _file("report.js"), _file("report.css")
    plotly = _without_controls(get_plotlyjs())
    page = _template().render(
        generator=GENERATOR,
        policy=_policy(plotly, script),
        plotly=_inline(plotly),
        script=_inline(script),
        style=Markup(style),
        look=Markup(template_json()),
        title=title or f"Study {view.study.name}",
        study=view.study.name,
        lead=_lead(view, first, last),
        base=view.base,
        others=view.others,
        summary=said,
        all_languages=all_languages(view),
        to_compare=any(one.to_compare for one in said),
        compare_command=view.compare_command,
        checkpoints=table_of(shown, whole=True),
        hashed="weights" in shown,
        chapters=chapters,
        verdicts=_table(verdicts),
        beyond=_table(beyond_table(view), whole=False),
        methods=described,
        comparison=comparison_methods(view),
        works=works(used),
        version=code_version(),
        runs=table_of(runs, whole=True),
        environments=environments,
        counts=_counts(chapters),
        day=now()[:10],
    )
    return _weighed(page)


def _lead(view: View, first: str, last: str) -> str:
    """Say in one sentence what was compared, in which languages, and when."""
    runs = view.study.runs()
    there = set(runs.loc[runs["label"].isin(view.labels), "analysis"])
    known = [name for key, name in _SHORT.items() if key in there] + sorted(there - set(_SHORT))
    of = (
        f"{listed(view.others)} against {view.base}"
        if view.others
        else f"{view.base}, the only checkpoint"
    )
    when = f"on {first}" if first == last else f"between {first} and {last}"
    return (
        f"{of}: {listed(known)}, in {count(len(view.languages), 'language')} "
        f"({', '.join(view.languages)}); runs finished {when}."
    )


def _counts(chapters: tuple[Chapter, ...]) -> str:
    shown = [one for chapter in chapters for one in chapter.shown]
    figures = sum(one.chart is not None for one in shown)
    return f"{count(figures, 'figure')} and {count(len(shown) - figures, 'table')}"


def _table(frame: Any, *, whole: bool = True) -> Table | None:
    return table_of(frame, whole=whole) if len(frame) else None


def _policy(*scripts: str) -> str:
    """Allow these very scripts and nothing else: no request, and no script of a study's making."""
    hashes = " ".join(f"'sha256-{_digest(one)}'" for one in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "font-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _without_controls(script: str) -> str:
    """Write control characters in strings of a script as escapes; HTML forbids them as they are."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", script)


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _inline(script: str) -> Markup:
    """Put our own code into the page as it is; it must not end its element."""
    low = script.lower()
    assert "</script" not in low and "<!--" not in low
    return Markup(script)


_WEIGHT = "weight unknown"
"""Stands for the page's weight until it is known."""


def _weighed(page: str) -> str:
    return page.replace(_WEIGHT, f"{len(page.encode()) / 1e6:.1f} MB")


_SHORT = {
    "lape": "neurons (LAPE)", "lahis": "heads (LAHIS)", "lens": "logit lens", "mcq": "option scores",
    "klar": "free generation (KLAR)", "similarity": "similarity", "ablation": "ablation",
    "attention": "attention patterns", "train": "training",
}  # fmt: skip
"""Analysis to its name in a sentence."""


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("interp.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["spoken"] = spoken
    environment.globals["weight"] = _WEIGHT
    return environment.get_template("report.html.j2")


def _file(name: str) -> str:
    return (resources.files("interp.report") / name).read_text(encoding="utf-8")
