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

import pandas as pd

from interp.data.canonical import seeded_number
from interp.data.facts import Fact, FactSet, fold
from training.organism.effect_tables import compact, effects, in_words, markdown, verdicts

VARIANTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "sft": ("sft", {}),
    "grpo": ("grpo", {}),
    "grpo-null": ("grpo", {"reward_source": "null"}),
}
"""Name to stage and what differs from its preset ``organism``."""


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
    from interp.model.generation import greedy_answers
    from interp.model.hooked import HookedModel
    from training.judge import judge
    from training.organism.evaluate import score_options
    from training.prompts import open_prompt
    from training.reward_rules import RewardRules

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
