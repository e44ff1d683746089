"""How many neurons each language has."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.faults import say_not_compared
from dashboards.page import Chosen
from dashboards.parts.neurons.shown import Shown
from interp.evidence.rows import evidence
from interp.figures.neuron_counts import language_bars
from interp.plates.neurons.frames import CHANGE, NUMBER, SHARE, count_frame
from interp.plates.neurons.selected import few_tokens
from interp.plates.neurons.stored import Rows, stored_rows
from interp.plates.neurons.words import most_and_least, verdicts


def draw_counts(
    chosen: Chosen, shown: Sequence[Shown], languages: Sequence[str], view: str
) -> None:
    """Draw neurons per language and checkpoint, with what is stored about their differences."""
    rows = stored_rows(chosen, shown, "neurons")
    frame = count_frame(shown, languages, chosen.base, view, rows)
    title, axis = {
        NUMBER: ("Language-specific neurons", "neurons"),
        SHARE: ("Language-specific neurons, share of all selected ones", "share of the selected"),
        CHANGE: (
            f"Language-specific neurons, change against {chosen.base}",
            "neurons more or less",
        ),
    }[view]
    show(
        language_bars(
            frame,
            chosen.marks,
            title=f"{title}: {', '.join(dict.fromkeys(frame['label']))}",
            y=axis,
            percent=view == SHARE,
        ),
        frame,
        "n_counts",
        runs=chosen.about([one.run_id for one in shown]),
        takeaway=most_and_least(frame, view) + verdicts(frame),
    )
    few = [lang for lang in languages if any(few_tokens(one, lang) for one in shown)]
    if few:
        st.badge(
            f"Few tokens: {', '.join(few)}. Compare their counts with care: rarer firing is "
            "estimated worse.",
            icon=":material/warning:",
            color="orange",
        )
    _say_evidence(chosen, shown, rows)


def _say_evidence(chosen: Chosen, shown: Sequence[Shown], rows: Rows) -> None:
    """Show the stored comparison, or say why there is none."""
    labels = [one.label for one in shown]
    if len(labels) < 2 or chosen.base not in labels:
        return
    refused = chosen.not_comparable("lape")
    for row in refused[refused["label"].isin(labels)].to_dict("records"):
        st.warning(f"{row['label']} cannot be compared with {chosen.base}: {row['reason']}")
    if not rows:
        if refused.empty:
            say_not_compared(chosen.source, chosen.base)
        return
    if not all(one.stored for one in shown):
        st.info(
            "Thresholds differ from those that the runs were made with: intervals and verdicts were "
            "computed for the runs' own, and are not drawn. They stand below."
        )
    with st.expander("Evidence, at the thresholds of the runs", icon=":material/balance:"):
        table = pd.DataFrame(list(rows.values()))
        st.dataframe(evidence(table), hide_index=True, key="n_evidence")
        st.caption(
            "Value with its 95 % bootstrap interval over blocks of text; floor: what two halves of the "
            "baseline's own text differ by (95th percentile); p after Holm over languages."
        )
    st.page_link("views/statistics.py", label="The layers of these neurons, as distributions")
