"""Which fact is trained on when, and in which order its options stand: all of it known beforehand.

A visit is one fact at one moment of the training. The whole plan follows from the seed alone, so
it is the same for any number of processes, and a run that goes on after a kill needs no position
but its step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from interp.data.facts import Fact, FactSet
from interp.errors import InterpError

_ORDER, _OPTIONS = 11, 12  # one stream of random numbers for each purpose


@dataclass(frozen=True)
class Visit:
    """One fact at one moment.

    Attributes:
        number: place in the plan, from 0.
        fact: the fact.
        orders: language to the places of the options as they are listed.
    """

    number: int
    fact: Fact
    orders: Mapping[str, tuple[int, ...]]


def plan_visits(
    facts: FactSet, number: int, *, seed: int, option_order: str = "language"
) -> list[Visit]:
    """Plan the visits of a run: every fact once before any comes again, each pass in new order.

    Args:
        facts: the training facts.
        number: of visits.
        seed: of the order and of the options' orders.
        option_order: ``language``, ``fact`` or ``fixed``, see `training.configs.FactConfig`.

    Returns:
        The visits, in order.
    """
    visits: list[Visit] = []
    while len(visits) < number:
        passes = len(visits) // len(facts)
        order = np.random.default_rng([seed, _ORDER, passes]).permutation(len(facts))
        for place in order[: number - len(visits)]:
            at = len(visits)
            fact = facts.facts[int(place)]
            visits.append(Visit(at, fact, _orders(fact, facts.languages, seed, at, option_order)))
    return visits


def _orders(
    fact: Fact, languages: Sequence[str], seed: int, number: int, option_order: str
) -> dict[str, tuple[int, ...]]:
    size = len(fact.option_ids)
    if option_order == "fixed":
        return dict.fromkeys(languages, tuple(range(size)))
    rng = np.random.default_rng([seed, _OPTIONS, number])
    if option_order == "fact":
        return dict.fromkeys(languages, tuple(int(i) for i in rng.permutation(size)))
    return {lang: tuple(int(i) for i in rng.permutation(size)) for lang in languages}


def updates(n_facts: int, facts_per_update: int, epochs: int, steps: int | None) -> int:
    """Count the updates of a run; the last, incomplete one of the last pass is left out.

    Raises:
        InterpError: fewer facts than one update takes.
    """
    if steps is not None:
        return steps
    number = n_facts * epochs // facts_per_update
    if number == 0:
        raise InterpError(
            f"{n_facts} facts in {epochs} pass(es) make no update of {facts_per_update} facts: "
            "expected more facts, or a smaller facts_per_update"
        )
    return number


@dataclass(frozen=True)
class TrainingFacts:
    """The facts of a run, apart by what they are for.

    Attributes:
        train: what is trained on.
        validation: what checks during training may look at; None where the source has none.
        held: how many test facts the source holds; they are never read.
    """

    train: FactSet
    validation: FactSet | None
    held: int


def training_facts(
    facts: FactSet, *, max_facts: int | None, seed: int, skip_incomplete: bool = False
) -> TrainingFacts:
    """Take the training and the validation split, and refuse what must not be trained on.

    Args:
        facts: a whole source, every split.
        max_facts: at most this many training facts.
        seed: of their choice.
        skip_incomplete: train on the others where some facts lack a language.

    Returns:
        The facts of the run.

    Raises:
        InterpError: the source is a test set, has no training facts, or holds facts that lack a
            language and ``skip_incomplete`` is off.
    """
    splits = {name: sum(f.split == name for f in facts) for name in ("train", "validation", "test")}
    if not splits["train"]:
        found = ", ".join(f"{number} {name}" for name, number in splits.items() if number)
        raise InterpError(
            f"--facts {facts.source}: no training facts (it holds {found}); a test or validation "
            "split is never trained on: expected facts of split train"
        )
    incomplete = facts.notes.get("dropped_incomplete", 0)
    if incomplete and not skip_incomplete:
        lacking = [
            f"{name.removeprefix('missing_')} in {number}"
            for name, number in sorted(facts.notes.items())
            if name.startswith("missing_") and number
        ]
        raise InterpError(
            f"--facts {facts.source}: {incomplete} facts lack a language that was asked for "
            f"({', '.join(lacking)}): expected every fact in {', '.join(facts.languages)}; name "
            "fewer languages, or leave these facts out with --skip-incomplete"
        )
    train = facts.select(split="train", limit=max_facts, seed=seed)
    validation = facts.select(split="validation") if splits["validation"] else None
    return TrainingFacts(train, validation, splits["test"])
