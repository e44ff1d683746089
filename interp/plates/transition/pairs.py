"""One fact in the paper's form: ranks of its two answers in the base and after post-training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from interp.errors import InterpError, unknown
from interp.figures.lens_pairs import log_rank_pairs
from interp.plates.plate import Plate
from interp.plates.transition.choice import PAPER_LANGUAGES, Example, example_of, rule_said
from interp.plates.transition.part import Part, ranks_said, read_part
from interp.plates.transition.source import Lens, is_latin, lens_of, name_of
from interp.plates.transition.words import change_said, stands_for, warned, why_not
from interp.plates.view import View


def two_facts(
    view: View,
    *,
    lang: Sequence[str] | str | None = None,
    fact: Sequence[str] | str | None = None,
    label: str | None = None,
    relation: str | None = None,
) -> Plate:
    """Draw the ranks of a fact's target and English answer by layer, base left, post-trained right.

    Source: the paper's Figure 3: a fact in another script than Latin above one in Latin script. There the
    facts were picked; here they are the middle ones (`interp.plates.transition.choice.example_of`).

    Args:
        view: the study, and what of it is shown.
        lang: languages, a row each; Chinese and Spanish, as in the paper, or where they were not asked the
            first language in another script and the first in Latin script.
        fact: a fact's id for each language; the middle one by default.
        label: the checkpoint at the right; the first GRPO, or the last one.
        relation: only facts of this relation, e.g. ``official_language``.

    Raises:
        Lacking: no lens run with English answers, or no fact that all checkpoints ranked.
        InterpError: an unknown language, fact, relation or checkpoint.
    """
    lens = lens_of(view)
    return _plate(view, lens, lang or example_languages(lens), fact, label, relation, "Figure 3")


def latin_fact(
    view: View,
    *,
    lang: str | None = None,
    fact: str | None = None,
    label: str | None = None,
    relation: str | None = None,
) -> Plate:
    """Draw one more fact, in Latin script, in the form of `two_facts`: the paper's Figure 9.

    Args:
        view: the study, and what of it is shown.
        lang: the language; the first one in Latin script that `two_facts` does not show.
        fact: a fact's id; the middle one by default.
        label: the checkpoint at the right; the first GRPO, or the last one.
        relation: only facts of this relation.

    Raises:
        Lacking: as `two_facts`; or no language in Latin script beside English.
        InterpError: as `two_facts`.
    """
    lens = lens_of(view)
    if lang is None:
        latin = [one for one in lens.languages if is_latin(one)]
        if not latin:
            raise view.lacking(
                "lens", "no lens run asked in a language in Latin script beside English"
            )
        shown = example_languages(lens)
        lang = next((one for one in latin if one not in shown), latin[0])
    return _plate(view, lens, lang, fact, label, relation, "Figure 9")


def example_languages(lens: Lens) -> tuple[str, ...]:
    """Choose a language in another script than Latin and one in Latin script, the paper's where they are there."""
    found = []
    for preferred, latin in zip(PAPER_LANGUAGES, (False, True), strict=True):
        of_script = [lang for lang in lens.languages if is_latin(lang) == latin]
        if of_script:
            found.append(preferred if preferred in of_script else of_script[0])
    return tuple(found)


def post_trained(lens: Lens, label: str | None) -> tuple[str, ...]:
    """Choose what stands beside the base: the checkpoint asked for, else the first GRPO, else the last.

    Raises:
        InterpError: a checkpoint without a lens run.
    """
    if label is not None and label not in lens.runs:
        raise unknown("label with a lens run", label, lens.runs)
    others = [one for one in lens.runs if one != lens.base]
    if label is not None:
        return tuple(dict.fromkeys([lens.base, label]))
    if not others:
        return (lens.base,)
    grpo = (one for one in others if lens.specs[one]["stage"] == "grpo")
    return lens.base, next(grpo, others[-1])


def read_example(view: View, lens: Lens, example: Example, labels: Sequence[str]) -> Part:
    """Read a fact's ranks and likeliest tokens of the checkpoints that ranked it."""
    runs = {label: lens.runs[label] for label in labels if label in example.labels}

    def read(function: Any, *arguments: str) -> pd.DataFrame:
        return view.once(_read, function, *arguments)

    part = read_part(read, runs, example.fact, example.lang)
    if part is None:
        raise InterpError(
            f"{' and '.join(labels)} did not rank {example.fact} in {example.lang}: only "
            f"{' and '.join(example.labels)} did"
        )
    return part


def _read(view: View, function: Any, *arguments: str) -> pd.DataFrame:
    frame: pd.DataFrame = function(view.study, *arguments)
    return frame


def _plate(
    view: View,
    lens: Lens,
    lang: Sequence[str] | str,
    fact: Sequence[str] | str | None,
    label: str | None,
    relation: str | None,
    paper: str,
) -> Plate:
    langs = [lang] if isinstance(lang, str) else list(lang)
    facts: list[str | None] = [None] * len(langs)
    if fact is not None:
        facts = [fact] if isinstance(fact, str) else list(fact)
    if len(facts) != len(langs):
        raise InterpError(f"{len(facts)} facts for {len(langs)} languages: expected one each")
    labels = post_trained(lens, label)
    examples = [example_of(view, lens, *each, relation) for each in zip(langs, facts, strict=True)]
    letters = [f"({chr(97 + at)}) " if len(examples) > 1 else "" for at in range(len(examples))]
    headings = [mark + one.heading for mark, one in zip(letters, examples, strict=True)]
    frames, said = [], []
    for mark, heading, example in zip(letters, headings, examples, strict=True):
        part = read_example(view, lens, example, labels)
        own = part.ranks[
            (part.ranks["point"] == "post") & part.ranks["role"].isin(["target", "en"])
        ]
        frames.append(own.assign(example=heading, fact_id=example.fact, lang=example.lang))
        absent = [one for one in labels if one not in part.labels]
        without = f" {' and '.join(absent)} did not rank this fact." if absent else ""
        said.append(
            f"{mark}{name_of(example.lang)}, {ranks_said(part)}{without} "
            f"{stands_for(lens, example, [one for one in labels if one in lens.labels(example.lang)])}"
            f"{_changed(view, lens, example, labels)}"
        )
    frame = pd.concat(frames, ignore_index=True)
    columns = ["example", "fact_id", "lang", "label", "layer", "role", "token", "rank", "logprob"]
    title = f"Log rank of target and English answer by layer: {' and '.join(labels)}"
    if len(labels) == 1:
        said.append(why_not(view, lens, labels))
    return Plate(
        name="fact-ranks-" + ("pair" if paper == "Figure 3" else "latin"),
        title=title,
        figure=log_rank_pairs(frame, headings, labels, title=title),
        frame=frame[columns].sort_values(["example", "label", "role", "layer"], ignore_index=True),
        reading=" ".join([*said, rule_said(examples)]) + warned(lens, labels),
        runs=view.about([lens.runs[one] for one in labels]),
        paper=paper,
    )


def _changed(view: View, lens: Lens, example: Example, labels: Sequence[str]) -> str:
    if len(labels) == 1 or labels[1] == view.base:
        return ""
    what = "the share with English ahead at the end"
    return " " + change_said(view, lens, "never_crosses", what, example.lang, labels[1])
