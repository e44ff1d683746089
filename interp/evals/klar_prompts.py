"""KLAR's facts as questions: every fact of a folder, joined across languages by (relation, index).

The facts come from the release's files and not from a `FactSet`, which drops those without three
nameable distractors. A fact that a language lacks is counted (`QuestionSet.counts`).

Source: `evaluate_klar.py` of jvonrad/Lost-in-Mistranslation. Its prompts are
``template="release", demos="global_rng"`` with seed 42 and its list of languages (es fr ru zh ja
ar). The default departs in two things: the prompt is cut at ``<mask>`` and ends without a space,
and demonstrations come from a hash of the fact.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from interp.data.sources.klar import MASK, SUBJECT, Relation, cloze, read_release
from interp.errors import InterpError
from interp.evals.demonstrations import with_demos
from interp.evals.failure_modes import objects_of
from interp.evals.questions import Question, QuestionSet, hash_of
from interp.options import KlarOptions

REFERENCE = "en"
"""The language whose facts may be demonstrations, wherever the folder has it."""


def klar_questions(
    folder: Path,
    languages: Sequence[str] | None = None,
    *,
    options: KlarOptions | None = None,
    seed: int = 0,
) -> QuestionSet:
    """Read a folder of KLAR as questions.

    Args:
        folder: the folder that holds a folder per language.
        languages: languages to ask in; None takes all that are there.
        options: template and demonstrations.
        seed: of the demonstrations.

    Returns:
        The questions, language by language, relation by relation, in the order of the files.

    Raises:
        InterpError: not a folder of the release, an unknown language, a malformed file, a
            relation without the chosen template.
    """
    options = options or KlarOptions()
    tables = read_release(folder, languages)
    asked = [
        question
        for lang, table in tables.items()
        for name in sorted(table)
        for question in _questions(lang, table[name], options, folder)
    ]
    if not asked:
        raise InterpError(
            f"{folder}: no fact in {', '.join(tables)}, expected samples in its files"
        )
    questions = with_demos(
        asked,
        rule=options.demos,
        n=options.n_demos,
        seed=seed,
        reference=_reference(folder, tables),
    )
    return QuestionSet(
        questions,
        tuple(tables),
        "klar",
        hash_of(questions, tuple(tables)),
        options.n_demos,
        objects_of((one.lang, one.relation, one.target) for one in questions),
    )


def _questions(lang: str, relation: Relation, options: KlarOptions, folder: Path) -> list[Question]:
    if options.template_index >= len(relation.templates):
        raise InterpError(
            f"klar option template_index is {options.template_index}: {lang}/{relation.name}.json "
            f"in {folder} has {len(relation.templates)} templates, counted from 0"
        )
    template = relation.templates[options.template_index]
    release = options.template == "release"
    kept = template if release else template.split(MASK)[0]
    if SUBJECT not in kept or MASK not in template:
        raise InterpError(
            f"{folder}: template {template!r} of {lang}/{relation.name}.json: expected {SUBJECT} "
            f"and, after it, {MASK}; choose another --template-index"
        )
    made = []
    for index, sample in relation.samples.items():
        stem = (uncut if release else cloze)(template, sample.subject)
        made.append(
            Question(
                fact_id=f"{relation.name}/{index}",
                relation=relation.name,
                lang=lang,
                subject=sample.subject,
                ask=stem + " " if release else stem,
                solved=f"{stem} {sample.answer}\n",
                target=sample.answer,
                target_en=sample.concept,
            )
        )
    return made


def uncut(template: str, subject: str) -> str:
    """Fill a template as the release does: only ``<mask>`` is taken out, text behind it stays."""
    filled = template.replace(SUBJECT, subject)
    return filled.replace(f" {MASK}", "").replace(MASK, "").rstrip()


def _reference(
    folder: Path, tables: dict[str, dict[str, Relation]]
) -> dict[str, frozenset[str]] | None:
    """Facts of English by relation, also where English is not asked; None without English."""
    if REFERENCE in tables:
        table = tables[REFERENCE]
    elif any((folder / REFERENCE).glob("*.json")):
        table = read_release(folder, [REFERENCE])[REFERENCE]
    else:
        return None
    return {
        name: frozenset(f"{name}/{index}" for index in relation.samples)
        for name, relation in table.items()
    }
