"""What trained variants changed against the base, as shares, intervals and tables; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

MEASURES = ("options", "freeform", "valid", "all_languages", "agreement")
DRAWS = 2000


def per_fact(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    """Average one checkpoint's answers per fact.

    Args:
        frame: of `measure`.
        group: ``english_only`` or ``stated`` (languages other than English whose text does not
            state, or states, the fact), ``english``, or ``all``.

    Returns:
        One row per fact that has such languages, with a share in each of ``MEASURES``: options,
        freeform and valid over those languages; all_languages and agreement (share of pairs of
        languages that choose the same option) only under ``all``.
    """
    other = frame["lang"] != "en"
    part = {
        "english_only": other & ~frame["stated"],
        "stated": other & frame["stated"],
        "english": ~other,
        "all": other | ~other,
    }[group]
    by_fact = frame[part].groupby("fact_id", sort=False)
    out = by_fact[list(MEASURES[:3])].mean()
    if group == "all":
        out["all_languages"] = by_fact["options"].all().astype(float)
        out["agreement"] = by_fact["chosen"].apply(_agreement)
    return out


def _agreement(chosen: pd.Series) -> float:
    counts = chosen.value_counts().to_numpy()
    n = counts.sum()
    return float((counts * (counts - 1)).sum() / (n * (n - 1)))


def change(
    before: Sequence[pd.DataFrame],
    after: Sequence[pd.DataFrame],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """Compare the runs of one variant with those of another, or with the base, on the same facts.

    The interval resamples facts, the same ones for all runs, and with them each variant's runs: it
    covers which facts were asked and, as far as so few seeds can tell, which run happened.

    Args:
        before: of `per_fact`, one per run; the base is a single one.
        after: of `per_fact`, one per run, the same facts.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        Measure to mean before, mean change, its 95 % interval (all shares) and the change of
        every run of ``after``.
    """
    out: dict[str, dict[str, Any]] = {}
    rng = np.random.default_rng(seed)
    facts = before[0].index
    places = rng.integers(0, len(facts), (draws, len(facts)))
    of_after = rng.integers(0, len(after), (draws, len(after)))
    of_before = rng.integers(0, len(before), (draws, len(before)))
    for name in before[0].columns:
        start, end = (
            np.stack([run.loc[facts, name].to_numpy(np.float64) for run in some])
            for some in (before, after)
        )
        low, high = np.quantile(
            _drawn(end, places, of_after) - _drawn(start, places, of_before), [0.025, 0.975]
        )
        out[name] = {
            "base": float(start.mean()),
            "change": float(end.mean() - start.mean()),
            "low": float(low),
            "high": float(high),
            "seeds": [float(run.mean() - start.mean()) for run in end],
            "facts": len(facts),
        }
    return out


def _drawn(values: np.ndarray, places: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """Means ``[draw]`` of values ``[run, fact]`` over drawn facts and drawn runs."""
    per_run = np.stack([run[places].mean(1) for run in values], 1)
    mean: np.ndarray = np.take_along_axis(per_run, runs, axis=1).mean(1)
    return mean


GROUPS = ("english_only", "stated", "english", "all")


def effects(
    answers: Mapping[str, Mapping[int, pd.DataFrame]], base: pd.DataFrame
) -> list[dict[str, Any]]:
    """Tabulate every variant's change.

    Args:
        answers: variant to seed to `measure`'s frame.
        base: the base's frame.

    Returns:
        Rows of variant, split, group, lang (empty for the group's languages together), measure
        and what `change` gives.
    """
    rows = []
    for variant, by_seed in answers.items():
        for split in ("held", "trained"):
            for group in GROUPS:
                for lang in ("", *(() if group in ("english", "all") else _languages(base))):
                    mine = [_part(frame, split, group, lang) for frame in by_seed.values()]
                    start = _part(base, split, group, lang)
                    if not len(start):
                        continue
                    for name, found in change([start], mine).items():
                        head = {"variant": variant, "split": split, "group": group, "lang": lang}
                        rows.append({**head, "measure": name, **found})
    return rows


def _languages(frame: pd.DataFrame) -> list[str]:
    return [lang for lang in frame["lang"].unique() if lang != "en"]


def _part(frame: pd.DataFrame, split: str, group: str, lang: str) -> pd.DataFrame:
    chosen = frame[(frame["split"] == split) & ((frame["lang"] == lang) | (lang == ""))]
    return per_fact(chosen, group)


def verdicts(answers: Mapping[str, Mapping[int, pd.DataFrame]]) -> list[dict[str, Any]]:
    """Compare GRPO with the control directly, on facts that only English states.

    Args:
        answers: as for `effects`; holds ``grpo`` and ``grpo-null``.

    Returns:
        Rows of split, measure and what `change` gives from the control's runs to GRPO's; an
        effect is the reward's where the interval lies above 0.
    """
    rows = []
    for split in ("held", "trained"):
        control, grpo = (
            [_part(frame, split, "english_only", "") for frame in answers[variant].values()]
            for variant in ("grpo-null", "grpo")
        )
        for name, found in change(control, grpo).items():
            rows.append({"split": split, "measure": name, **found, "above": found["low"] > 0})
    return rows


def in_words(row: Mapping[str, Any]) -> str:
    """Say one of `verdicts` in a line."""
    word = "above" if row["above"] else "not distinguishable from"
    return (
        f"{row['split']}, {row['measure']}: GRPO minus control {_interval(row)} points: {word} "
        "the control"
    )


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write the tables for people: languages together, then language by language."""
    lines = ["| variant | facts | group | measure | base | change, points [95 %] | seeds |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for row in rows:
        if not row["lang"]:
            seeds = ", ".join(f"{100 * one:+.1f}" for one in row["seeds"])
            lines.append(
                f"| {row['variant']} | {row['split']} ({row['facts']}) | {row['group']} | "
                f"{row['measure']} | {100 * row['base']:.1f} | {_interval(row)} | {seeds} |"
            )
    lines += ["", "Per language, English-only facts:", ""]
    lines += ["| variant | facts | measure | lang | base | change, points [95 %] |",
              "|---|---|---|---|---|---|"]  # fmt: skip
    for row in rows:
        if row["lang"] and row["group"] == "english_only" and row["measure"] != "valid":
            lines.append(
                f"| {row['variant']} | {row['split']} ({row['facts']}) | {row['measure']} | "
                f"{row['lang']} | {100 * row['base']:.1f} | {_interval(row)} |"
            )
    return "\n".join(lines) + "\n"


_COMPACT = (
    ("english_only", ("options", "freeform", "valid")),
    ("stated", ("options", "freeform")),
    ("english", ("options", "freeform")),
    ("all", ("all_languages", "agreement")),
)


def compact(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write one table with the variants side by side, languages together.

    Args:
        rows: of `effects`.

    Returns:
        Markdown: facts, languages, measure, base in percent, and each variant's change in points
        with its interval.
    """
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    found = {
        (row["split"], row["group"], row["measure"], row["variant"]): row
        for row in rows
        if not row["lang"]
    }
    lines = [
        f"| facts | languages | measure | base | {' | '.join(variants)} |",
        f"|---|---|---|---|{'---|' * len(variants)}",
    ]
    for split in ("held", "trained"):
        for group, measures in _COMPACT:
            for name in measures:
                first = found[split, group, name, variants[0]]
                cells = [_interval(found[split, group, name, variant]) for variant in variants]
                lines.append(
                    f"| {split} ({first['facts']}) | {group.replace('_', ' ')} | "
                    f"{name.replace('_', ' ')} | {100 * first['base']:.1f} | {' | '.join(cells)} |"
                )
    return "\n".join(lines) + "\n"


def _interval(row: Mapping[str, Any]) -> str:
    return f"{100 * row['change']:+.1f} [{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]"
