"""Which attention heads matter for which language (LAHIS), what they share and what a checkpoint changes."""

from collections.abc import Callable

import streamlit as st

from dashboards.controls import choose_view
from dashboards.faults import told
from dashboards.page import begin
from dashboards.parts.heads import (
    ablation,
    attention,
    changes,
    deltas,
    drawer,
    layers,
    maps,
    overlap,
)
from dashboards.parts.heads.choice import HeadsChoice, choose_heads

# One at a time, so that the chosen head stays near the map in which it is chosen.
PARTS: dict[str, Callable[[HeadsChoice], None]] = {
    "Scores": maps.draw,
    "Differences": deltas.draw,
    "Overlap": overlap.draw,
    "Layers": layers.draw,
    "Changes": changes.draw,
}


def main() -> None:
    """Draw the page."""
    chosen = begin("Heads")
    runs = chosen.choose_runs("lahis")
    if not runs:
        return
    choice = choose_heads(chosen, runs)
    if choice is None:
        return
    _say_gaps(choice)
    part = choose_view("Show", list(PARTS), "h_part")
    with told():
        PARTS[part](choice)
    with told():
        drawer.draw(choice)
    with told():
        ablation.draw(choice)
    with told():
        attention.draw(choice)


def _say_gaps(choice: HeadsChoice) -> None:
    """Say which checkpoints lack a language, and where scores are not numbers."""
    for label, own in choice.maps.items():
        lacking = [lang for lang in choice.languages if lang not in own.languages]
        if lacking:
            st.info(f"{label} has no head scores in {', '.join(lacking)}.")
        broken = [lang for lang in own.languages if lang not in own.whole]
        broken = [lang for lang in broken if lang in choice.languages]
        if broken:
            st.warning(
                f"{label}: some head scores in {', '.join(broken)} are not numbers, so these languages "
                "have no ranks, shares and top heads there. Run interp lahis again with --overwrite."
            )


main()
