"""From sums of losses to the matrix of effects, with intervals over blocks. Pure.

Row i is whose heads or neurons were ablated, column j on whose text the loss was measured. Under
``loss="nll"`` an effect is the token-weighted change of the loss in nats per token, where the
source averages exp(loss) over chunks and prints the percentage by which that rises; its logarithm
is ``loss="chunk_ppl"`` here. One draw of the bootstrap says how often each block counts, for every
set and language alike, so that a difference of two sets has the interval of a paired comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.causal.controls import KINDS
from interp.causal.sets import INTACT, AblationSet
from interp.stats.bootstrap import DRAWS, Interval, percentile_interval, ratio_draws

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Losses:
    """What a run has measured.

    Attributes:
        sets: what was ablated; the first is ``intact``.
        languages: on whose text.
        sums: nats, or (``chunk_ppl``) perplexities of sequences, ``[set, language, block]``.
        weights: predicted tokens, or sequences, ``[language, block]``.
        loss: ``nll`` or ``chunk_ppl``.
    """

    sets: tuple[AblationSet, ...]
    languages: tuple[str, ...]
    sums: Floats
    weights: Floats
    loss: str = "nll"

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        expected = (len(self.sets), len(self.languages), self.weights.shape[-1])
        if self.sums.shape != expected or self.weights.shape != expected[1:]:
            raise ValueError(f"sums {self.sums.shape} and weights {self.weights.shape} disagree")
        if not self.sets or self.sets[0].kind != INTACT:
            raise ValueError("the first set has to be the intact model")

    @property
    def n_blocks(self) -> int:
        """Blocks of text."""
        return int(self.weights.shape[1])

    @property
    def sources(self) -> tuple[str, ...]:
        """Languages whose heads or neurons were ablated."""
        return tuple(self.sets[row].lang for row in self.own())

    def own(self) -> list[int]:
        """Places of the languages' own sets."""
        return [row for row, one in enumerate(self.sets) if one.kind in ("heads", "neurons")]

    def controls(self, lang: str, kind: str) -> list[int]:
        """Places of one language's controls of one kind, draw after draw."""
        return [row for row, one in enumerate(self.sets) if (one.lang, one.kind) == (lang, kind)]

    def effects(self, rows: Sequence[int]) -> Floats:
        """Change of the loss against the intact model, in nats (per token).

        Args:
            rows: which sets.

        Returns:
            ``[row, language]``.
        """
        return self.effect_draws(rows, draws=1)[0]

    def effect_draws(
        self, rows: Sequence[int], *, draws: int = DRAWS, seed: int = 0
    ) -> tuple[Floats, Floats]:
        """The effects, and their values on blocks drawn with replacement.

        Args:
            rows: which sets.
            draws: number of resamples.
            seed: of the resamples.

        Returns:
            ``[row, language]`` and ``[draw, row, language]``; not a number where the blocks have
            no token.
        """
        by_block = np.moveaxis(self.sums[list(rows)], -1, 0)
        intact = np.broadcast_to(np.moveaxis(self.sums[:1], -1, 0), by_block.shape)
        if self.loss == "chunk_ppl":
            ratio, drawn = ratio_draws(by_block, intact, draws=draws, seed=seed)
            return np.log(ratio), np.log(drawn)
        weights = np.broadcast_to(self.weights.T[:, None], by_block.shape)
        return ratio_draws(by_block - intact, weights, draws=draws, seed=seed)


def effects_frame(losses: Losses, *, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Every effect with its interval, and what a language's own set does beyond its controls.

    Args:
        losses: what was measured.
        draws: resamples of blocks.
        seed: of the resamples.

    Returns:
        Columns ``source_lang``, ``lang``, ``kind``, ``draw``, ``n_ablated``, ``statistic``,
        ``delta``, ``ci_low``, ``ci_high``. ``statistic`` is ``effect`` (of one set, or, where
        ``draw`` is empty and the kind is a control, the mean over its draws) or ``excess`` (own
        set minus that mean; ``kind`` says which control).
    """
    frames = []
    for own in losses.own():
        lang = losses.sets[own].lang
        controls = {kind: losses.controls(lang, kind) for kind in KINDS}
        controls = {kind: rows for kind, rows in controls.items() if rows}
        interval = _intervals(losses, own, controls, draws, seed)
        for row, label in enumerate(_labels(losses, own, controls)):
            frames.append(
                pd.DataFrame(
                    {
                        "source_lang": lang,
                        "lang": list(losses.languages),
                        **label,
                        "delta": interval.estimate[row],
                        "ci_low": interval.low[row],
                        "ci_high": interval.high[row],
                    }
                )
            )
    found = pd.concat(frames, ignore_index=True)
    found["draw"] = found["draw"].astype("Int64")
    return found


def _intervals(
    losses: Losses, own: int, controls: dict[str, list[int]], draws: int, seed: int
) -> Interval:
    """Own set, each control, then per kind of control its mean and the excess over it."""
    rows = [own, *(row for places in controls.values() for row in places)]

    def beyond_controls(each: Floats) -> Floats:
        parts, start = [each], 1
        for places in controls.values():
            mean = each[..., start : start + len(places), :].mean(-2, keepdims=True)
            parts += [mean, each[..., :1, :] - mean]
            start += len(places)
        return np.concatenate(parts, axis=-2)

    value, drawn = losses.effect_draws(rows, draws=draws, seed=seed)
    n_blocks = (losses.weights > 0).sum(1)
    return percentile_interval(beyond_controls(value), beyond_controls(drawn), n_blocks)


def _labels(losses: Losses, own: int, controls: dict[str, list[int]]) -> list[dict[str, object]]:
    """What each row of `_intervals` is."""
    rows = [own, *(row for places in controls.values() for row in places)]
    labels: list[dict[str, object]] = [
        {
            "kind": losses.sets[row].kind,
            "draw": losses.sets[row].draw,
            "n_ablated": len(losses.sets[row].places),
            "statistic": "effect",
        }
        for row in rows
    ]
    for kind, places in controls.items():
        size = len(losses.sets[places[0]].places)
        same: dict[str, object] = {"kind": kind, "draw": None, "n_ablated": size}
        labels += [{**same, "statistic": "effect"}, {**same, "statistic": "excess"}]
    return labels
