"""The paper's percentages beside the study's, with intervals."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from interp.claims import packaged_claims
from interp.claims.judge import OTHER_DATA, REPRODUCED
from interp.figures.claims import reported_beside
from interp.plates.claims.judged import judged
from interp.plates.plate import Plate
from interp.plates.view import View

_UNIT = "%"


def claims_beside(
    view: View,
    *,
    roles: Mapping[str, str] | None = None,
    analyses: tuple[str, ...] | None = None,
) -> Plate:
    """Draw every claimed percentage beside the study's.

    Args:
        view: the study, compared (`interp.compare`).
        roles: role (``grpo`` …) to label, where labels and stages do not say it.
        analyses: only claims about these; all by default.

    Raises:
        Lacking: the study judges no claim.
    """
    held, _ = judged(view, roles, analyses)
    numbers = {
        one.id: one.reported[0]
        for one in packaged_claims()
        if one.reported and len(one.reported) == 1
    }
    rows = held[(held["unit"] == _UNIT) & held["id"].isin(numbers) & held["value_to"].isna()]
    frame = pd.DataFrame(
        {
            "row": rows["of"] + ": " + rows["claim"],
            "analysis": rows["analysis"],
            "reported": rows["id"].map(numbers).astype(float),
            "value": rows["value"].astype(float),
            "ci_low": rows["ci_low"].astype(float),
            "ci_high": rows["ci_high"].astype(float),
            "verdict": rows["verdict"],
        }
    ).reset_index(drop=True)
    title = f"Percentages that the paper reports, beside study {view.study.name}"
    return Plate(
        name="claims-beside",
        title=title,
        figure=reported_beside(frame, title=title, x="%"),
        frame=frame,
        reading=beside_text(frame),
        runs=view.about(list(pd.concat([rows["base_run"], rows["label_run"]]).dropna())),
    )


def beside_text(frame: pd.DataFrame) -> str:
    """Count the percentages that are reproduced, and name the one that lies farthest off.

    Args:
        frame: columns ``row``, ``reported``, ``value`` (percent) and ``verdict``.
    """
    alike = frame[frame["verdict"] != OTHER_DATA]
    if alike.empty:
        return "No claim of a single percentage can be held against this study."
    same = alike[alike["verdict"] == REPRODUCED]
    gap = (alike["value"] - alike["reported"]).abs()
    far = alike.to_dict("records")[int(gap.to_numpy().argmax())]
    other = len(frame) - len(alike)
    return (
        f"{len(same)} of {len(alike)} reported percentages "
        f"{'is' if len(same) == 1 else 'are'} reproduced. The numbers differ by "
        f"{gap.median():.1f} points in the median; most for “{far['row']}”: reported "
        f"{far['reported']:g} %, here {far['value']:.1f} %."
        + (
            f" {other} more {'was' if other == 1 else 'were'} measured here on other data than "
            f"claimed, and {'says' if other == 1 else 'say'} nothing of the claim."
            if other
            else ""
        )
    )
