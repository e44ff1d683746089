"""What the page on heads shows: runs, language, checkpoint, head and cut, from widgets bound to the URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from dashboards.controls import choose, choose_view, number, toggle
from dashboards.faults import command, command_of, stored_comparisons, told
from dashboards.page import Chosen
from interp.importers.imported import PRESET
from interp.lahis.maps import VIEWS, HeadMaps, head_maps
from interp.lahis.select import n_top
from interp.lahis.top_frames import RULE, Runs

LOWEST, HIGHEST = 0.5, 20.0
"""Ends of the slider for the share of heads called top, in percent."""


@dataclass(frozen=True)
class HeadsChoice:
    """The page's choice.

    Attributes:
        chosen: what the sidebar says.
        maps: scores of every shown checkpoint that has a run, base first.
        base: scores of the base, also where it is not among those shown; None without a run.
        languages: those shown of which some checkpoint has scores.
        lang: the chosen language.
        label: the chosen checkpoint.
        layer: 0-based.
        head: 0-based.
        view: ``raw``, ``share`` or ``rank``.
        own_scale: whether each small map has its own colours.
        fraction: share of all heads called top.
    """

    chosen: Chosen
    maps: Mapping[str, HeadMaps]
    base: HeadMaps | None
    languages: tuple[str, ...]
    lang: str
    label: str
    layer: int
    head: int
    view: str
    own_scale: bool
    fraction: float

    @property
    def runs(self) -> Runs:
        """Label and run_id of every checkpoint shown."""
        return tuple((label, maps.run_id) for label, maps in self.maps.items())

    @property
    def others(self) -> Runs:
        """Those that can be held against the base head by head: of its layers and heads."""
        return tuple(
            (label, maps.run_id)
            for label, maps in self.maps.items()
            if self.base is not None and label != self.chosen.base and maps.shape == self.base.shape
        )

    @property
    def other_shapes(self) -> dict[str, tuple[int, int]]:
        """Layers and heads of the checkpoints that have others than the base."""
        return {
            label: maps.shape
            for label, maps in self.maps.items()
            if self.base is not None and maps.shape != self.base.shape
        }

    @property
    def percent(self) -> str:
        """The share called top, e.g. ``5 %``."""
        return f"{100 * self.fraction:g} %"

    def n_top(self, label: str) -> int:
        """How many heads of a checkpoint are top."""
        return n_top(self.maps[label].n_heads_total, self.fraction, RULE)

    def about(self, *runs: Runs) -> pd.DataFrame:
        """Return the rows of ``runs`` behind a chart."""
        return self.chosen.about(list(dict.fromkeys(run for part in runs for _, run in part)))

    @property
    def base_run(self) -> Runs:
        """Label and run_id of the base, or nothing."""
        return () if self.base is None else ((self.chosen.base, self.base.run_id),)

    def stored(self, label: str, statistic: str) -> pd.DataFrame:
        """Return the comparison of one checkpoint's run with the base's run, one statistic.

        The base's own, and runs that have not been compared, have no rows.
        """
        rows = stored_comparisons(self.chosen.source)
        if self.base is None or label not in self.maps:
            return rows.iloc[:0]
        keep = (rows["statistic"] == statistic) & (rows["base_run"] == self.base.run_id)
        return rows[keep & (rows["label_run"] == self.maps[label].run_id)]

    @property
    def cut_differs(self) -> bool:
        """Whether the comparison took other top heads than the slider asks for."""
        if self.base is None:
            return False
        options = self.base.options
        return options.top_rule != RULE or abs(options.top_fraction - self.fraction) > 1e-9

    @property
    def compared_cut(self) -> str:
        """The cut of the comparison in words."""
        options = next(iter(self.maps.values())).options if self.base is None else self.base.options
        if options.top_rule == "quantile":
            return f"scores above the {options.quantile:g} quantile"
        return f"top {100 * options.top_fraction:g} % ({options.top_rule})"


def choose_heads(chosen: Chosen, runs: Mapping[str, str]) -> HeadsChoice | None:
    """Draw the page's widgets.

    Args:
        chosen: what the sidebar says.
        runs: label to run_id, at least one.

    Returns:
        The choice; None, said on the page, where no run can be read or no shown language has scores.
    """
    source = chosen.source
    maps = {}
    for label, run_id in runs.items():
        with told():  # a damaged run is said, the others are shown
            maps[label] = source.derive(head_maps, run_id)
    if not maps:
        command("\n".join(command_of(source, "lahis", label, "--overwrite") for label in runs))
        return None
    found = dict.fromkeys(lang for one in maps.values() for lang in one.languages)
    languages = chosen.shown(list(found))
    if not languages:
        st.info(
            f"None of the languages chosen has head scores. Expected one of {', '.join(found)}: "
            "choose it in the sidebar."
        )
        return None
    base_run = _run_of_base(chosen, runs)
    base = maps.get(chosen.base)
    if base is None and base_run is not None and base_run not in runs.values():
        with told():
            base = source.derive(head_maps, base_run)
    row = st.columns([2, 2, 1, 1])
    with row[0]:
        lang = choose("Language", languages, "lang")
    with row[1]:
        label = choose("Checkpoint", list(maps), "h_label", help="Of the large map.")
    n_layers, n_heads = (max(one.shape[axis] for one in maps.values()) for axis in (0, 1))
    layer, head = _strongest(next(iter(maps.values())))
    with row[2]:
        layer = choose(
            "Layer", range(n_layers), "h_layer", default=layer, help="A click on a map sets it."
        )
    with row[3]:
        head = choose("Head", range(n_heads), "h_head", default=head)
    row = st.columns([3, 4, 3], vertical_alignment="bottom")
    with row[0]:
        percent = number(
            "Top heads, % of all",
            LOWEST,
            HIGHEST,
            "h_top",
            default=_own_percent(next(iter(maps.values())) if base is None else base),
            step=0.5,
            help="How many heads of each language count as its own; what the run was asked for at "
            "first. The number is rounded.",
        )
    with row[1]:
        view = choose_view(
            "Scores as",
            VIEWS,
            "h_view",
            help="raw: as computed. share: percent of the language's total. rank: 1 scores highest.",
        )
    with row[2]:
        own_scale = toggle(
            "Own colours", "h_scale", help="Every small map on its own scale, not one for all."
        )
    return HeadsChoice(
        chosen, maps, base, tuple(languages), lang, label, int(layer), int(head), view,
        own_scale, percent / 100,
    )  # fmt: skip


def _run_of_base(chosen: Chosen, runs: Mapping[str, str]) -> str | None:
    """Find the base's run that was made like those shown, though the base may not be shown."""
    if chosen.base in runs:
        return runs[chosen.base]
    like = chosen.about(list(runs.values())).iloc[0]
    own = chosen.runs_of("lahis").sort_values("finished_at", kind="stable")
    own = own[(own["label"] == chosen.base) & (own["preset"] == like["preset"])]
    if like["preset"] != PRESET:  # an imported run's data is its own content
        own = own[own["data_hash"] == like["data_hash"]]
    return None if own.empty else str(own["run_id"].iloc[-1])


def _strongest(maps: HeadMaps) -> tuple[int, int]:
    """Return the head with the highest score in the run's first language, if those are numbers."""
    if not maps.whole:
        return 0, 0
    scores = maps.scores[maps.languages.index(maps.whole[0])]
    layer, head = divmod(int(scores.argmax()), maps.shape[1])
    return layer, head


def _own_percent(maps: HeadMaps) -> float:
    return float(min(max(round(100 * maps.options.top_fraction, 6), LOWEST), HIGHEST))
