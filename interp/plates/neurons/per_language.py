"""How many language-specific neurons each language has: the paper's Figure 5, and its change with evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from interp.figures.neuron_counts import language_bars
from interp.figures.neuron_points import evidence_dots, language_points
from interp.figures.verdicts import SIGNS
from interp.plates.neurons.frames import CHANGE, NUMBER, count_frame
from interp.plates.neurons.selected import Selected, about, need_pair, of_base, read_all, spoken
from interp.plates.neurons.stored import own_rows, stored_rows
from interp.plates.neurons.words import (
    about_evidence,
    about_tokens,
    most_and_least,
    named,
    with_intervals,
)
from interp.plates.plate import Plate
from interp.plates.view import View
from interp.stats.verdict import BEYOND

_ENGLISH = "en"


def counts(view: View) -> Plate:
    """Draw the number of neurons per language and checkpoint on a logarithmic axis.

    Source: the paper's Figure 5. It has bars on a logarithmic axis that is cut near 40, so that their
    length means nothing; here the same numbers stand as points on the same kind of axis.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no LAPE run.
    """
    shown, languages, frame = _counted(view)
    labels = [one.label for one in shown]
    title = f"Language-specific neurons: {', '.join(labels)}"
    rows = own_rows(view, shown, "neurons", languages)
    return Plate(
        name="neuron-counts",
        title=title,
        figure=language_points(frame, view.marks, title=title, y="neurons (logarithmic)"),
        frame=frame,
        reading=f"{most_and_least(frame, NUMBER)}. {_english(frame, view.base)}{_on_a_log_axis(frame)}"
        f"{about_evidence(view, shown, rows)}{about_tokens(shown, languages)}",
        runs=about(view, shown),
        paper="Figure 5",
    )


def counts_with_intervals(view: View) -> Plate:
    """Draw the number of neurons per language and checkpoint as bars from 0, with intervals and verdicts.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no LAPE run.
    """
    shown, languages, frame = _counted(view)
    labels = [one.label for one in shown]
    title = f"Language-specific neurons, bars from 0{with_intervals(frame)}: {', '.join(labels)}"
    rows = own_rows(view, shown, "neurons", languages)
    return Plate(
        name="neuron-counts-intervals",
        title=title,
        figure=language_bars(frame, view.marks, title=title, y="neurons"),
        frame=frame,
        reading=f"{_totals(shown)}{_how_sure(frame)} {about_evidence(view, shown, rows)}"
        f"{_beyond(frame)}{about_tokens(shown, languages)}",
        runs=about(view, shown),
    )


def change(view: View) -> Plate:
    """Draw how many percent more or fewer neurons each language has than in the base, with intervals.

    The interval is that of the change in percent; the verdict is that of the number itself, since
    exchanged labels reach a rise in percent rarely and a fall often (`interp.lape.differences`).

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no LAPE run, or none of the base or beside it.
    """
    shown, languages, _ = _counted(view)
    labels = [one.label for one in shown if one.label != view.base]
    need_pair(view, [one.label for one in shown])
    frame = change_frame(view, shown, languages)
    title = f"Language-specific neurons, change against {view.base} in %: {', '.join(labels)}"
    rows = own_rows(view, shown, "neurons", languages)
    return Plate(
        name="neuron-change",
        title=title,
        figure=evidence_dots(
            frame, languages, view.marks, title=title, kind="difference",
            x=f"change of the number of neurons against {view.base} (%)",
        ),
        frame=frame,
        reading=f"{_changes(frame)} {about_evidence(view, shown, rows)}"
        f"{_from_none(frame)}{about_tokens(shown, languages)}",
        runs=about(view, shown),
    )  # fmt: skip


def _counted(view: View) -> tuple[list[Selected], list[str], pd.DataFrame]:
    shown = read_all(view)
    languages = spoken(shown, view.languages)
    rows = stored_rows(view, shown, "neurons")
    return shown, languages, count_frame(shown, languages, view.base, NUMBER, rows)


def change_frame(view: View, shown: Sequence[Selected], languages: Sequence[str]) -> pd.DataFrame:
    """Lay out the changes in percent.

    Args:
        view: the study, and what of it is shown.
        shown: its checkpoints, the base among them.
        languages: in order.

    Returns:
        Columns ``place`` (language), ``label``, ``base_neurons``, ``neurons``, ``value`` (percent of
        the base's; not a number where it has none), ``low``, ``high``, ``floor``, ``verdict`` (of the
        number) and ``said``.
    """
    first = of_base(shown, view.base)
    numbers = count_frame(
        shown, languages, view.base, CHANGE, stored_rows(view, shown, "neurons")
    ).to_dict("records")
    percent = stored_rows(view, shown, "neurons_change")
    found = []
    for row in numbers:
        before = first.total(row["lang"])
        value = 100 * row["value"] / before if before else math.nan
        known = percent.get((row["label"], row["lang"]), {})
        same = bool(known) and math.isclose(known["value"], value)
        low, high, floor = (
            float(known[name]) if same else math.nan
            for name in ("ci_low", "ci_high", "noise_floor")
        )
        found.append(
            {
                "place": row["lang"], "label": row["label"], "base_neurons": before,
                "neurons": row["neurons"], "value": value, "low": low, "high": high, "floor": floor,
                "verdict": row["verdict"],
                "said": f"{row['label']}, {row['lang']}: {before:,} to {row['neurons']:,}, "
                f"{_percent(value, low, high)}{_sign(row['verdict'])}",
            }
        )  # fmt: skip
    names = [
        "place", "label", "base_neurons", "neurons", "value", "low", "high", "floor", "verdict", "said",
    ]  # fmt: skip
    return pd.DataFrame(found, columns=names)


def _percent(value: float, low: float = math.nan, high: float = math.nan) -> str:
    if math.isnan(value):
        return "no change in % from none"
    ends = "" if math.isnan(low) else f" [{low:+.1f}, {high:+.1f}]"
    return f"{value:+.1f} %{ends}" if value else f"no change{ends}"


def _sign(verdict: str) -> str:
    return f", {SIGNS[verdict]} {verdict}" if verdict in SIGNS else ""


def _english(frame: pd.DataFrame, base: str) -> str:
    """Follow English through the checkpoints: of it the paper's claim is."""
    own = frame[frame["lang"] == _ENGLISH]
    if own.empty:
        return ""
    before = own.loc[own["label"] == base, "neurons"]
    first = int(before.iloc[0]) if len(before) else 0
    parts = []
    for row in own.to_dict("records"):
        text = f"{row['label']} {row['neurons']:,}"
        if row["label"] != base and first:
            text += f" ({_percent(100 * (row['neurons'] - first) / first)}{_sign(row['verdict'])})"
        parts.append(text)
    return f"English has: {', '.join(parts)}. "


