"""Does the organism know its facts? Four options, closed book, scored by likelihood.

An option's score is the log-likelihood of its tokens after the open prompt, divided by their
number (``tokens``) or by the number of UTF-8 bytes (``bytes``). The option with the highest
score is the model's answer; of equal scores the first wins.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from interp.data.facts import Fact
from training.prompts import completion, open_prompt

RULES = ("tokens", "bytes")


def score_options(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    facts: Sequence[Fact],
    languages: Sequence[str],
    *,
    batch_tokens: int = 2048,
) -> pd.DataFrame:
    """Score all options of all facts.

    Args:
        model: a causal language model; its training mode is left as it was.
        tokenizer: adds its document start by itself.
        facts: the facts.
        languages: the languages to ask in.
        batch_tokens: longest batch, padding included.

    Returns:
        One row per fact, language and option: fact_id, relation, lang, stated, option, is_answer,
        logprob (sum over the option's tokens), n_tokens, n_bytes.
    """
    rows, sequences, starts = [], [], []
    for fact in facts:
        for lang in languages:
            text = fact.texts[lang]
            prompt = tokenizer(open_prompt(text.question))["input_ids"]
            for place, option in enumerate(text.options):
                tail = tokenizer(completion(option), add_special_tokens=False)["input_ids"]
                sequences.append([*prompt, *tail])
                starts.append(len(prompt))
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
    frame["logprob"] = _logprobs(model, sequences, starts, batch_tokens)
    return frame


@torch.no_grad()
def _logprobs(
    model: PreTrainedModel, sequences: list[list[int]], starts: list[int], batch_tokens: int
) -> np.ndarray:
    """Sum the log-probabilities of each sequence's tokens from its start on, float64 ``[seq]``."""
    training = model.training
    model.eval()
    out = np.zeros(len(sequences))
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    try:
        while order:
            width = len(sequences[order[0]])
            size = 0
            while size < len(order) and (size + 1) * len(sequences[order[size]]) <= batch_tokens:
                width = len(sequences[order[size]])
                size += 1
            batch, order = order[: max(size, 1)], order[max(size, 1) :]
            ids = torch.zeros(len(batch), width, dtype=torch.long)
            wanted = torch.zeros(len(batch), width, dtype=torch.bool)
            for row, index in enumerate(batch):
                ids[row, : len(sequences[index])] = torch.tensor(sequences[index])
                wanted[row, starts[index] : len(sequences[index])] = True
            # Causal attention and padding on the right: no mask is needed for what is read.
            hidden = model.base_model(input_ids=ids, use_cache=False).last_hidden_state
            picked = wanted[:, 1:]
            logits = model.get_output_embeddings()(hidden[:, :-1][picked]).float()
            token = -torch.nn.functional.cross_entropy(logits, ids[:, 1:][picked], reduction="none")
            per_row = torch.zeros(len(batch), dtype=torch.float64)
            per_row.index_add_(0, picked.nonzero()[:, 0], token.double())
            out[batch] = per_row.numpy()
    finally:
        model.train(training)
    return out


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
