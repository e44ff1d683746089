"""The paper's claims as a table: reported, found here, verdict."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from interp.claims.judge import VERDICTS
from interp.claims.wording import laid_out
from interp.plates.claims.judged import judged
from interp.plates.plate import Plate
from interp.plates.view import View


def claims_table(
    view: View,
    *,
    roles: Mapping[str, str] | None = None,
    analyses: tuple[str, ...] | None = None,
) -> Plate:
    """Lay out the claims of arXiv 2606.06586 beside what the study gives.

    A number is reproduced where it rounds to the printed one or lies in the study's 95 % interval
    (`interp.claims.judge`).

    Args:
        view: the study, compared (`interp.compare`).
        roles: role (``grpo`` …) to label, where labels and stages do not say it.
        analyses: only claims about these, e.g. ``("lape",)``; all by default.

    Raises:
        Lacking: the study judges none, e.g. because it is of another model.
    """
    held, rest = judged(view, roles, analyses)
    runs = pd.concat([held["base_run"], held["label_run"]]).dropna()
    return Plate(
        name="claims",
        title="The paper's claims: reported, found here, verdict",
        figure=None,
        frame=held.drop(columns=["file"]),
        reading=claims_text(held, rest),
        runs=view.about(list(runs)),
        table=laid_out(held, "verdict").reset_index(drop=True),
    )


def claims_text(held: pd.DataFrame, rest: pd.DataFrame) -> str:
    """Count the verdicts, those without an interval, and the claims that cannot be judged.

    Args:
        held: rows of `interp.claims.check_claims` that have a verdict on the claim.
        rest: the others.
    """
    counts = held["verdict"].value_counts()
    said = ", ".join(f"{counts[one]} {one}" for one in VERDICTS if one in counts)
    parts = [
        f"Of {len(held) + len(rest)} claims {len(held)} can be held against this study: {said}."
    ]
    bare = int(held["ci_low"].isna().sum())
    if bare:
        rests = "rests on a number" if bare == 1 else "rest on numbers"
        parts.append(
            f"{bare} of these verdicts {rests} without an interval: only digits or signs were compared."
        )
    if len(rest):
        reasons = rest["reason"].value_counts()
        parts.append(
            f"{len(rest)} cannot; the most frequent reason, of {reasons.iloc[0]}: {reasons.index[0]}."
        )
    return " ".join(parts)
