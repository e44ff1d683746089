"""Finds the questions that a user names, and says what is not as asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from interp.data.balance import balanced_ids
from interp.data.facts import FactSet
from interp.data.sources.text import folder_of
from interp.errors import InterpError
from interp.evals.free_questions import free_questions
from interp.evals.klar_prompts import klar_questions
from interp.evals.questions import QuestionSet
from interp.notices import tell
from interp.options import KlarOptions

KLAR = "klar:"
WHO = "eval klar"
"""What notices are signed with."""

_SAID = {
    "missing": "{n} facts of other languages are missing in {lang}",
    "object_differs": "{n} facts have another object in {lang} than in an earlier language",
    "few_demos": "{n} questions in {lang} have fewer demonstrations: their relation is too small",
    "shortened": "{n} prompts in {lang} lost demonstrations to fit the checkpoint's positions",
}


def read_questions(
    facts: FactSet | str,
    languages: Sequence[str] | None,
    options: KlarOptions,
    *,
    given: Collection[str] = (),
    limit: int | None = None,
    seed: int = 0,
) -> tuple[QuestionSet, FactSet | None]:
    """Read questions and, where they come from a fact set, the facts that are asked.

    Args:
        facts: ``klar:FOLDER``, or a fact set or the name of one.
        languages: languages to ask in; all of the facts' by default.
        options: of the prompts.
        given: names of the options that the user gave.
        limit: at most this many facts.
        seed: of demonstrations and of the choice that ``limit`` makes.

    Returns:
        The questions; the fact set is None for ``klar:FOLDER``.

    Raises:
        InterpError: a limit below 1, a template for facts that have none, whatever the source
            finds wrong.
    """
    if limit is not None and limit < 1:
        raise InterpError(f"limit {limit} facts: expected at least 1")
    if isinstance(facts, str) and facts.startswith(KLAR):
        place = facts.removeprefix(KLAR)
        folder = folder_of(place, "the folder of KLAR-CLC with one folder per language")
        questions = klar_questions(folder, languages, options=options, seed=seed)
        if limit is None:
            return questions, None
        relation_of = {one.fact_id: one.relation for one in questions.questions}
        return questions.only(balanced_ids(relation_of, limit, seed)), None
    if named := sorted({"template", "template_index"} & set(given)):
        raise InterpError(
            f"klar option {named[0]} is given, but the facts are not {KLAR}FOLDER: expected no "
            "template, since they are asked as question and answer"
        )
    if isinstance(facts, str):
        facts = _with_english(facts, languages, seed)
    questions = free_questions(facts, languages, options=options, seed=seed)
    if limit is None:
        return questions, facts
    some = facts.select(limit=limit, seed=seed)
    return questions.only({fact.fact_id for fact in some}, some.data_hash), some


def _with_english(source: str, languages: Sequence[str] | None, seed: int) -> FactSet:
    """Load facts and, where the source has it for all of them, English, whose answer tells a leak."""
    facts = FactSet.load(source, languages=languages, seed=seed)
    if languages is None or "en" in languages:
        return facts
    try:
        both = FactSet.load(source, languages=(*languages, "en"), seed=seed)
    except InterpError:  # no English there
        both = None
    if both is not None and len(both) == len(facts):
        return both
    tell(WHO, f"{source}: not all facts have an English text, so no English leak can be seen")
    return facts


def say(counts: pd.DataFrame) -> None:
    """Say on standard error, language by language, what is missing or shortened.

    Args:
        counts: `QuestionSet.counts` and those of `interp.evals.klar_items.build_items`.
    """
    for row in counts.to_dict("records"):
        for name, text in _SAID.items():
            if row[name]:
                tell(WHO, text.format(n=row[name], lang=row["lang"]))
