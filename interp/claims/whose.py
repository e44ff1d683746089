"""Whether the runs of a comparison are those of a claim's model."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from interp.claims.claim import Claim
from interp.claims.compared import Compared
from interp.claims.models import is_model, names_of, other_name, other_shape
from interp.errors import InterpError


def names_in(label: str, rows: pd.DataFrame, compared: Compared) -> list[str]:
    """List what a label's model is called: by its run among the compared ones, or else by any.

    Args:
        label: the label.
        rows: rows of one pair of runs.
        compared: the study's comparisons.
    """
    first = rows.iloc[0]
    for side in ("base", "label"):
        if first[side] == label and (names := names_of(compared.spec(first[f"{side}_run"]))):
            return names
    return compared.names(label)


def refuse_contradiction(model: str, root: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a model given by hand that is not the one the runs name.

    Args:
        model: what the user says the base is.
        root: label of the base.
        names: what its runs call it.
        known: the models of the claims.

    Raises:
        InterpError: one line with both names.
    """
    if other := other_name(model, names, known):
        raise InterpError(
            f"--model {model!r}: the runs of {root} name {other!r}; expected that one, or --model only "
            "where they name none"
        )


def other_model(
    claim: Claim,
    root: str,
    own: str | None,
    rows: pd.DataFrame,
    compared: Compared,
    model: str | None,
    known: Iterable[str],
) -> str:
    """Say why the checkpoints are not the claim's; empty where they are.

    Args:
        claim: the claim.
        root: label of the study's base, which has to bear the name of the claim's model.
        own: the label that a level is of; ``None`` for a change, which is of both labels.
        rows: rows of one pair of runs.
        compared: the study's comparisons.
        model: what the user says the base is.
        known: the models of the claims.
    """
    names = [model] if model else names_in(root, rows, compared)
    if not is_model(claim.model, names):
        called = ", ".join(names) or "not named in its runs"
        return f"{root} is {called}, the claim is about {claim.model}"
    first = rows.iloc[0]
    for label in (first["base"], first["label"]):
        if label == root or own not in (None, label):
            continue
        if other := other_name(claim.model, names_in(label, rows, compared), known):
            return f"{label} is {other}, the claim is about {claim.model}"
    if own == root:  # the base's own level has nothing to do with what it is compared with
        return ""
    runs = [str(first[name]) for name in ("base_run", "label_run")]
    specs = [compared.spec(run) for run in runs]
    differ = other_shape(specs[0], specs[1], tuple(compared.notes(run) for run in runs))
    return f"{first['label']} is of another shape: {differ}" if differ else ""