def _on_a_log_axis(frame: pd.DataFrame) -> str:
    counted = frame.loc[frame["value"] > 0, "value"]
    if counted.nunique() < 2:
        return ""
    factor = counted.max() / counted.min()
    said = f"Counts lie up to a factor of {factor:,.3g} apart, so the axis is logarithmic; on it "
    said += "the length of a bar would mean nothing, hence points. "
    if (frame["value"] == 0).any():
        said += "A count of 0 stands at a tick of its own below 1. "
    return said


def _totals(shown: Sequence[Selected]) -> str:
    """Say how many neurons were selected; where all have one number, once."""
    totals = {one.n_selected() for one in shown}
    if len(totals) > 1:
        said = ", ".join(f"{one.label} {one.n_selected():,}" for one in shown)
        return f"Selected neurons: {said}."
    (total,) = totals
    if len(shown) == 1:
        return f"{shown[0].label} has {_neurons(total)}."
    # true of the same languages, each neuron being of one
    spoken_by = {frozenset(one.per_layer) for one in shown}
    one_each = all(sum(map(sum, one.per_layer.values())) == total for one in shown)
    trade = total and one_each and len(spoken_by) == 1 and len(*spoken_by) > 1
    more = ": where one language gains, others lose" if trade else ""
    return f"Every checkpoint has {_neurons(total)}{more}."


def _neurons(n: int) -> str:
    return f"{n:,} selected neuron{'' if n == 1 else 's'}"


def _how_sure(frame: pd.DataFrame) -> str:
    known = frame.dropna(subset=["low", "high"])
    if known.empty:
        return ""
    row = known.iloc[int((known["high"] - known["low"]).to_numpy().argmax())]
    if row["high"] == row["low"]:
        return ""
    return (
        f" On other text a count would be another: the widest 95 % interval is {row['low']:,.4g} to "
        f"{row['high']:,.4g} around {row['value']:,} ({row['lang']}, {row['label']})."
    )


def _beyond(frame: pd.DataFrame) -> str:
    """Name what is beyond noise."""
    own = frame[frame["verdict"] == BEYOND]
    if own.empty:
        return ""
    parts = [
        f"{label} {named(mine['lang'].tolist(), 6)}"
        for label, mine in own.groupby("label", sort=False)
    ]
    return f" Beyond noise: {'; '.join(parts)}."


def _changes(frame: pd.DataFrame) -> str:
    """Say of each checkpoint which language changes most in percent, and how many rise and fall."""
    parts = []
    for label, mine in frame.groupby("label", sort=False):
        own = mine.dropna(subset=["value"])
        if own.empty:
            continue
        rises, falls = int((own["value"] > 0).sum()), int((own["value"] < 0).sum())
        row = own.iloc[int(own["value"].abs().to_numpy().argmax())]
        said = f"{label}: {rises} of {_languages(len(own))} more, {falls} fewer"
        if row["value"]:
            said += f", most {row['place']} {_percent(row['value'], row['low'], row['high'])}"
            said += f" (from {row['base_neurons']:,} to {row['neurons']:,}{_sign(row['verdict'])})"
        parts.append(said)
    if frame.empty:
        return "No language was measured in both."
    return f"{'; '.join(parts)}." if parts else "The base has no neurons of these languages."


def _languages(n: int) -> str:
    return f"{n} language{'' if n == 1 else 's'}"


def _from_none(frame: pd.DataFrame) -> str:
    none = list(dict.fromkeys(frame.loc[frame["value"].isna(), "place"]))
    return f" From none there is no change in percent: {named(none, 6)}." if none else ""
