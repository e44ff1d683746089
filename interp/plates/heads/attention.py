"""Where an important head looks: the stored attention pattern of a head that LAHIS ranks high."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.attention.measures import Measures, even_pattern, measure
from interp.attention.tables import TENSORS
from interp.errors import unknown
from interp.figures.attention import attention_map
from interp.lahis.maps import head_maps
from interp.plates.commands import analysis_command
from interp.plates.heads.sides import sentences
from interp.plates.heads.words import spread
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View
from interp.plates.words import listed
from interp.study import Study

MOST = 40
"""Tokens of a text that are drawn; of more neither axis could be read. Numbers are of the whole text."""

_COLUMNS = ("lang", "layer", "head", "sample_id", "tokens", "tensor_key")


def attention(
    view: View, *, label: str | None = None, head: str | None = None, lang: str | None = None
) -> Plate:
    """Draw what one head attends to on one text, and say where it looks on all stored texts.

    Args:
        view: the study, and what of it is shown.
        label: the checkpoint that is drawn; the first with stored patterns by default.
        head: ``layer.head``; by default the stored one that scores highest in the language (LAHIS).
        lang: the text's language; the first with stored patterns by default.

    Raises:
        Lacking: no stored pattern of a checkpoint and a language shown.
        InterpError: a label, head or language without stored patterns.
    """
    stored = _stored(view)
    drawn = _one_of("label with stored patterns", label, list(dict.fromkeys(stored["label"])))
    own = stored[stored["label"] == drawn]
    spoken = [one for one in view.languages if one in set(own["lang"])]
    spoken_in = _one_of("language with stored patterns", lang, spoken)
    own = own[own["lang"] == spoken_in]
    names = list(dict.fromkeys(own["name"]))
    ranks = _ranks(view, drawn, spoken_in)
    best = min(names, key=lambda name: ranks.get(name, np.inf))
    named = _one_of("head with stored patterns", head, names, best)
    row = own[own["name"] == named].iloc[0]
    tokens = [str(token) for token in row["tokens"]]
    weights = pattern(view.study, str(row["run_id"]), str(row["tensor_key"]))
    shown = min(len(tokens), MOST)
    here = stored[(stored["name"] == named) & (stored["lang"] == spoken_in)]
    title = f"Attention of head {named} of {drawn} on {row['sample_id']} ({spoken_in})"
    frame = attention_frame(weights, tokens).assign(label=drawn, lang=spoken_in, name=named)
    return Plate(
        name="head-attention",
        title=title,
        figure=attention_map(weights[:shown, :shown], tokens[:shown], title=title),
        frame=frame,
        reading=sentences(
            _chosen_text(named, drawn, spoken_in, ranks),
            _measured(view, here, spoken_in),
            f"Drawn are the first {shown} of {len(tokens)} tokens of one text."
            if shown < len(tokens)
            else "",
        ),
        runs=view.about(list(dict.fromkeys(here["run_id"]))),
    )


def pattern(study: Study, run_id: str, tensor_key: str) -> NDArray[np.float64]:
    """Read one pattern, ``[query, key]``; what a causal model cannot see is not a number.

    Args:
        study: the study.
        run_id: a run of attention patterns.
        tensor_key: as in the table ``attention``.
    """
    weights = study.tensors(run_id, TENSORS)[tensor_key].astype(np.float64)
    later = np.triu(np.ones(weights.shape, bool), 1)
    return np.where(later & (weights == 0), np.nan, weights)


def attention_frame(weights: NDArray[np.float64], tokens: Sequence[str]) -> pd.DataFrame:
    """Lay a pattern out.

    Args:
        weights: ``[query, key]``, as `pattern` reads it.
        tokens: one per position.

    Returns:
        A row per query and key that it can see: ``query``, ``key`` (0-based), ``query_token``,
        ``key_token``, ``weight``.
    """
    query, key = np.nonzero(~np.isnan(weights))
    names = np.array(tokens, dtype=object)
    return pd.DataFrame(
        {
            "query": query,
            "key": key,
            "query_token": names[query],
            "key_token": names[key],
            "weight": weights[query, key],
        }
    )


def where_to(weights: Sequence[NDArray[np.float64]]) -> str:
    """Say how much attention goes to the first token, the one before and the token itself.

    Args:
        weights: ``[query, key]`` of each text.
    """
    found = _measure(weights)
    if not found.n_queries:
        return "The text is too short to say where attention goes: it has fewer than three tokens."
    return (
        f"From the third token on, {100 * found.first:.0f} % of the attention goes to the first "
        f"token, {100 * found.previous:.0f} % to the one before, {100 * found.itself:.0f} % to the "
        "token itself."
    )


def _measure(weights: Sequence[NDArray[np.float64]]) -> Measures:
    return measure([np.nan_to_num(one) for one in weights])


def _stored(view: View) -> pd.DataFrame:
    """List the stored patterns of the languages shown, with their label and the head's name."""
    try:
        runs = view.runs("attention")
    except Lacking as lacking:
        raise _lacking(view) from lacking
    tables = [
        view.study.table("attention", run_id=run_id, columns=list(_COLUMNS)).assign(
            label=label, run_id=run_id
        )
        for label, run_id in runs
    ]
    found = pd.concat(tables, ignore_index=True)
    found = found[found["lang"].isin(view.languages)]
    if found.empty:
        raise Lacking(
            f"study {view.study.path}: no attention patterns in {', '.join(view.languages)}"
        )
    return found.assign(name=found["layer"].astype(str) + "." + found["head"].astype(str))


