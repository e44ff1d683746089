"""How often the rule of the comparison is wrong where nothing differs, and how small a shift it finds.

Run ``python benchmarks/calibration.py --study artifacts/demo`` (the folder that ``interp demo`` leaves; no
model is needed), or with ``--quick`` (a small generated pair, seconds). Without such a study the
generated pair is used, and the first line says so.

Calibration, in two designs without a difference: *halves*, the base on a random half of its units against
the base on the others (unpaired); *swapped*, base and another checkpoint exchanged unit by unit by coin
(paired; the other checkpoints take turns). Per analysis and design:

* ``beyond noise``: of the rows that have enough data for a verdict, the share called beyond noise, the
  mean over draws, with a bootstrap interval over draws (rows of one draw depend on each other);
* ``adjusted p``: the share with an adjusted p below 0.05, which is what the permutation alone says;
* ``any call in a draw``: draws with a call in any row at all, over dozens of statistics that nothing adjusts for;
* ``worst``: the statistic with the largest share of draws in which any of its rows (of a map, of one
  language's map) is called: what the adjustment promises to keep at 5 %. Of many statistics, so its
  Clopper-Pearson interval is that of a maximum.

Power: shifts of known size (see ``_planted.py``), and the share of draws in which the statistic that they
move is called beyond noise. The aim is 95 %.

Inner draws are fewer than `interp compare` makes, but enough for Holm's rule to reach 0.05 over the rows
of the longest family.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from _planted import (
    Planted,
    facts_made_right,
    heads_exchanged,
    neurons_to_another_language,
    neurons_to_the_end,
    selected,
)
from scipy.stats import binomtest

from interp import load_study
from interp.comparison.families import FAMILIES
from interp.comparison.family import Built, RunPair
from interp.comparison.lape import CountsPair
from interp.comparison.pairs import find_base, find_labels, run_pairs
from interp.evals.mcq_summary import read_answers
from interp.lahis.differences import HeadPair
from interp.lens.rank_cube import rank_cube
from interp.stats.bootstrap import mean_interval
from interp.stats.contrast import Pair, Settings, Statistic, contrast
from interp.stats.linear import LinearPair
from interp.stats.pseudo import halves_of_base, swapped
from interp.stats.verdict import ALPHA, BEYOND, NOT_ENOUGH
from interp.study import Study

LIMIT = 0.05
AIM = 0.95

INNER = {
    "mcq": Settings(draws=100, permutations=519, splits=100),
    "lens": Settings(draws=60, permutations=269, splits=60),
    "lahis": Settings(draws=60, permutations=1329, splits=60),
    "lahis-maps": Settings(draws=60, permutations=199, splits=60),
    "lape": Settings(draws=60, permutations=269, splits=60),
}
"""What is drawn inside every draw. Holm over n rows cannot reach 0.05 with fewer than 20 n relabellings:
13 rows of LAPE, the lens and option scores, 66 pairs of languages of LAHIS. Maps of heads are adjusted by
their largest entry and need fewer, so they have a run of their own."""

POWER = 299
"""Relabellings at most where a planted shift is looked for: the rows of its statistic are 13 or fewer."""

TOP = {"lape": 0.05, "lahis": 0.1}
"""Top fractions in place of the runs' own where these are smaller: of a small model's 1 % of neurons and
2 % of heads, too few stand behind most rows for a verdict."""


@dataclass(frozen=True)
class Tally:
    """Verdicts of all draws, each array ``[draw, statistic]``.

    Attributes:
        families: what every column is adjusted together with.
        judged: whether there was enough data.
        called: whether it was called beyond noise.
        small_p: whether its adjusted p was below the limit.
    """

    families: list[str]
    judged: np.ndarray
    called: np.ndarray
    small_p: np.ndarray

    def report(self) -> dict[str, object]:
        """Shares and intervals."""
        rows = self.judged.any(0)
        shares = [
            part[:, rows].sum(1) / np.maximum(self.judged[:, rows].sum(1), 1)
            for part in (self.called, self.small_p & self.judged)
        ]
        beyond = mean_interval(shares[0])
        draws = len(self.called)
        rates: dict[str, int] = {}
        for name in dict.fromkeys(np.array(self.families)[rows]):
            members = np.array([one == name for one in self.families])
            rates[str(name)] = int(self.called[:, members].any(1).sum())
        worst = max(rates, key=lambda name: rates[name], default="")
        return {
            "draws": draws,
            "statistics": int(rows.sum()),
            "without_verdict": int((~rows).sum()),
            "beyond_noise": float(beyond.estimate),
            "interval": [float(beyond.low), float(beyond.high)],
            "adjusted_p": float(np.mean(shares[1])),
            "any_call": share_of(int(self.called.any(1).sum()), draws),
            "families": len(rates),
            "families_mean": float(np.mean(list(rates.values())) / draws) if rates else None,
            "worst": worst,
            "worst_share": share_of(rates.get(worst, 0), draws),
        }


def share_of(hits: int, draws: int) -> list[float]:
    """Share with Clopper and Pearson's 95 % interval."""
    limits = binomtest(hits, draws).proportion_ci(0.95, "exact")
    return [hits / draws, float(limits.low), float(limits.high)]


