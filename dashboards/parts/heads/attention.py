"""Where the chosen head looks, on the texts whose patterns are stored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from dashboards.chart import show
from dashboards.controls import choose
from dashboards.faults import command, command_of
from dashboards.parts.heads.choice import HeadsChoice
from dashboards.texts import emit
from interp.attention.measures import measure
from interp.attention.tables import TENSORS
from interp.figures.attention import attention_map
from interp.study import Study

_COLUMNS = ("run_id", "lang", "sample_id", "tokens", "tensor_key")


def draw(choice: HeadsChoice) -> None:
    """Draw a stored pattern, or say how to store one."""
    st.subheader("Attention")
    name = f"{choice.layer}.{choice.head}"
    stored = _stored(choice)
    if stored.empty:
        st.info(f"No attention patterns of head {name} are stored. To store some:")
        command(command_of(choice.chosen.source, "attention", choice.label, f"--heads {name}"))
        return
    labels = list(dict.fromkeys(stored["label"]))
    label = choice.label if choice.label in labels else labels[0]
    if label != choice.label:
        st.info(f"{choice.label} has no stored pattern of this head; these are {label}'s.")
    here = stored[stored["label"] == label]
    own = here[here["lang"] == choice.lang]
    if own.empty:
        st.info(
            f"No pattern of head {name} is stored in {choice.lang}; there are some in "
            f"{', '.join(dict.fromkeys(here['lang']))}. To store this language's:"
        )
        more = (f"--heads {name}", f"--languages {choice.lang}")
        command(command_of(choice.chosen.source, "attention", label, *more))
        return
    sample = choose("Text", list(dict.fromkeys(own["sample_id"])), "h_sample")
    row = own[own["sample_id"] == sample].iloc[-1]
    tokens = [str(token) for token in row["tokens"]]
    weights = choice.chosen.source.derive(pattern, str(row["run_id"]), str(row["tensor_key"]))
    emit("".join(tokens), choice.lang)
    show(
        attention_map(weights, tokens, title=f"Head {name} of {label} on {sample} ({choice.lang})"),
        attention_frame(weights, tokens),
        "h_attention",
        runs=choice.about(((label, str(row["run_id"])),)),
        takeaway=_where_to(weights),
    )


def _stored(choice: HeadsChoice) -> pd.DataFrame:
    """Return the stored patterns of this head, of the checkpoints shown, with their label."""
    runs = choice.chosen.runs_of("attention")
    runs = runs[runs["label"].isin(choice.maps)]
    frames = [
        choice.chosen.source.rows(
            "attention",
            str(run_id),
            where={"layer": choice.layer, "head": choice.head},
            columns=_COLUMNS,
        ).assign(label=label)
        for run_id, label in zip(runs["run_id"], runs["label"], strict=True)
    ]
    if not frames:
        return pd.DataFrame(columns=[*_COLUMNS, "label"])
    return pd.concat(frames, ignore_index=True)


def pattern(study: Study, run_id: str, tensor_key: str) -> NDArray[np.float64]:
    """Read one pattern, ``[query, key]``; what a causal model cannot see is not a number.

    Args:
        study: the study.
        run_id: a run of attention patterns.
        tensor_key: as in the table ``attention``.
    """
    weights = study.tensors(run_id, TENSORS)[tensor_key].astype(np.float64)
    later = np.triu(np.ones(weights.shape, bool), 1)
    return np.where(later & (weights == 0), np.nan, weights)


def attention_frame(weights: NDArray[np.float64], tokens: list[str]) -> pd.DataFrame:
    """Lay a pattern out: a row per query and key that it can see."""
    query, key = np.nonzero(~np.isnan(weights))
    names = np.array(tokens, dtype=object)
    return pd.DataFrame(
        {
            "query": query,
            "key": key,
            "query_token": names[query],
            "key_token": names[key],
            "weight": weights[query, key],
        }
    )


def _where_to(weights: NDArray[np.float64]) -> str:
    found = measure([np.nan_to_num(weights)])
    if not found.n_queries:
        return "The text is too short to say where attention goes: it has fewer than three tokens."
    return (
        f"From the third token on, {100 * found.first:.0f} % of the attention goes to the first "
        f"token, {100 * found.previous:.0f} % to the one before, {100 * found.itself:.0f} % to the "
        "token itself."
    )
