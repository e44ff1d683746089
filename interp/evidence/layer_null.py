"""What D between two checkpoints' neurons would be if nothing but chance told them apart: all of it.

`interp compare` keeps the p of a relabelling and forgets its values. Here they are made again, by the
same engine from the same seed, so that the same number of relabellings gives the stored p to the last
digit. Two nulls, as there: blocks of text whose labels are exchanged, and, where only lists of neurons are
known (or counts too large to be resampled while somebody waits), neurons that are exchanged, which is the
weaker one (`interp.lape.exchange`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Any, cast

import numpy as np

from interp.comparison.family import RunPair
from interp.comparison.lape import CountsPair, build
from interp.errors import InterpError
from interp.lape.differences import from_layers, statistics
from interp.lape.exchange import exchanged_values
from interp.lape.layer_ecdf import WITHOUT_ENGLISH, read_selection
from interp.lape.selections import Floats
from interp.stats.pair import Pair, Statistic, Values, extremeness
from interp.stats.permutation import p_value, reaches
from interp.stats.relabel import relabel
from interp.study import Study

DISTANCE, REST = "layer_distance", "layer_distance_without_english"
NULL_LEVEL = 0.95


@dataclass(frozen=True)
class Null:
    """D under relabelling, for every language and for all together.

    Attributes:
        units: what was exchanged, ``blocks`` or ``neurons``.
        n_units: how many of them there are (of neurons, those on which the lists differ).
        languages: language of each column, None for all together, or all but English.
        drawn: D of every relabelling, ``[draw, column]``.
        observed: D as it is, ``[column]``.
        p: add-one p-value, before any adjustment, ``[column]``.
        exact: whether these are all relabellings there are.
        paired: whether both checkpoints saw the same units.
        seed: the comparison's seed.
    """

    units: str
    n_units: int
    languages: tuple[str | None, ...]
    drawn: Floats
    observed: Floats
    p: Floats
    exact: bool
    paired: bool
    seed: int

    def of(self, lang: str | None) -> tuple[Floats, float, float, float]:
        """Return one language's values (those that could be computed), D, p and the 95 % point."""
        at = self.languages.index(lang)
        drawn = self.drawn[~np.isnan(self.drawn[:, at]), at]
        usual = float(np.quantile(drawn, NULL_LEVEL)) if len(drawn) else float("nan")
        return drawn, float(self.observed[at]), float(self.p[at]), usual


def block_null(
    study: Study, base_run: str, label_run: str, *, permutations: int, seed: int = 0
) -> Null:
    """Exchange the labels of blocks of text and select neurons anew in every relabelling.

    Args:
        study: the study.
        base_run: a LAPE run with counts.
        label_run: another.
        permutations: relabellings; all there are where they are fewer.
        seed: seed of the comparison.

    Raises:
        InterpError: for runs that are not comparable, were imported, or differ in shape.
    """
    pair = build(study, _run_pair(study, base_run, label_run)).pair
    if not isinstance(pair, CountsPair) or not pair.exchangeable:
        raise InterpError(
            f"blocks of {base_run} and {label_run} cannot be exchanged: expected two runs with "
            "activation counts, of checkpoints of one shape"
        )
    observed = pair.compare(
        pair.pool(np.ones((1, pair.n_base)), None), pair.pool(None, np.ones((1, pair.n_model)))
    ).value[0]
    kinds = np.array([one.kind for one in pair.statistics])
    recorded = _Recorded(pair, [])
    # the engine draws its relabellings from seed + 2 (`interp.stats.contrast.contrast`)
    p, _, _ = relabel(
        cast(Pair, recorded),
        permutations,
        seed + 2,
        extremeness(observed, kinds),
        lambda done: None,
    )
    drawn = np.concatenate(recorded.seen)
    own = _columns(pair.statistics)
    n_units = pair.n_base if pair.paired else pair.n_base + pair.n_model
    every = 2**n_units if pair.paired else comb(n_units, pair.n_model)
    return Null(
        units="blocks",
        n_units=n_units,
        languages=_groups(pair.statistics, own),
        drawn=drawn[:, own],
        observed=observed[own],
        p=p[own],
        exact=every <= permutations,
        paired=pair.paired,
        seed=seed,
    )


def neuron_null(study: Study, base_run: str, label_run: str, *, draws: int, seed: int = 0) -> Null:
    """Exchange the neurons on which two selections differ.

    Args:
        study: the study.
        base_run: a LAPE run that names its neurons, imported or not.
        label_run: another.
        draws: exchanges; all there are where they are fewer.
        seed: of the draws; the comparison's p of lists is drawn from 0, 4,999 times.

    Raises:
        InterpError: for runs that name no neurons, or differ in languages or shape.
    """
    spoken = [tuple(study.spec(run)["arguments"]["languages"]) for run in (base_run, label_run)]
    languages = tuple(lang for lang in spoken[0] if lang in spoken[1])
    sides = [read_selection(study, run, languages) for run in (base_run, label_run)]
    base, model = sides
    if base is None or model is None:
        raise InterpError(
            f"neurons of {base_run} and {label_run} cannot be exchanged: one of them says how many a "
            "layer has, not which; expected lists of neurons"
        )
    if (base.n_layers, base.d_mlp) != (model.n_layers, model.d_mlp):
        raise InterpError(
            f"neurons of {base_run} and {label_run} cannot be exchanged: expected checkpoints of one "
            f"shape, found {base.n_layers} x {base.d_mlp} and {model.n_layers} x {model.d_mlp}"
        )
    before, after = base.layer_counts(), model.layer_counts()
    named = statistics(languages, same_neurons=False)
    own = _columns(named)
    observed = from_layers(before, after, None, languages).value[0][own]
    exchanged = exchanged_values(base, model, draws, seed)
    drawn, exact = exchanged.values[:, own], exchanged.exact
    hits = reaches(drawn, observed).sum(axis=0)
    p = hits / len(drawn) if exact else p_value(hits, len(drawn))
    return Null(
        units="neurons",
        n_units=exchanged.n_moving,
        languages=_groups(named, own),
        drawn=drawn,
        observed=observed,
        p=np.where(np.isnan(observed), np.nan, p),
        exact=exact,
        paired=True,
        seed=seed,
    )


@dataclass(frozen=True)
class _Recorded:
    """A pair that keeps the values of every relabelling which the engine asks it for."""

    pair: CountsPair
    seen: list[Floats]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.pair, name)

    def compare(self, first: Any, second: Any) -> Values:
        found = self.pair.compare(first, second)
        self.seen.append(found.value)
        return found


def _columns(named: tuple[Statistic, ...]) -> list[int]:
    return [at for at, one in enumerate(named) if one.name in (DISTANCE, REST)]


def _groups(named: tuple[Statistic, ...], columns: list[int]) -> tuple[str | None, ...]:
    return tuple(WITHOUT_ENGLISH if named[at].name == REST else named[at].lang for at in columns)


def _run_pair(study: Study, base_run: str, label_run: str) -> RunPair:
    base, label = study.spec(base_run), study.spec(label_run)
    return RunPair(
        "lape", base["preset"], base["label"], label["label"], base_run, label_run, base, label
    )
