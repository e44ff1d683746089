"""Which of the paper's claims a study can judge."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from interp.claims import check_claims, packaged_claims
from interp.claims.judge import NOT_COMPUTED, OTHER_MODEL
from interp.plates.plate import Lacking
from interp.plates.view import View


def judged(
    view: View, roles: Mapping[str, str] | None, analyses: tuple[str, ...] | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hold the paper's claims against a study's stored comparisons.

    Args:
        view: the study.
        roles: role (``grpo`` …) to label, where labels and stages do not say it.
        analyses: only claims about these; all by default.

    Returns:
        Rows of `interp.claims.check_claims` that have a verdict on the claim, and the others.

    Raises:
        Lacking: none has one.
    """
    found = view.once(_checked, analyses, tuple((roles or {}).items()))
    open_ones = found["verdict"].isin([NOT_COMPUTED, OTHER_MODEL])
    held, rest = found[~open_ones], found[open_ones]
    if held.empty:
        other = rest.loc[rest["verdict"] == OTHER_MODEL, "reason"]
        why = str(other.iloc[0]) if len(other) else str(rest["reason"].mode().iloc[0])
        raise Lacking(
            f"none of the paper's {len(found)} claims is judged by study {view.study.path}: {why}"
        )
    return held, rest


def _checked(
    view: View, analyses: tuple[str, ...] | None, roles: tuple[tuple[str, str], ...]
) -> pd.DataFrame:
    """Hold the claims once for all plates of a view."""
    claims = [one for one in packaged_claims() if analyses is None or one.analysis in analyses]
    return check_claims(view.study, claims, chosen=dict(roles) or None, compute=False)
