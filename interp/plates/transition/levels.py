"""One stored statistic per language and checkpoint, with intervals and the verdict on every difference."""

from __future__ import annotations

from typing import Any

import pandas as pd

from interp.data.fact_groups import ENGLISH_ONLY, STATED
from interp.data.languages import in_table_order
from interp.errors import InterpError, unknown
from interp.figures.lens_sets import language_levels
from interp.figures.verdicts import SIGNS, evidence_text
from interp.lens.fact_search import ANY
from interp.lens.pivot import NEAR_TOP
from interp.lens.transition import transition
from interp.lens.transition_frames import ALL_LANGUAGES
from interp.plates.plate import Plate
from interp.plates.transition.source import Lens, lens_of
from interp.plates.transition.words import (
    counted,
    few_said,
    of_runs,
    percent,
    span,
    verdicts_said,
    warned,
    why_not,
)
from interp.plates.view import View
from interp.plates.words import listed
from interp.stats.bootstrap import ENOUGH

MEAN = "mean"
"""Row of the average over the languages beside English."""

SUFFIX = {ANY: "", STATED: "_stated", ENGLISH_ONLY: "_english_only"}
"""Group of facts to the ending of a stored statistic's name."""

_WORDS = {
    "never_crosses": ("never-crossed", "share of facts whose target never passes English"),
    "transition_failure": (
        "transition-failure",
        "share of facts found in English late and not brought over",
    ),
}


def never_crossed(view: View, *, group: str = ANY) -> Plate:
    """Draw in which share of facts the target never passes English, per language and checkpoint.

    Args:
        view: the study, and what of it is shown.
        group: ``any``, ``stated in language`` or ``English only``.

    Raises:
        Lacking: no lens run with English answers.
        InterpError: an unknown group, or one that the facts say nothing about.
    """
    return _plate(
        view, "never_crosses", group, "A fact counts where English is ahead at the last layer."
    )


def transition_failure(view: View, *, group: str = ANY) -> Plate:
    """Draw in which share of facts the transition fails, per language and checkpoint.

    Args:
        view: the study, and what of it is shown.
        group: ``any``, ``stated in language`` or ``English only``.

    Raises:
        Lacking: no lens run with English answers.
        InterpError: an unknown group, or one that the facts say nothing about.
    """
    meant = (
        f"A fact counts where English is among the first {NEAR_TOP + 1} tokens somewhere in the last third "
        "of the layers and still ahead of the target at the end."
    )
    return _plate(view, "transition_failure", group, meant)


def _plate(view: View, statistic: str, group: str, meant: str) -> Plate:
    if group not in SUFFIX:
        raise unknown("group of facts", group, SUFFIX)
    lens = lens_of(view)
    name, words = _WORDS[statistic]
    rows = of_runs(view, lens, statistic + SUFFIX[group])
    frames = [levels(rows, view.base)] if len(rows) else []
    compared = set(rows["label"]) | ({view.base} if len(rows) else set())
    alone = [label for label in lens.runs if label not in compared]
    frames += [_own_levels(view, lens, label, statistic, group) for label in alone]
    frame = pd.concat(frames, ignore_index=True)
    labels = [label for label in lens.runs if label in set(frame["label"])]
    of = "" if group == ANY else f", facts {group}"
    title = f"{words[0].upper()}{words[1:]}{of}: {', '.join(labels)}"
    said = [meant, _span(frame, lens.base if lens.base in labels else labels[0])]
    if len(rows):
        said.append(f"In percentage points, {verdicts_said(rows, points=True)}")
    others = [label for label in alone if label != view.base]
    if others or not len(rows):
        without = (
            f" {listed(others)} stand{'s' if len(others) == 1 else ''} without a verdict."
            if others
            else ""
        )
        said.append(f"{why_not(view, lens, others)}{without}")
    return Plate(
        name=name,
        title=title,
        figure=language_levels(
            frame, view.marks, level_languages(frame), title=title, x=words, percent=True
        ),
        frame=frame,
        reading=" ".join(said)
        + few_said(set(frame.loc[frame["n"] < ENOUGH, "lang"]) - {MEAN})
        + warned(lens, labels),
        runs=view.about([lens.runs[label] for label in labels]),
    )


