"""Facts of any source as questions for free generation: no options, solved ones before them; pure.

As ``evaluate_polyfact_freeform.py`` of jvonrad/Lost-in-Mistranslation, whose demonstrations are the
same for every question of a language and of any relation; ours are of the question's relation, as
in KLAR.
"""

from __future__ import annotations

from collections.abc import Sequence

from interp.data.facts import FactSet
from interp.data.languages import check
from interp.data.prompts import prompt_text
from interp.evals.demonstrations import with_demos
from interp.evals.failure_modes import objects_of
from interp.evals.questions import Question, QuestionSet
from interp.options import KlarOptions

REFERENCE = "en"


def free_questions(
    facts: FactSet,
    languages: Sequence[str] | None = None,
    *,
    options: KlarOptions | None = None,
    seed: int = 0,
) -> QuestionSet:
    """Ask facts as ``Question: ...`` / ``Answer:``.

    Args:
        facts: the facts. English answers are known where English is among their languages.
        languages: languages to ask in; all of the facts' by default.
        options: number and rule of the demonstrations; templates are KLAR's own and not used.
        seed: of the demonstrations.

    Returns:
        The questions, language by language; ``data_hash`` is the facts'.

    Raises:
        InterpError: a language that the facts lack.
    """
    options = options or KlarOptions()
    chosen = check(languages, facts.languages, facts.source)
    asked = []
    for lang in chosen:
        for fact in sorted(facts, key=lambda fact: fact.relation):
            text = fact.texts[lang]
            ask = prompt_text(None, text, form="qa")
            english = fact.texts.get(REFERENCE)
            asked.append(
                Question(
                    fact_id=fact.fact_id,
                    relation=fact.relation,
                    lang=lang,
                    subject=text.subject,
                    ask=ask,
                    solved=f"{ask} {text.answer}\n\n",
                    target=text.answer,
                    target_en=None if english is None else english.answer,
                )
            )
    questions = with_demos(asked, rule=options.demos, n=options.n_demos, seed=seed)
    return QuestionSet(
        questions,
        chosen,
        facts.source.split(":")[0],
        facts.data_hash,
        options.n_demos,
        objects_of((one.lang, one.relation, one.target) for one in questions),
    )
