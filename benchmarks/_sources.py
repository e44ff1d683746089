"""What the calibration runs on: pairs of a study's checkpoints, or a small generated one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from _planted import (
    Planted,
    facts_made_right,
    heads_exchanged,
    neurons_to_another_language,
    neurons_to_the_end,
    selected,
)

from interp.comparison.families import FAMILIES
from interp.comparison.family import Built, RunPair
from interp.comparison.lape import CountsPair
from interp.comparison.pairs import find_base, find_labels, run_pairs
from interp.evals.mcq_summary import read_answers
from interp.lahis.differences import HeadPair
from interp.lens.rank_cube import rank_cube
from interp.stats.linear import LinearPair
from interp.stats.pair import Pair, Statistic
from interp.study import Study

TOP = {"lape": 0.05, "lahis": 0.1}
"""Top fractions in place of the runs' own where these are smaller: of a small model's 1 % of neurons and
2 % of heads, too few stand behind most rows for a verdict."""


def from_study(study: Study, family: str) -> tuple[list[Pair], list[Planted], str]:
    """Pairs of base and every other checkpoint, the planted shifts, and a remark."""
    analysis = family.removesuffix("-maps")
    base = find_base(study, None)
    runs: list[RunPair] = []
    built: list[Built] = []
    for label in find_labels(study, base, None):
        for run in run_pairs(study, base, label, [analysis]):
            if isinstance(run, RunPair):
                runs.append(run)
                built.append(FAMILIES[analysis](study, run))
    pairs = [_with_enough(one.pair) for one in built if one.pair is not None]
    remark = (
        f", top {100 * TOP[analysis]:.0f} % where fewer were asked for" if analysis in TOP else ""
    )
    if family == "lape":
        return pairs, _lape(pairs[0]), remark
    if family == "lahis-maps":
        return pairs, [], remark
    if family == "lahis":
        heads = [replace(pair, maps=False) for pair in pairs if isinstance(pair, HeadPair)]
        return list(heads), _lahis(heads[0]), remark
    return pairs, _facts(study, runs[0], family), remark


def _with_enough(pair: Pair) -> Pair:
    for family, kind in (("lape", CountsPair), ("lahis", HeadPair)):
        if isinstance(pair, kind):
            fraction = max(pair.options.top_fraction, TOP[family])
            return replace(pair, options=replace(pair.options, top_fraction=fraction))
    return pair


def _lape(pair: Pair) -> list[Planted]:
    assert isinstance(pair, CountsPair)
    n = {lang: len(neurons) for lang, neurons in selected(pair).items()}
    most, second = sorted(n, key=lambda lang: -n[lang])[:2]
    return [
        *(neurons_to_another_language(pair, most, second, share) for share in (0.2, 0.4)),
        *(neurons_to_the_end(pair, most, share) for share in (0.2, 0.4)),
    ]


def _lahis(pair: Pair) -> list[Planted]:
    assert isinstance(pair, HeadPair)
    lang = pair.languages[-1]
    return [
        *(heads_exchanged(pair, lang, x, "heads_kept") for x in (4, 6, 8)),
        *(heads_exchanged(pair, lang, x, "score_rank_correlation") for x in (1,)),
    ]


def _facts(study: Study, run: RunPair, family: str) -> list[Planted]:
    if family == "mcq":
        tables = [read_answers(study, one).correct for one in (run.base_run, run.label_run)]
        shared = tables[0].index.intersection(tables[1].index)
        languages = tuple(str(one) for one in tables[0].columns)
        sides = [one.loc[shared, list(languages)].to_numpy(float) for one in tables]
        name = "accuracy"
    else:
        cubes = [rank_cube(study, one) for one in (run.base_run, run.label_run)]
        languages, name = cubes[0].languages, "target_first"
        sides = [
            np.where(np.isnan(cube.target[..., -1]), np.nan, cube.target[..., -1] == 0)
            for cube in cubes
        ]
    # a share is noisiest at one half
    lang = languages[int(np.abs(np.nanmean(sides[0], 0) - 0.5).argmin())]
    return [
        facts_made_right(family, name, sides[0], sides[1], languages, lang, share)
        for share in (0.05, 0.1)
    ]


def generated() -> tuple[list[Pair], list[Planted], str]:
    """A small pair without a study: 60 facts in three languages, half of them answered anew."""
    rng = np.random.default_rng(0)
    languages = ("en", "de", "sw")
    base = (rng.random((60, 3)) < 0.5).astype(float)
    model = np.where(rng.random((60, 3)) < 0.5, base, rng.random((60, 3)) < 0.5)
    ones = np.ones((60, 3))
    names = tuple(Statistic("accuracy", "difference", lang) for lang in languages)
    pair = LinearPair(
        base, ones, model, ones, lambda means: means, names, np.full(3, 60), True, "facts"
    )
    plants = [facts_made_right("generated", "accuracy", base, model, languages, "sw", 0.4)]
    return [pair], plants, ""
