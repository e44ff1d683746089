"""Where the chosen head looks, on the texts whose patterns are stored."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import choose
from dashboards.faults import command, command_of
from dashboards.parts.heads.choice import HeadsChoice
from dashboards.texts import emit
from interp.figures.attention import attention_map
from interp.plates.heads.attention import attention_frame, pattern, where_to

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
        takeaway=where_to([weights]),
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
