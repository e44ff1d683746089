"""What every plate of heads starts from: the scores shown, which sets are top, what the base is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from interp.figures.verdicts import evidence_text
from interp.lahis.maps import HeadMaps, head_maps
from interp.lahis.top_frames import Runs
from interp.plates.heads.cut import Cut, cut_of
from interp.plates.heads.words import in_percent
from interp.plates.plate import Lacking
from interp.plates.second import no_second
from interp.plates.view import View
from interp.plates.words import listed
from interp.stats.verdict import BEYOND, WITHIN


@dataclass(frozen=True)
class Heads:
    """Head scores of a study as they are shown.

    Attributes:
        view: the study, and what of it is shown.
        maps: label to scores, in the order of the view.
        cut: which heads are top.
        languages: those shown of which some checkpoint has scores.
    """

    view: View
    maps: Mapping[str, HeadMaps]
    cut: Cut
    languages: tuple[str, ...]

    @classmethod
    def of(cls, view: View, fraction: float | None = None) -> Heads:
        """Read the scores.

        Args:
            view: the study, and what of it is shown.
            fraction: share of all heads called top; None for the runs' own (`cut_of`).

        Raises:
            Lacking: no LAHIS run, or none in a language shown.
        """
        runs = view.runs("lahis")
        maps = {label: head_maps(view.study, run_id) for label, run_id in runs}
        about = view.about([run_id for _, run_id in runs])
        presets = dict(zip(about["label"].astype(str), about["preset"].astype(str), strict=True))
        spoken = {lang for one in maps.values() for lang in one.languages}
        languages = tuple(lang for lang in view.languages if lang in spoken)
        if not languages:
            raise view.lacking("lahis", f"no head scores in {', '.join(view.languages)}")
        return cls(view, maps, cut_of(maps, presets, fraction), languages)

    @property
    def labels(self) -> list[str]:
        """Checkpoints with scores, the base first."""
        return list(self.maps)

    @property
    def runs(self) -> Runs:
        """Label and run_id of each."""
        return tuple((label, one.run_id) for label, one in self.maps.items())

    @property
    def others(self) -> Runs:
        """Those that can be held against the base head by head: of its layers and heads."""
        base = self.maps.get(self.view.base)
        return tuple(
            (label, run_id)
            for label, run_id in self.runs
            if base is not None and label != self.view.base and self.maps[label].shape == base.shape
        )

    @property
    def base_run(self) -> str:
        """The base's run."""
        return self.maps[self.view.base].run_id

    def need_base(self) -> list[str]:
        """Return the labels that are held against the base.

        Raises:
            Lacking: the base has no scores, or no other checkpoint has scores of the same heads.
        """
        if not self.others:
            if self.other_shapes:
                raise Lacking(f"study {self.view.study.path}: {self.other_shapes}")
            raise no_second(self.view, "lahis", "head scores", self.maps)
        return [label for label, _ in self.others]

    @property
    def other_shapes(self) -> str:
        """Say which checkpoints have other heads than the base; empty where none has."""
        base = self.maps.get(self.view.base)
        if base is None:
            return ""
        return "; ".join(
            f"{label} has {one.shape[0]} layers of {one.shape[1]} heads and {self.view.base} "
            f"{base.shape[0]} of {base.shape[1]}, so a head has no counterpart there"
            for label, one in self.maps.items()
            if one.shape != base.shape
        )

    def about(self, runs: Runs | None = None) -> pd.DataFrame:
        """Return the rows of ``runs`` behind a plate."""
        return self.view.about([run_id for _, run_id in (self.runs if runs is None else runs)])

    def stored(self, statistic: str, *, percent: bool = True) -> pd.DataFrame:
        """Return the stored comparisons of exactly these runs, of the languages shown, in the checkpoints' order.

        Args:
            statistic: e.g. ``overlap``.
            percent: whether shares are put in percent.
        """
        rows = self.view.compared(analysis="lahis", statistic=statistic)
        base = self.maps.get(self.view.base)
        keep = rows["base_run"] == ("" if base is None else base.run_id)
        keep &= rows["label_run"].isin([run_id for _, run_id in self.runs])
        for column in ("lang", "other_lang"):
            keep &= rows[column].isna() | rows[column].isin(self.languages)
        order = {label: at for at, label in enumerate(self.labels)}
        rows = rows[keep].sort_values("label", key=lambda own: own.map(order), kind="stable")
        return in_percent(rows) if percent else rows

    def not_judged(self, rows: pd.DataFrame) -> str:
        """Say why nothing is known of noise; empty where some row has a verdict.

        Args:
            rows: of `stored`.
        """
        if rows["verdict"].isin([BEYOND, WITHIN]).any():
            return ""
        reasons = list(dict.fromkeys([*rows["reason"], *self._refused()]))
        if reasons:
            return f"No verdict: {reasons[0]}."
        command = self.view.compare_command
        return f"No interval and no verdict: not compared with {self.view.base} yet ({command})."

    def _refused(self) -> list[str]:
        rows = self.view.not_comparable("lahis")
        return list(rows.loc[rows["label"].isin(self.labels), "reason"])

    def against_base(self, statistic: str, unit: str, labels: Sequence[str]) -> str:
        """Say how one number per checkpoint differs from the base's, with its evidence.

        Args:
            statistic: one row per checkpoint, a share.
            unit: of the difference, in words.
            labels: the checkpoints.
        """
        rows = self.stored(statistic)
        rows = rows[rows["label"].isin(labels)]
        if missing := self.not_judged(rows):
            return missing
        if set(self.maps[self.view.base].languages) - set(self.languages):
            return "The stored comparison is over all languages of the runs, so none stands here."
        parts = [f"{row['label']} {evidence_text(row)}" for row in rows.to_dict("records")]
        return f"Against {self.view.base}, in {unit}: {'; '.join(parts)}."

    def beyond(self, rows: pd.DataFrame, what: str) -> str:
        """Count what is beyond noise, of what could be judged, per checkpoint.

        Args:
            rows: of `stored`.
            what: is counted, in the plural, e.g. ``pairs``.
        """
        if missing := self.not_judged(rows):
            return missing
        judged = rows[rows["verdict"].isin([BEYOND, WITHIN])]
        parts = [
            f"{label} {int((own['verdict'] == BEYOND).sum())} of {len(own):,}"
            for label, own in judged.groupby("label", sort=False)
        ]
        return f"Beyond noise are {listed(parts)} {what}."

    def dots(self, rows: pd.DataFrame) -> pd.DataFrame | None:
        """Return the rows to mark: beyond noise, where the comparison is of the sets that are shown."""
        return rows[rows["verdict"] == BEYOND] if self.cut.as_compared and len(rows) else None

    @property
    def other_cut(self) -> str:
        """Say that stored verdicts are about other sets than those shown; empty where they are not."""
        if self.cut.as_compared:
            return ""
        options = next(iter(self.maps.values())).options
        own = f"the top {100 * options.top_fraction:g} %"
        if options.top_rule == "quantile":
            own = f"scores above the {options.quantile:g} quantile"
        return f"The stored comparisons are of other sets ({own}), so no verdict stands here."


def sentences(*parts: str) -> str:
    """Join the sentences of a paragraph that there are."""
    return " ".join(part for part in parts if part)