def _span(frame: pd.DataFrame, label: str) -> str:
    own = frame[(frame["label"] == label) & frame["value"].notna()]
    by_lang = own[own["lang"] != MEAN]
    if by_lang.empty:
        return f"{label} has none of these facts."
    mean = own[own["lang"] == MEAN]
    average = ""
    if len(mean) and len(by_lang) > 1:
        average = f", on average {percent(*(float(mean.iloc[0][one]) for one in ('value', 'low', 'high')))}"
    return f"In {label} it is {span(by_lang, 'value')}{average}."


def _own_levels(view: View, lens: Lens, label: str, statistic: str, group: str) -> pd.DataFrame:
    """Take a checkpoint's levels from its own facts, where no comparison has them."""
    by = "all" if group == ANY else "stated"
    table = transition(view.study, lens.runs[label], by=by)["statistics"]
    own = table[(table["statistic"] == statistic) & (table["n"] > 0)]
    own = own[own["group"] == ("all" if group == ANY else group)]
    own = own[own["lang"].isin([*lens.languages, *([ALL_LANGUAGES] if lens.whole else [])])]
    if own.empty:
        raise InterpError(f"{label} ranked no facts {group}: expected another group of facts")
    return pd.DataFrame(
        {
            "lang": own["lang"].replace(ALL_LANGUAGES, MEAN).to_numpy(),
            "label": label,
            "value": own["value"].to_numpy(),
            "low": own["ci_low"].to_numpy(),
            "high": own["ci_high"].to_numpy(),
            "n": own["n"].to_numpy(),
            "difference": float("nan"),
            "verdict": "",
            "sign": "",
            "evidence": [
                f"{percent(value, low, high)} of {counted(n)}; not compared"
                for value, low, high, n in zip(
                    own["value"], own["ci_low"], own["ci_high"], own["n"], strict=True
                )
            ],
        }
    )


def levels(rows: pd.DataFrame, base: str) -> pd.DataFrame:
    """Lay a statistic out as one row per language and checkpoint.

    Args:
        rows: of ``comparisons``, one statistic.
        base: label of the base.

    Returns:
        Columns lang (``mean`` for the average), label, value, low, high, n (facts), difference, verdict, sign,
        evidence; of the base's own rows the last four are empty.
    """
    lang = rows["lang"].fillna(MEAN)
    own = pd.DataFrame(
        {
            "lang": lang,
            "label": rows["label"],
            "value": rows["label_value"],
            "low": rows["label_low"],
            "high": rows["label_high"],
            "n": rows["n"],
            "difference": rows["value"],
            "verdict": rows["verdict"],
            "sign": rows["verdict"].map(SIGNS),
            "evidence": [
                f"{row['label_value']:.4g} [{row['label_low']:.4g}, {row['label_high']:.4g}]; "
                f"against {base} {evidence_text(row)}"
                for row in _records(rows)
            ],
        }
    )
    # with several pairs the base has a level of each: the first pair's stands for all
    first = rows.assign(lang=lang).drop_duplicates("lang")
    of_base = pd.DataFrame(
        {
            "lang": first["lang"],
            "label": base,
            "value": first["base_value"],
            "low": first["base_low"],
            "high": first["base_high"],
            "n": first["n"],
            "difference": float("nan"),
            "verdict": "",
            "sign": "",
            "evidence": [
                f"{row['base_value']:.4g} [{row['base_low']:.4g}, {row['base_high']:.4g}]"
                for row in _records(first)
            ],
        }
    )
    return pd.concat([of_base, own], ignore_index=True)


def level_languages(frame: pd.DataFrame) -> list[str]:
    """Order the rows of `levels`: languages as in the table, the average last."""
    present = set(frame["lang"])
    rows = list(in_table_order(present - {MEAN}))
    return [*rows, MEAN] if MEAN in present else rows


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): cell for name, cell in row.items()} for row in rows.to_dict("records")]
