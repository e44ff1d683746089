"""Does the organism know its facts? Four options, closed book, scored by likelihood.

An option's score is the log-likelihood of its tokens after the open prompt, divided by their
number (``tokens``) or by the number of UTF-8 bytes (``bytes``). The option with the highest
score is the model's answer; of equal scores the first wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from interp.data.facts import Fact
from interp.model.branches import Prompt, branch_scores
from training.prompts import completion, open_prompt

RULES = ("tokens", "bytes")
PROMPTS_AT_ONCE = 600


def score_options(
    model: Any,
    tokenizer: Any,
    facts: Sequence[Fact],
    languages: Sequence[str],
    *,
    batch_tokens: int = 4096,
) -> pd.DataFrame:
    """Score all options of all facts.

    Args:
        model: a causal language model; its training mode is left as it was.
        tokenizer: adds its document start by itself.
        facts: the facts.
        languages: the languages to ask in.
        batch_tokens: longest forward, padding included.

    Returns:
        One row per fact, language and option: fact_id, relation, lang, stated, option, is_answer,
        logprob (sum over the option's tokens), n_tokens, n_bytes.
    """
    rows, prompts = [], []
    for fact in facts:
        for lang in languages:
            text = fact.texts[lang]
            prompt = tokenizer(open_prompt(text.question))["input_ids"]
            tails = [
                tokenizer(completion(option), add_special_tokens=False)["input_ids"]
                for option in text.options
            ]
            prompts.append(Prompt(prompt, tails))
            for place, (option, tail) in enumerate(zip(text.options, tails, strict=True)):
                rows.append(
                    {
                        "fact_id": fact.fact_id,
                        "relation": fact.relation,
                        "lang": lang,
                        "stated": bool(text.stated),
                        "option": place,
                        "is_answer": place == text.answer_index,
                        "n_tokens": len(tail),
                        "n_bytes": len(option.encode()),
                    }
                )
    frame = pd.DataFrame(rows)
    frame["logprob"] = _logprobs(model, prompts, batch_tokens)
    return frame


@torch.no_grad()
def _logprobs(model: Any, prompts: list[Prompt], batch_tokens: int) -> np.ndarray:
    """Sum the log-probabilities of each option's tokens, float64 ``[option]``."""
    training = model.training
    model.eval()
    try:
        sums = []
        for first in range(0, len(prompts), PROMPTS_AT_ONCE):
            some = prompts[first : first + PROMPTS_AT_ONCE]
            sums.append(
                branch_scores(model, some, batch_tokens=batch_tokens).logprobs.double().sum(-1)
            )
        return torch.cat(sums).cpu().numpy()
    finally:
        model.train(training)


def correct(scores: pd.DataFrame, rule: str = "tokens") -> pd.DataFrame:
    """Decide every fact in every language.

    Args:
        scores: what `score_options` returned.
        rule: one of `RULES`, what a log-likelihood is divided by.

    Returns:
        One row per fact and language: fact_id, relation, lang, stated, correct.
    """
    score = scores["logprob"] / scores[f"n_{rule}"]
    best = score.groupby([scores["fact_id"], scores["lang"]], sort=False).idxmax()
    chosen = scores.loc[best.to_numpy(), ["fact_id", "relation", "lang", "stated", "is_answer"]]
    return chosen.rename(columns={"is_answer": "correct"}).reset_index(drop=True)


def accuracy(decided: pd.DataFrame) -> list[dict[str, object]]:
    """Average per language, apart for facts stated in it and facts stated only in English.

    Returns:
        Rows of lang, group (``all``, ``stated``, ``english_only``), accuracy and n.
    """
    rows: list[dict[str, object]] = []
    for lang, of_lang in decided.groupby("lang", sort=False):
        groups = {
            "all": of_lang,
            "stated": of_lang[of_lang["stated"]],
            "english_only": of_lang[~of_lang["stated"]],
        }
        for group, part in groups.items():
            if len(part):
                share = round(float(part["correct"].mean()), 4)
                rows.append({"lang": lang, "group": group, "accuracy": share, "n": len(part)})
    return rows
