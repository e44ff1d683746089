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
* ``worst``: the statistic with the largest share of draws in which any of its rows is called: what the
  adjustment promises to keep at 5 %. Of many statistics, so its Clopper-Pearson interval is that of a
  maximum.

Power: shifts of known size (see ``_planted.py``), and the share of draws in which the statistic that they
move is called beyond noise. The aim is 95 %.

Inner draws are fewer than `interp compare` makes, but enough for Holm's rule to reach 0.05 over the rows
of the longest family.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from _record import RESULTS, Claim, finish, parse, save
from _sources import from_study, generated
from _tally import designs, power, tally

from interp import load_study
from interp.stats.contrast import Settings

LIMIT = 0.05
AIM = 0.95

INNER = {
    "mcq": Settings(draws=100, permutations=519, splits=100),
    "lens": Settings(draws=60, permutations=269, splits=60),
    "lahis": Settings(draws=60, permutations=1329, splits=60),
    "lahis-maps": Settings(draws=60, permutations=259, splits=60),
    "lape": Settings(draws=60, permutations=269, splits=60),
}
"""What is drawn inside every draw. Holm over n rows cannot reach 0.05 with fewer than 20 n relabellings:
12 rows of LAPE, the lens and option scores, 66 pairs of languages of LAHIS. Maps of heads are adjusted by
their largest entry, times 12 languages, and need fewer, so they have a run of their own."""

POWER = 299
"""Relabellings at most where a planted shift is looked for: the rows of its statistic are 13 or fewer."""


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
    arguments = parse(parser)
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
    whole = kept(arguments)
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
        whole[family] = found
        save(arguments, __file__, claims(whole), {"families": whole})
    finish(arguments, __file__, claims(whole), {"families": whole})


def kept(arguments: argparse.Namespace) -> dict[str, Mapping[str, Any]]:
    """What the file that will be written holds of other families: they stay in it."""
    path = RESULTS / "calibration.json" if arguments.record else arguments.out
    if path is None or not path.is_file():
        return {}
    known: dict[str, Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["details"]
    return dict(known["families"])


def claims(families: Mapping[str, Mapping[str, Any]]) -> list[Claim]:
    """Of both designs, the largest share of rows called beyond noise over families."""
    found = []
    for design in ("halves", "swapped"):
        worst = max(families, key=lambda name: families[name][design]["beyond_noise"])
        one = families[worst][design]
        found.append(
            Claim(
                f"share of rows called beyond noise where nothing differs, {design} / {LIMIT}",
                f"{one['draws']} draws; the highest of {', '.join(families)}",
                one["beyond_noise"] / LIMIT, rounds=1, limit=1,
                note=f"{worst}: {100 * one['beyond_noise']:.2f} %",
            )
        )  # fmt: skip
    return found


if __name__ == "__main__":
    main()
