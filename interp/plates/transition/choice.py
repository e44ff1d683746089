"""Which language and which fact stand as examples: by a rule that looks at no picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from interp.errors import InterpError, unknown
from interp.figures.tokens import phrase
from interp.lens import pivot
from interp.lens.absent import why_absent
from interp.lens.fact_search import facts_of
from interp.plates.transition.source import Lens, both_ranked, name_of
from interp.plates.view import View

PAPER_LANGUAGES = ("zh", "es")
"""Of the paper's Figure 3: one in another script than Latin, one in Latin script."""


@dataclass(frozen=True)
class Rule:
    """How a fact was found to be the middle one.

    Attributes:
        among: number of facts it was taken from.
        relation: that they are of; None for all.
        label: the checkpoint whose crossovers order them.
        layer: the fact's crossover there; infinite where the target never passes English.
    """

    among: int
    relation: str | None
    label: str
    layer: float


@dataclass(frozen=True)
class Example:
    """A fact in a language, as it stands for others.

    Attributes:
        lang: the language.
        fact: its id.
        labels: the checkpoints that ranked it.
        common: the facts whose two answers every checkpoint ranked in the language.
        rule: how it came to be the middle one; None where it was asked for by name.
        subject: of the fact, in English where the fact set has that.
        relation: of the fact; empty where the fact set does not say.
    """

    lang: str
    fact: str
    labels: tuple[str, ...]
    common: tuple[str, ...]
    rule: Rule | None
    subject: str
    relation: str

    @property
    def heading(self) -> str:
        """Name it as the paper does: language, relation, subject; plain text."""
        about = f"{self.relation.replace('_', ' ')}: " if self.relation else ""
        return (
            f"[{self.lang.upper()}] {phrase(about + self.subject) if self.subject else self.fact}"
        )


def example_of(
    view: View, lens: Lens, lang: str, fact: str | None = None, relation: str | None = None
) -> Example:
    """Take a fact of a language: the one asked for, or the middle one.

    The middle one: facts that every checkpoint ranked, in the order of the layer at which the target passes
    English for good in the base (never is later than any layer), of equals in the order of their ids; the
    one at place ceil(n / 2). So its crossover is the base's median (`interp.lens.pivot.median_crossover`),
    and nothing that other checkpoints do has a part in the choice.

    Args:
        view: the study, and what of it is shown.
        lens: its runs.
        lang: the language.
        fact: a fact's id.
        relation: only facts of this relation; does not go with ``fact``.

    Raises:
        InterpError: an unknown language, relation or fact, or one that no checkpoint ranked there.
        Lacking: no fact that every checkpoint ranked.
    """
    lens.check(lang)
    common = lens.common(lang)
    about = _facts(view, lens, lang)
    if fact is not None:
        labels = _who_ranked(view, lens, lang, fact)
        rule = None
    else:
        among = _of_relation(about, common, relation)
        if not among:
            of = f" of relation {relation}" if relation else ""
            raise view.lacking(
                "lens",
                f"{' and '.join(lens.labels(lang))} ranked no fact{of} in {name_of(lang)} in common",
            )
        reference = lens.base if lens.base in lens.labels(lang) else lens.labels(lang)[0]
        fact, layer = _middle(lens, reference, lang, among)
        labels = tuple(lens.labels(lang))
        rule = Rule(len(among), relation, reference, layer)
    return Example(lang, fact, labels, tuple(common), rule, *_named(about, fact))


def rule_said(examples: Sequence[Example]) -> str:
    """Say by which rule examples were taken, as sentences."""
    said = []
    if named := [one for one in examples if one.rule is None]:
        facts = " and ".join(phrase(one.fact) for one in named)
        said.append(f"{facts} {'was' if len(named) == 1 else 'were'} asked for by name.")
    ruled: dict[str, list[str]] = {}
    for one in examples:
        if one.rule is not None:
            rule = one.rule
            of = f" of relation {rule.relation}" if rule.relation else ""
            when = "never" if np.isinf(rule.layer) else f"at layer {rule.layer:g}"
            place = f"in {name_of(one.lang)} {when}, of {rule.among:,} {'fact' if rule.among == 1 else 'facts'}{of}"
            ruled.setdefault(rule.label, []).append(place)
    for label, places in ruled.items():
        what = (
            "The example is the middle fact"
            if len(places) == 1
            else "Each example is the middle fact"
        )
        said.append(
            f"{what} of its language by the layer at which the target passes English for good in {label} "
            f"({'; '.join(places)}), equals in the order of their ids: a rule, not a choice."
        )
    return " ".join(said)


def _middle(lens: Lens, label: str, lang: str, among: list[str]) -> tuple[str, float]:
    cube = lens.cubes[label]
    place = {one: at for at, one in enumerate(cube.fact_ids)}
    rows = [place[one] for one in among]
    layers = pivot.crossover(cube.of("target", lang)[rows], cube.of("en", lang)[rows])
    ordered = sorted(zip(layers.tolist(), among, strict=True))
    layer, fact = ordered[(len(ordered) - 1) // 2]
    return fact, layer


def _who_ranked(view: View, lens: Lens, lang: str, fact: str) -> tuple[str, ...]:
    known = {one for cube in lens.cubes.values() for one in cube.fact_ids}
    if fact not in known:
        some = sorted(known)[:5]
        raise unknown("fact", fact, some, f"The lens runs hold {len(known):,} facts")
    found = tuple(
        label
        for label in lens.labels(lang)
        if (both_ranked(lens.cubes[label], lang) & lens.cubes[label].among([fact])).any()
    )
    if not found:
        label, cube = next(iter(lens.cubes.items()))
        facts = view.study.facts(lens.specs[label]["data_hash"])
        why = why_absent(facts, fact, lang, cube.languages, kept=fact in cube.fact_ids)
        raise InterpError(f"{label} {why}")
    return found


def _facts(view: View, lens: Lens, lang: str) -> pd.DataFrame:
    """Read subject and relation of every fact: in English, else in the language; empty without a fact set."""
    data = lens.specs[lens.labels(lang)[0]]["data_hash"]
    try:
        frames = [
            view.once(stated_facts, data, code)[["subject", "relation"]] for code in ("en", lang)
        ]
    except InterpError:  # the fact set is not in the study: ids are all that is known
        return pd.DataFrame(columns=["subject", "relation"])
    both = pd.concat(frames)
    return both[~both.index.duplicated()]


def stated_facts(view: View, data: str, lang: str) -> pd.DataFrame:
    """Read a fact set in a language, `interp.lens.fact_search.facts_of`; by `View.once`."""
    return facts_of(view.study, data, lang)


def _of_relation(about: pd.DataFrame, common: list[str], relation: str | None) -> list[str]:
    if relation is None:
        return common
    if relation not in set(about["relation"]):
        raise unknown("relation", relation, sorted(set(about["relation"])))
    own = set(about.index[about["relation"] == relation])
    return [fact for fact in common if fact in own]


def _named(about: pd.DataFrame, fact: str) -> tuple[str, str]:
    if fact not in about.index:
        return "", ""
    return str(about.at[fact, "subject"]), str(about.at[fact, "relation"])
