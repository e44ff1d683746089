"""One fact in one language as several checkpoints ranked it, and what that says in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from interp.figures.lens import ROLE_NAMES
from interp.figures.tokens import is_bytes, token_label
from interp.lens.fact_part import fact_crossover, fact_ranks, fact_top

Reader = Callable[..., pd.DataFrame]
"""Applies a reader of a study to its arguments after the study; a page keeps what it has read."""


@dataclass(frozen=True)
class Part:
    """What the runs hold of one fact in one language, checkpoint after checkpoint.

    Attributes:
        ranks: of `interp.lens.fact_part.fact_ranks`, with a column label.
        tops: of `interp.lens.fact_part.fact_top`, with columns label and ``answer`` (whose answer
            the token begins: ``target``, ``en`` or empty).
        crossovers: label to crossover.
    """

    ranks: pd.DataFrame
    tops: pd.DataFrame
    crossovers: dict[str, float]

    @property
    def labels(self) -> list[str]:
        """The checkpoints that ranked the fact."""
        return list(self.crossovers)


def read_part(read: Reader, runs: Mapping[str, str], fact: str, lang: str) -> Part | None:
    """Read a fact from every run that has it.

    Args:
        read: calls a function of `interp.lens.fact_part` with the study before the arguments given.
        runs: label to run_id.
        fact: id of the fact.
        lang: language of the prompt.

    Returns:
        What they hold; None where none has it.
    """
    ranks, tops, crossovers = [], [], {}
    for label, run_id in runs.items():
        own = read(fact_ranks, run_id, fact, lang)
        if own.empty:
            continue
        top = read(fact_top, run_id, fact, lang)
        ids = {role: set(rows["token_id"]) for role, rows in own.groupby("role")}
        answer = top["token_id"].map(
            lambda token, ids=ids: next(
                (role for role in ("target", "en") if token in ids.get(role, ())), ""
            )
        )
        ranks.append(own.assign(label=label))
        tops.append(top.assign(label=label, answer=answer))
        crossovers[label] = fact_crossover(own)
    if not ranks:
        return None
    return Part(pd.concat(ranks, ignore_index=True), pd.concat(tops, ignore_index=True), crossovers)


def tokens_ranked(part: Part) -> str:
    """Say which tokens stand for the answers, as plain text."""
    first = part.ranks.drop_duplicates(["label", "role"])
    said = []
    for role in ("target", "en"):
        own = first[first["role"] == role].drop_duplicates("token_id")
        for token, count in zip(own["token"].astype(str), own["n_subtokens"], strict=True):
            text = f"{ROLE_NAMES[role]}: token {token_label(token)}"
            if count > 1:
                text += f", one of {count} sub-tokens"
            if is_bytes(token):
                text += " (bytes of a character that the next token completes)"
            said.append(text)
    return f"Ranked are {'; '.join(said)}."


def sharing(part: Part) -> list[str]:
    """Return the checkpoints in which target and English answer are the same token."""
    ids = {
        str(label): {role: set(own["token_id"]) for role, own in mine.groupby("role")}
        for label, mine in part.ranks.groupby("label", sort=False)
    }
    return [label for label, by in ids.items() if by.get("target", set()) & by.get("en", set())]


def ranks_said(part: Part) -> str:
    """Say of every checkpoint where the target stands at the end and from where it leads."""
    parts = []
    for label, layer in part.crossovers.items():
        own = part.ranks[(part.ranks["label"] == label) & (part.ranks["point"] == "post")]
        last = own[own["layer"] == own["layer"].max()].set_index("role")["rank"]
        text = f"{label}: target at rank {last['target'] + 1:,g} at the end"
        if math.isinf(layer):
            text += f", the English answer ahead at {last['en'] + 1:,g}"
        elif layer == 0:
            text += ", never behind English"
        elif not math.isnan(layer):
            text += f", ahead of English for good from layer {layer:g}"
        parts.append(text)
    return "; ".join(parts) + "."


def tokens_said(part: Part) -> str:
    """Say of every checkpoint where the answers' tokens are the likeliest of all."""
    first = part.tops[part.tops["place"] == 1]
    parts = []
    for label in part.labels:
        own = first[(first["label"] == label) & (first["answer"] == "target")].sort_values("depth")
        english = first[(first["label"] == label) & (first["answer"] == "en")]
        text = f"first at layer {own['spot'].iloc[0]}" if len(own) else "never the likeliest"
        also = f", the English answer's at {len(english)} of the points" if len(english) else ""
        parts.append(f"{label}: the target's token {text}{also}")
    return "; ".join(parts) + "."
