"""What ablating the sets did that the chosen head belongs to."""

from __future__ import annotations

import json
import shlex
from collections.abc import Hashable
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import choose
from dashboards.faults import command, command_of
from dashboards.parts.heads.choice import HeadsChoice
from interp.causal.containing import set_effects, sets_with
from interp.figures.one_head import set_effects as draw_effects
from interp.plates.heads.ablation import UNITS


def draw(choice: HeadsChoice) -> None:
    """Draw the effect of a stored set, or say how to get one."""
    st.subheader("Ablation")
    runs = choice.chosen.runs_of("ablation")
    runs = runs[runs["label"].isin(choice.maps)]
    asked = {
        run: json.loads(text) for run, text in zip(runs["run_id"], runs["arguments"], strict=True)
    }
    runs = runs[[asked[run]["part"] == "heads" for run in runs["run_id"]]]
    if runs.empty:
        st.info(f"No heads of {', '.join(choice.maps)} have been ablated. To do it:")
        label = shlex.quote(choice.label)
        command(command_of(choice.chosen.source, "ablation", choice.label, "--heads-from", label))
        return
    run_id = _which_run(choice, runs)
    label = str(runs.set_index("run_id").at[run_id, "label"])
    source = choice.chosen.source
    sets = source.derive(sets_with, run_id, choice.layer, choice.head)
    name, arguments = f"{choice.layer}.{choice.head}", asked[run_id]
    kind = f"{arguments['sets']} heads of {arguments['source_label']}"
    if not sets:
        st.info(
            f"Head {name} is in none of the sets ablated in {label} ({kind} per language): there is "
            "no effect to show for it."
        )
        return
    st.markdown(
        f"Head {name} is in the ablated set of {', '.join(sets)} ({kind}). **An effect is that of the "
        "whole set, not of this head alone.**"
    )
    default = choice.lang if choice.lang in sets else None
    lang = choose("Set of", list(sets), "h_set", default=default)
    frame = source.derive(set_effects, run_id, lang)
    shown = choice.chosen.shown(list(dict.fromkeys(frame["lang"])))
    frame = frame[frame["lang"].isin(shown)]
    unit = UNITS[str(arguments["loss"])]
    show(
        draw_effects(
            frame,
            shown,
            title=f"{label} without the {sets[lang]} {arguments['sets']} heads of {lang}: loss",
            unit=unit,
        ),
        frame,
        "h_ablated",
        runs=choice.about(((label, run_id),)),
        takeaway=_beside_random(frame, lang, unit),
    )


def _which_run(choice: HeadsChoice, runs: pd.DataFrame) -> str:
    ids = list(runs["run_id"])
    if len(ids) == 1:
        return str(ids[0])
    of_label = runs.loc[runs["label"] == choice.label, "run_id"]
    return choose(
        "Ablation run", ids, "h_ablation", default=of_label.iloc[-1] if len(of_label) else None
    )


def _beside_random(frame: pd.DataFrame, lang: str, unit: str) -> str:
    """Say what the set does to its own language, or else to the first measured, beside its controls."""
    if frame.empty:
        return "None of the languages shown was measured."
    on = lang if lang in set(frame["lang"]) else str(frame["lang"].iloc[0])
    own = {str(row["kind"]): row for row in frame[frame["lang"] == on].to_dict("records")}
    controls = [f"{_with_ends(own[kind])} without {kind} heads" for kind in own if kind != "heads"]
    beside = f", by {' and '.join(controls)}" if controls else ""
    return f"On {on} the loss changes by {_with_ends(own['heads'])} {unit} without these heads{beside}."


def _with_ends(row: dict[Hashable, Any]) -> str:
    """Write a change with its interval."""
    ends = "" if pd.isna(row["ci_low"]) else f" [{row['ci_low']:.2f}, {row['ci_high']:.2f}]"
    return f"{row['delta_nll']:+.2f}{ends}"
