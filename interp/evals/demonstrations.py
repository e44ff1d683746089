"""Which solved questions stand before a question: of its relation and language, never itself; pure.

``hashed`` gives a fact the same demonstrations in every language, whichever languages are asked,
so that a difference between languages is not one between demonstrations. ``global_rng`` is what the
release does: one random stream over all questions, so that adding a language changes the prompts of
those behind it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from interp.data.canonical import seeded_number
from interp.errors import unknown
from interp.evals.questions import Question

RULES = ("hashed", "global_rng")


def with_demos(
    questions: Sequence[Question],
    *,
    rule: str,
    n: int,
    seed: int,
    reference: Mapping[str, Collection[str]] | None = None,
) -> tuple[Question, ...]:
    """Give every question its demonstrations.

    Args:
        questions: language by language, relation by relation; the order matters to
            ``global_rng`` only.
        rule: ``hashed`` or ``global_rng``.
        n: demonstrations per question; as many as there are where the relation is too small.
        seed: of the choice. The release's is 42.
        reference: relation to the facts that may be demonstrations under ``hashed``, e.g. those
            of English; without it all facts of the language. A language that lacks one of them
            takes the fact's next.

    Returns:
        The questions in their order.

    Raises:
        InterpError: an unknown rule.
    """
    if rule not in RULES:
        raise unknown("rule of demonstrations", rule, RULES)
    if n == 0:
        return tuple(questions)
    if rule == "global_rng":
        return _global_rng(questions, n, seed)
    by_relation: dict[str, dict[str, dict[str, Question]]] = defaultdict(lambda: defaultdict(dict))
    for one in questions:
        by_relation[one.relation][one.lang][one.fact_id] = one
    made: dict[tuple[str, str], Question] = {}
    for relation, languages in by_relation.items():
        known = {fact_id for facts in languages.values() for fact_id in facts}
        usable = known & set(reference.get(relation, ())) if reference is not None else known
        for fact_id in known:
            order = sorted(
                usable - {fact_id}, key=lambda other: seeded_number(seed, "demo", fact_id, other)
            )
            for lang, facts in languages.items():
                if fact_id in facts:
                    chosen = islice((facts[other] for other in order if other in facts), n)
                    demos = tuple(one.as_demo() for one in chosen)
                    made[lang, fact_id] = replace(facts[fact_id], demos=demos)
    return tuple(made[one.lang, one.fact_id] for one in questions)


def _global_rng(questions: Sequence[Question], n: int, seed: int) -> tuple[Question, ...]:
    """Draw as ``evaluate_klar.py`` does: one stream, each language and relation a pool."""
    pools: dict[tuple[str, str], list[Question]] = defaultdict(list)
    for one in questions:
        pools[one.lang, one.relation].append(one)
    rng = random.Random(seed)
    made: dict[tuple[str, str], Question] = {}
    for pool in pools.values():
        for place, one in enumerate(pool):
            others = [at for at in range(len(pool)) if at != place]
            drawn = rng.sample(others, min(n, len(others)))
            demos = tuple(pool[at].as_demo() for at in drawn)
            made[one.lang, one.fact_id] = replace(one, demos=demos)
    return tuple(made[one.lang, one.fact_id] for one in questions)
