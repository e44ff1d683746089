"""What SFT and GRPO do to the organism, over seeds and beside a control; run it as a script.

    python -m training.organism.effects --out artifacts/effects

It trains (or goes on training) every variant from the base for every seed, scores base and
variants on facts that were trained on and facts that were held out, and writes ``effects.json``
and ``effects.md``. Every stage resumes, so the script may be stopped and started.

The control is a GRPO run whose rewards are given to the rollouts of a fact at random: the same
length, the same sizes of update, nothing to learn. An effect is credited to the reward only where
GRPO's difference from the control has an interval above 0.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from interp.data.canonical import seeded_number
from interp.data.facts import Fact, FactSet, fold

VARIANTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "sft": ("sft", {}),
    "grpo": ("grpo", {}),
    "grpo-null": ("grpo", {"reward_source": "null"}),
}
"""Name to stage and what differs from its preset ``organism``."""

MEASURES = ("options", "freeform", "valid", "all_languages", "agreement")
DRAWS = 2000


def held_out(facts: FactSet) -> list[Fact]:
    """Test facts whose question is not also asked in another split.

    Some questions stand twice in the embedded set (a territory and a city of one name); the twin
    of a training fact is not held out.
    """
    seen = {_question(fact) for fact in facts if fact.split != "test"}
    return [fact for fact in facts if fact.split == "test" and _question(fact) not in seen]


def _question(fact: Fact) -> str:
    return fold(fact.texts["en"].question)


def asked_facts(facts: FactSet, trained: Sequence[str], number: int) -> list[Fact]:
    """The facts of the evaluation: held-out ones and as many that were trained on."""
    held = held_out(facts)[:number]
    known = set(trained)
    of_train = sorted(
        (fact for fact in facts if fact.fact_id in known),
        key=lambda fact: seeded_number(0, "effects", fact.fact_id),
    )
    return held + of_train[:number]


def measure(checkpoint: str, facts: Sequence[Fact], languages: Sequence[str]) -> pd.DataFrame:
    """Ask one checkpoint.

    Args:
        checkpoint: spec.
        facts: the facts.
        languages: the languages.

    Returns:
        One row per fact and language: fact_id, split, lang, stated, chosen (place of the option
        with the highest likelihood per token, closed book), options (whether that is the answer),
        freeform (whether the greedy answer is), valid (whether it is any of the options), kind.
    """
    from interp.model.hooked import HookedModel
    from training.judge import judge
    from training.organism.evaluate import score_options
    from training.prompts import open_prompt
    from training.reward_rules import RewardRules
    from training.rollouts import greedy_answers

    loaded = HookedModel.load(checkpoint, self_check=False)
    model, tokenizer = loaded.model, loaded.tokenizer
    scores = score_options(model, tokenizer, facts, languages)
    scores["score"] = scores["logprob"] / scores["n_tokens"]
    best = scores.groupby(["fact_id", "lang"], sort=False)["score"].idxmax()
    frame = scores.loc[best.to_numpy(), ["fact_id", "lang", "stated", "option", "is_answer"]]
    frame = frame.rename(columns={"option": "chosen", "is_answer": "options"})
    asked = [(fact, lang) for fact in facts for lang in languages]
    prompts = [
        tokenizer(open_prompt(fact.texts[lang].question))["input_ids"] for fact, lang in asked
    ]
    texts = greedy_answers(
        model, tokenizer, prompts, max_new_tokens=16, eos_ids=[tokenizer.eos_token_id]
    )
    rules = RewardRules()
    kinds = [
        judge(text, fact.texts[lang].options, fact.texts[lang].answer_index, rules).kind
        for (fact, lang), text in zip(asked, texts, strict=True)
    ]
    found = pd.DataFrame(
        {
            "fact_id": [fact.fact_id for fact, _ in asked],
            "split": ["held" if fact.split == "test" else "trained" for fact, _ in asked],
            "lang": [lang for _, lang in asked],
            "generated": texts,
            "kind": kinds,
        }
    )
    frame = found.merge(frame, on=["fact_id", "lang"], validate="one_to_one")
    frame["freeform"] = frame["kind"] == "correct"
    frame["valid"] = frame["kind"].isin(["correct", "wrong"])
    return frame


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


def train_variant(variant: str, seed: int, base: str, folder: Path, steps: int | None) -> Path:
    """Train one variant with one seed, or find it trained."""
    from training.configs import FactConfig, make_config
    from training.fact_stages import train_on_facts

    stage, changes = VARIANTS[variant]
    more = {} if steps is None else {"steps": steps}
    config = make_config(stage, "organism", changes={**changes, **more, "seed": seed})
    assert isinstance(config, FactConfig)
    out = folder / f"{variant}-seed-{seed}"
    train_on_facts(config, base, "cldr", out)
    return out


def _answers(checkpoint: str, facts: Sequence[Fact], languages: Sequence[str],
             cache: Path) -> pd.DataFrame:  # fmt: skip
    if cache.exists():
        return pd.read_parquet(cache)
    frame = measure(checkpoint, facts, languages)
    frame.to_parquet(cache)
    return frame


def main(argv: Sequence[str] | None = None) -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="artifacts/base")
    parser.add_argument("--out", type=Path, default=Path("artifacts/effects"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--facts", type=int, default=300, help="of each split")
    parser.add_argument("--steps", type=int, help="updates, instead of a preset's")
    parser.add_argument("--only-train", action="store_true", help="leave measuring to a later call")
    asked = parser.parse_args(argv)
    asked.out.mkdir(parents=True, exist_ok=True)
    everything = FactSet.load("cldr")
    trained = [fact.fact_id for fact in everything if fact.split == "train"]
    facts = asked_facts(everything, trained, asked.facts)
    languages = everything.languages
    answers: dict[str, dict[int, pd.DataFrame]] = {}
    for seed in asked.seeds:
        for variant in asked.variants:
            folder = train_variant(variant, seed, asked.base, asked.out, asked.steps)
            if not asked.only_train:
                cache = asked.out / f"{folder.name}.parquet"
                frame = _answers(str(folder), facts, languages, cache)
                answers.setdefault(variant, {})[seed] = frame
                print(f"{folder.name}: measured", flush=True)
    if asked.only_train:
        return
    base = _answers(asked.base, facts, languages, asked.out / "base.parquet")
    rows = effects(answers, base)
    compared = verdicts(answers) if {"grpo", "grpo-null"} <= set(answers) else []
    report = {"base": asked.base, "seeds": asked.seeds, "rows": rows, "verdicts": compared}
    (asked.out / "effects.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    text = f"{compact(rows)}\n{markdown(rows)}"
    (asked.out / "effects.md").write_text(text, encoding="utf-8")
    print(text)
    for one in compared:
        print(in_words(one))


if __name__ == "__main__":
    main()
