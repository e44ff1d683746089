"""Base, SFT and GRPO side by side, each difference beside what re-measuring the base gives.

Texts are split in two halves: a checkpoint on one half is compared with the base on the other, and
so is the base itself. What the base shares with itself is the noise a difference has to exceed.
Facts are the same for all checkpoints, so differences of the lens are paired, with an interval
from a bootstrap over facts.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from interp.data.fact_groups import fact_groups
from interp.evals.accuracy import within
from interp.evals.flips import flip_table
from interp.evals.mcq_summary import read_answers
from interp.lahis.scores import head_score
from interp.lahis.select import top_heads
from interp.lape.select import select_from_counts
from interp.options import LahisOptions, LapeOptions
from interp.study import Study

DRAWS = 1000


def lape_comparison(study: Study, runs: Mapping[str, str]) -> pd.DataFrame:
    """Compare the language neurons of checkpoints.

    Args:
        study: the study.
        runs: label to run_id of a LAPE run, the base first.

    Returns:
        Per label: its selected neurons per language, and ``shared with base``: the Jaccard index
        of its neurons on the even blocks with the base's on the odd ones, all languages together.
    """
    odd = _neurons(study, next(iter(runs.values())), 1)
    rows = []
    for label, run in runs.items():
        chosen = study.table("neurons", run_id=run)
        counts = chosen[chosen["selected"]].groupby("lang")["neuron"].size()
        even = _neurons(study, run, 0)
        rows.append(
            {
                "checkpoint": label,
                **{str(lang): int(number) for lang, number in counts.items()},
                "shared with base %": 100 * len(even & odd) / len(even | odd),
            }
        )
    return pd.DataFrame(rows).fillna(0)


def _neurons(study: Study, run_id: str, half: int) -> set[tuple[int, int, int]]:
    """Layer, neuron and language of the selection on every second block."""
    arguments = study.spec(run_id)["arguments"]
    tensors = study.tensors(run_id, "counts")
    found = select_from_counts(
        tensors["counts"][half::2],
        tensors["tokens"][half::2],
        LapeOptions.of_run(arguments),
        languages=tuple(arguments["languages"]),
    )
    return {
        (int(found.layers[one]), int(found.neurons[one]), int(place))
        for one, place in zip(*np.nonzero(found.assigned), strict=True)
    }


def lahis_comparison(study: Study, runs: Mapping[str, str]) -> pd.DataFrame:
    """Compare the top heads of checkpoints.

    Args:
        study: the study.
        runs: label to run_id of a LAHIS run with a frozen mask, the base first.

    Returns:
        Per label and language: the share of the base's top heads (odd samples) that are among
        its own (even samples), in percent.
    """
    base = next(iter(runs))
    reference = _heads(study, runs[base], 1)
    rows = []
    for label, run in runs.items():
        own = _heads(study, run, 0)
        shared = {
            lang: 100 * len(own[lang] & heads) / len(heads) for lang, heads in reference.items()
        }
        mean = sum(shared.values()) / len(shared)
        rows.append({"checkpoint": label, **shared, "mean": mean})
    return pd.DataFrame(rows)


def _heads(study: Study, run_id: str, half: int) -> dict[str, set[tuple[int, int]]]:
    arguments = study.spec(run_id)["arguments"]
    options = LahisOptions.of_run(arguments)
    gradients = study.tensors(run_id, "gradients")
    return {
        lang: set(
            top_heads(
                head_score(gradients[lang][half::2]),
                fraction=options.top_fraction,
                rule=options.top_rule,
                quantile=options.quantile,
            )
        )
        for lang in arguments["languages"]
    }


def lens_comparison(study: Study, runs: Mapping[str, str], *, seed: int = 0) -> pd.DataFrame:
    """Compare how often the first token of the target answer is the model's first choice.

    Args:
        study: the study.
        runs: label to run_id of a lens run, the base first.
        seed: of the bootstrap over facts.

    Returns:
        Per language and label: percent of facts, change against the base in points and its 95 %
        interval (paired, facts resampled).
    """
    firsts = {label: _first_choice(study, run) for label, run in runs.items()}
    base = next(iter(runs))
    rng = np.random.default_rng(seed)
    rows = []
    for lang, start in firsts[base].groupby("lang", sort=False):
        before = start.set_index("fact_id")["first"].astype(float)
        drawn = rng.integers(0, len(before), (DRAWS, len(before)))
        row: dict[str, object] = {"lang": lang, "facts": len(before)}
        row[f"{base} %"] = round(100 * float(before.mean()), 1)
        for label in [one for one in runs if one != base]:
            own = firsts[label]
            after = own[own["lang"] == lang].set_index("fact_id")["first"].astype(float)
            delta = (after.loc[before.index] - before).to_numpy()
            low, high = np.quantile(delta[drawn].mean(1), [0.025, 0.975])
            row[label] = f"{100 * delta.mean():+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
        rows.append(row)
    return pd.DataFrame(rows)


def answers_comparison(study: Study, runs: Mapping[str, str], *, seed: int = 0) -> pd.DataFrame:
    """Compare how often the right one of four options has the highest score.

    Args:
        study: the study.
        runs: label to run_id of option scores, the base first.
        seed: of the bootstrap over facts.

    Returns:
        Mean over the languages beside English, for facts that a language's text states and for
        those that only English states, each on the facts that the trainings saw and on held-out
        ones: percent correct, change against the base in points and its paired 95 % interval.
    """
    answers = {label: read_answers(study, run) for label, run in runs.items()}
    base, *others = runs
    facts = answers[base].facts
    parts = [fact_groups(facts, by) for by in ("stated", "split")]
    cells = parts[0].merge(parts[1], on=["fact_id", "lang"], suffixes=("_stated", "_split"))
    cells = cells[cells["lang"] != "en"]
    rows = []
    for (stated, split), members in cells.groupby(["group_stated", "group_split"]):
        before = within(answers[base].correct, members)
        row: dict[str, object] = {
            "facts": stated,
            "split": split,
            "n": members["fact_id"].nunique(),
            f"{base} %": round(100 * float(before.mean().mean()), 1),
        }
        every = {"mean": tuple(members["lang"].unique())}
        for label in others:
            after = within(answers[label].correct, members)
            last = flip_table(before, after, every, draws=DRAWS, seed=seed).iloc[-1]
            delta, low, high = (100 * last[name] for name in ("delta", "ci_low", "ci_high"))
            row[label] = f"{delta:+.1f} [{low:+.1f}, {high:+.1f}]"
        rows.append(row)
    return pd.DataFrame(rows).sort_values(["facts", "split"], ascending=False, ignore_index=True)


def _first_choice(study: Study, run_id: str) -> pd.DataFrame:
    ranks = study.table("lens_ranks", run_id=run_id)
    last = ranks[(ranks["role"] == "target") & (ranks["layer"] == ranks["layer"].max())]
    return last.assign(first=last["rank"] == 0)[["fact_id", "lang", "first"]]


def training_comparison(study: Study, runs: Mapping[str, str]) -> pd.DataFrame:
    """Show what generation on the validation split said along each training.

    Args:
        study: the study.
        runs: label to run_id of a training log.

    Returns:
        Per label and checked step: correct, wrong, unparseable and empty answers in percent.
    """
    rows = []
    for label, run in runs.items():
        log = study.table("train_log", run_id=run)
        log = log[log["lang"].isna() & log["metric"].str.startswith("check_")]
        for step, at in log.groupby("step"):
            shares = {
                f"{str(metric).removeprefix('check_')} %": round(100 * value, 1)
                for metric, value in zip(at["metric"], at["value"], strict=True)
            }
            rows.append({"checkpoint": label, "step": step, **shares})
    return pd.DataFrame(rows)