def _lacking(view: View) -> Lacking:
    path = str(view.study.path)
    command = analysis_command(
        path, view.study.runs(), "attention", view.base, "--heads-from", view.base
    )
    return Lacking(
        f"no attention patterns of {', '.join(view.labels)} are stored in study {path}; to add them: "
        f"{command}"
    )


def _one_of(kind: str, asked: str | None, known: list[str], usual: str | None = None) -> str:
    if asked is not None and asked not in known:
        raise unknown(kind, asked, known)
    return asked or usual or known[0]


def _ranks(view: View, label: str, lang: str) -> dict[str, int]:
    """Rank every head of a checkpoint by its score in a language, from 1; empty where it has none."""
    try:
        run = dict(view.runs("lahis")).get(label)
    except Lacking:
        return {}
    maps = None if run is None else head_maps(view.study, run)
    if maps is None or lang not in maps.whole:
        return {}
    scores = maps.scores[maps.languages.index(lang)]
    order = np.argsort(-scores.ravel(), kind="stable")
    layers, heads = np.unravel_index(order, scores.shape)
    return {
        f"{layer}.{head}": at for at, (layer, head) in enumerate(zip(layers, heads, strict=True), 1)
    }


def _chosen_text(name: str, label: str, lang: str, ranks: dict[str, int]) -> str:
    if name not in ranks:
        return f"Head {name} (layer.head) is stored; how {label} scores it in {lang} is not known."
    return (
        f"Head {name} (layer.head) is number {ranks[name]} of {label}'s {len(ranks):,} heads by its "
        f"score in {lang}."
    )


def _measured(view: View, here: pd.DataFrame, lang: str) -> str:
    """Say where the head looks in each checkpoint, and what attention spread evenly would give."""
    parts, lengths, counts = [], set[int](), set[int]()
    for label, own in here.groupby("label", sort=False):
        run = str(own["run_id"].iloc[0])
        texts = [pattern(view.study, run, str(key)) for key in own["tensor_key"]]
        found = _measure(texts)
        if found.n_queries:
            parts.append(f"{label} {_shares(found)}")
            lengths |= {len(one) for one in texts}
            counts.add(len(texts))
    if not parts:
        return where_to([])
    even = _measure([even_pattern(n) for n in sorted(lengths)])
    texts_said = spread(sorted(counts), "d")
    return (
        "From the third token on its attention goes to the first token, the one before and the token "
        f"itself with {listed(parts)}; spread evenly it would be {_shares(even)}. That is of "
        f"{texts_said} stored text{'' if texts_said == '1' else 's'} in {lang}, without interval: an "
        "example, and no difference between checkpoints."
    )


def _shares(found: Measures) -> str:
    return f"{100 * found.first:.0f}, {100 * found.previous:.0f} and {100 * found.itself:.0f} %"