def tally(
    make: Callable[[int], Pair], settings: Settings, draws: int, *, maps_only: bool = False
) -> Tally:
    """Send ``draws`` pairs through the comparison and keep all verdicts, or those of maps only."""
    judged, called, small_p = [], [], []
    pair = None
    for draw in range(draws):
        pair = make(draw)
        found = contrast(pair, replace(settings, seed=7919 * draw))
        verdicts = np.array([verdict for verdict, _ in found.verdicts])
        judged.append(verdicts != NOT_ENOUGH)
        called.append(verdicts == BEYOND)
        small_p.append(found.p_adjusted < ALPHA)
    assert pair is not None
    kept = [not maps_only or one.adjust == "max" for one in pair.statistics]
    families = [
        f"{one.name} [{one.lang}]" if one.adjust == "max" else one.name
        for one in pair.statistics
        if not maps_only or one.adjust == "max"
    ]
    return Tally(families, *(np.array(part)[:, kept] for part in (judged, called, small_p)))


def designs(pairs: list[Pair]) -> Mapping[str, Callable[[int], Pair]]:
    """The two designs without a difference; a draw is known by its number."""

    def halves(draw: int) -> Pair:
        n = pairs[0].n_base
        order = np.random.default_rng([1, draw]).permutation(n)
        return halves_of_base(pairs[0], order < n // 2)

    def coins(draw: int) -> Pair:
        pair = pairs[draw % len(pairs)]
        return swapped(pair, np.random.default_rng([2, draw]).random(pair.n_base) < 0.5)

    return {"halves": halves, "swapped": coins}


def power(planted: Planted, settings: Settings, draws: int) -> dict[str, object]:
    """Share of draws in which a planted shift is found, and its size as measured."""
    found, sizes = 0, []
    for draw in range(draws):
        pair = planted.make(np.random.default_rng([3, draw]))
        result = contrast(pair, replace(settings, seed=7919 * draw))
        at = next(
            place for place, one in enumerate(result.statistics)
            if (one.name, one.lang) == (planted.statistic, planted.lang)
        )  # fmt: skip
        found += result.verdicts[at][0] == BEYOND
        sizes.append(result.value[at])
    return {
        "shift": planted.what, "n": planted.n, "statistic": planted.statistic,
        "lang": planted.lang, "measured": float(np.mean(sizes)), "found": share_of(found, draws),
    }  # fmt: skip


# --- the study ------------------------------------------------------------------------------


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


# --- the report -----------------------------------------------------------------------------


def line(family: str, design: str, found: Mapping[str, object]) -> str:
    """One row of the calibration, in words."""
    low, high = found["interval"]
    any_call, worst = found["any_call"], found["worst_share"]
    mark = "" if found["beyond_noise"] <= LIMIT else "   ABOVE THE LIMIT"
    return (
        f"{family:<10} {design:<8} beyond noise {100 * found['beyond_noise']:5.2f} % "
        f"[{100 * low:.2f}, {100 * high:.2f}]   adjusted p {100 * found['adjusted_p']:5.2f} %   "
        f"any call in a draw {100 * any_call[0]:.1f} %   worst of {found['families']}: {found['worst']} "
        f"{100 * worst[0]:.1f} % [{100 * worst[1]:.1f}, {100 * worst[2]:.1f}]"
        f"   ({found['statistics']} rows, {found['without_verdict']} without a verdict){mark}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--study", type=Path, default=Path("artifacts/demo"))
    parser.add_argument("--families", nargs="+", choices=list(INNER), default=list(INNER))
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--power-draws", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="a small generated pair, 20 draws")
    parser.add_argument("--save", type=Path, help="a JSON file; other families in it are kept")
    arguments = parser.parse_args()
    families, draws, power_draws = arguments.families, arguments.draws, arguments.power_draws
    study = None
    if arguments.quick:
        print("a small generated pair, not the study (--quick)")
        families, draws, power_draws = ["generated"], 20, 20
    elif not (arguments.study / "study.json").is_file():
        print(
            f"{arguments.study}: no study there (interp demo makes one); a small generated pair instead"
        )
        families = ["generated"]
    else:
        study = load_study(arguments.study)
    for family in families:
        start = perf_counter()
        pairs, plants, remark = generated() if study is None else from_study(study, family)
        settings = INNER.get(family, Settings(100, 199, 100))
        print(f"{family}: {pairs[0].n_base} {pairs[0].unit}, {draws} draws of {settings}"
              f"{remark}; limit {100 * LIMIT:.0f} %")  # fmt: skip
        found: dict[str, object] = {"inner": str(settings), "remark": remark}
        for design, make in designs(pairs).items():
            one = tally(make, settings, draws, maps_only=family.endswith("-maps")).report()
            print(line(family, design, one), flush=True)
            found[design] = one
        found["power"] = []
        for planted in plants:
            fewer = min(settings.permutations, POWER)
            one = power(planted, replace(settings, permutations=fewer), power_draws)
            share = one["found"]
            print(f"{family:<10} power: {one['shift']} ({one['n']}): {one['statistic']} {one['lang']} "
                  f"{one['measured']:.3g}, found in {100 * share[0]:.0f} % "
                  f"[{100 * share[1]:.0f}, {100 * share[2]:.0f}]{'' if share[0] >= AIM else '   below the aim'}",
                  flush=True)  # fmt: skip
            found["power"].append(one)
        found["seconds"] = round(perf_counter() - start)
        print(f"{family}: {found['seconds']} s")
        if arguments.save:
            save(arguments.save, family, found)


def save(path: Path, family: str, found: Mapping[str, object]) -> None:
    """Write one family's figures beside the others'."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**known, family: found}, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
