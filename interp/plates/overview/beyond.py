"""What differs beyond noise, largest first: a line per statistic and checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from interp.evidence.meanings import meaning
from interp.evidence.places import EVERY, far, with_places
from interp.evidence.rows import evidence
from interp.plates.overview.verdicts import all_languages, judged_rows
from interp.plates.plate import Plate
from interp.plates.view import View
from interp.plates.words import count, listed
from interp.stats.verdict import BEYOND, WITHIN

MOST = 20
"""Lines of the table; the frame has all."""


def beyond(view: View, *, most: int = MOST) -> Plate:
    """List every statistic that differs beyond noise somewhere, the clearest first.

    Statistics have units of their own, so they are ordered by how many times the noise floor the
    difference is at the place where it is largest.

    Args:
        view: the study, and what of it is shown.
        most: lines of the table.

    Raises:
        Lacking: nothing has been compared.
    """
    rows = judged_rows(view)
    frame = beyond_frame(rows)
    return Plate(
        name="beyond-noise",
        title=f"Beyond noise against {view.base}, clearest first",
        figure=None,
        frame=frame,
        reading=_reading(view, rows, frame, most) + all_languages(view),
        runs=view.about([*rows["base_run"], *rows["label_run"]]),
        table=_table(frame.head(most)),
    )


def beyond_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep of every statistic that is beyond noise somewhere the place where it is clearest.

    Args:
        rows: rows of ``comparisons``.

    Returns:
        Rows of ``comparisons`` with ``place`` and ``rest``, and in front ``times_floor`` (how far from no
        difference, in noise floors; infinite where the floor allows none), ``places_beyond`` and
        ``places`` (of how many), the largest ``times_floor`` first, those without one last.
    """
    keys = ["label", "analysis", "preset", "data", "statistic"]
    named = with_places(rows)
    away = far(named).to_numpy(float)
    floor = named["noise_floor"].to_numpy(float)
    allowed = np.where(named["kind"] == "likeness", 1 - floor, floor)
    times = np.full(len(away), np.nan)
    np.divide(away, allowed, out=times, where=allowed > 0)
    found = named.assign(
        times_floor=times,
        away=away,
        is_beyond=(named["verdict"] == BEYOND).astype(int),
    )
    grouped = found.groupby(keys, sort=False)["is_beyond"]
    found = found.assign(places_beyond=grouped.transform("sum"), places=grouped.transform("size"))
    found = found[found["is_beyond"] == 1].sort_values(
        ["times_floor", "away"], ascending=False, kind="stable"
    )
    first = ["times_floor", "places_beyond", "places"]
    found = found.drop_duplicates(keys).drop(columns=["is_beyond", "away"])
    return found[[*first, *(name for name in found if name not in first)]].reset_index(drop=True)


def _table(frame: pd.DataFrame) -> pd.DataFrame:
    """Write the frame in words, a line per statistic."""
    lines = evidence(frame)
    rows = frame.to_dict("records")
    return pd.DataFrame(
        {
            "checkpoint": frame["label"],
            "what": [_what(row) for row in rows],
            "beyond noise at": [_how_many(row) for row in rows],
            "clearest at": frame["place"],
            "base": lines.get("base", "–"),
            "difference [95 % interval]": lines["value"],
            "noise floor": lines["floor"],
            "times the floor": [_times(one) for one in frame["times_floor"]],
            "adjusted p": lines["p"],
        }
    )


def _what(row: Any) -> str:
    what = meaning(row["analysis"], row["statistic"], row["kind"]).rpartition(" (")[0]
    return f"{row['analysis']} {row['statistic']}" + (f": {what}" if what else "")


def _how_many(row: Any) -> str:
    return f"{row['places_beyond']} of {count(row['places'], 'place')}"


def _times(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.1f}"


def _reading(view: View, rows: pd.DataFrame, frame: pd.DataFrame, most: int) -> str:
    judged = set(rows.loc[rows["verdict"].isin([BEYOND, WITHIN]), "label"])
    without = [label for label in view.others if label not in set(frame["label"])]
    nothing = [label for label in without if label in judged]
    unknown = [label for label in without if label not in judged]
    parts = []
    for label, own in frame.groupby("label", sort=False):
        row = own.iloc[0]
        at = "" if row["place"] == EVERY else f" ({row['place']})"
        how = f" with {_times(row['times_floor'])} times the noise floor"
        parts.append(
            f"{label} in {count(int(own['places_beyond'].sum()), 'place')} of "
            f"{count(len(own), 'statistic')}, most clearly {row['analysis']} "
            f"{row['statistic']}{at}{'' if np.isnan(row['times_floor']) else how}"
        )
    said = []
    if parts:
        said.append(f"Somewhere beyond noise against {view.base}: {'; '.join(parts)}.")
    if nothing:
        said.append(f"Nothing of {listed(nothing)} differs from {view.base} beyond noise.")
    if unknown:
        said.append(f"Of {listed(unknown)} nothing could be judged.")
    if parts:
        said.append(
            "Each line names the place where the statistic is clearest; of several that one is likely "
            "overstated."
        )
    if lacking := int(frame["times_floor"].isna().sum()):
        said.append(
            f"{count(lacking, 'line has', 'lines have')} a noise floor that allows no difference at all "
            "and so no multiple of it."
        )
    if len(frame) > most:
        said.append(f"The first {most} of {len(frame)} lines are shown.")
    return " ".join(said)
