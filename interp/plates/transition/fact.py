"""One fact in a better form: all checkpoints, ranks that can be read, the likeliest tokens at every layer."""

from __future__ import annotations

from interp.figures.lens import rank_trajectories, top_token_grid
from interp.figures.tokens import plotly_text
from interp.plates.plate import Plate
from interp.plates.transition.choice import Example, example_of, rule_said
from interp.plates.transition.pairs import example_languages, read_example
from interp.plates.transition.part import (
    Part,
    ranks_said,
    sharing,
    tokens_ranked,
    tokens_said,
)
from interp.plates.transition.source import Lens, lens_of, name_of
from interp.plates.transition.words import stands_for, warned
from interp.plates.view import View
from interp.plates.words import listed


def fact_ranks(
    view: View,
    *,
    lang: str | None = None,
    fact: str | None = None,
    relation: str | None = None,
    log: bool = True,
) -> Plate:
    """Draw the ranks of a fact's answers by layer in every checkpoint, with crossovers and tokens on hover.

    Args:
        view: the study, and what of it is shown.
        lang: the language; the first one of the paper's Figure 3 by default.
        fact: the fact's id; the middle one by default (`interp.plates.transition.choice.example_of`).
        relation: only facts of this relation.
        log: whether the ranks' axis is logarithmic.

    Raises:
        Lacking: no lens run with English answers, or no fact that all checkpoints ranked.
        InterpError: an unknown language, fact or relation.
    """
    lens = lens_of(view)
    example, part = _example(view, lens, lang, fact, relation)
    ranks = part.ranks[part.ranks["role"].isin(["target", "en"])]
    title = f"Rank of target and English answer by layer: {example.heading}"
    columns = ["label", "layer", "point", "role", "token", "rank", "logprob", "n_subtokens"]
    return Plate(
        name="fact-ranks",
        title=title,
        figure=rank_trajectories(
            ranks,
            part.tops,
            view.marks,
            title=plotly_text(title),
            log=log,
            crossovers=part.crossovers,
        ),
        frame=ranks[columns].reset_index(drop=True),
        reading=_whole(view, lens, example, part, f"{name_of(example.lang)}, {ranks_said(part)}"),
        runs=view.about([lens.runs[label] for label in part.labels]),
    )


def fact_tokens(
    view: View,
    *,
    lang: str | None = None,
    fact: str | None = None,
    relation: str | None = None,
) -> Plate:
    """Draw the likeliest token at every layer, a column per checkpoint.

    Args:
        view: the study, and what of it is shown.
        lang: the language; the first one of the paper's Figure 3 by default.
        fact: the fact's id; the middle one by default (`interp.plates.transition.choice.example_of`).
        relation: only facts of this relation.

    Raises:
        Lacking: as `fact_ranks`; or runs that hold no likeliest tokens.
        InterpError: an unknown language, fact or relation.
    """
    lens = lens_of(view)
    example, part = _example(view, lens, lang, fact, relation)
    if part.tops.empty:
        raise view.lacking("lens", "the lens runs hold no likeliest tokens")
    title = f"Likeliest token by layer: {example.heading}"
    return Plate(
        name="fact-tokens",
        title=title,
        figure=top_token_grid(part.tops, part.labels, title=plotly_text(title)),
        frame=part.tops[["label", "layer", "point", "place", "token", "probability", "answer"]],
        reading=_whole(view, lens, example, part, f"{name_of(example.lang)}, {tokens_said(part)}"),
        runs=view.about([lens.runs[label] for label in part.labels]),
    )


def _example(
    view: View, lens: Lens, lang: str | None, fact: str | None, relation: str | None
) -> tuple[Example, Part]:
    example = example_of(view, lens, lang or example_languages(lens)[0], fact, relation)
    return example, read_example(view, lens, example, list(lens.runs))


def _whole(view: View, lens: Lens, example: Example, part: Part, seen: str) -> str:
    said = [seen, tokens_ranked(part)]
    if same := sharing(part):
        said.append(
            f"In {listed(same)} both answers share their token, so that both have one rank."
        )
    if absent := [label for label in lens.runs if label not in part.labels]:
        said.append(f"{listed(absent)} did not rank this fact.")
    said += [stands_for(lens, example, lens.labels(example.lang)), rule_said([example])]
    return " ".join(said) + warned(lens, part.labels)
