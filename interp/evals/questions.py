"""Questions that a model answers by free generation, with solved ones before them; pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from interp.data.canonical import canonical_hash
from interp.evals.failure_modes import Objects


@dataclass(frozen=True)
class Demo:
    """One solved question before another one.

    Attributes:
        fact_id: the fact it solves.
        text: question and answer, with what separates them from the next.
        answer: its answer.
    """

    fact_id: str
    text: str
    answer: str


@dataclass(frozen=True)
class Question:
    """One fact asked in one language.

    Attributes:
        fact_id: the fact, the same in every language.
        relation: what is asked.
        lang: language of the question and of its answer.
        subject: what is asked about.
        ask: the question, which the answer continues.
        solved: the question with its answer, as it stands before another one.
        target: the true answer.
        target_en: the true answer in English; None where the source has none.
        demos: the demonstrations, in the order in which they were chosen.
    """

    fact_id: str
    relation: str
    lang: str
    subject: str
    ask: str
    solved: str
    target: str
    target_en: str | None
    demos: tuple[Demo, ...] = ()

    @property
    def prompt(self) -> str:
        """The demonstrations and the question."""
        return "".join(demo.text for demo in self.demos) + self.ask

    def as_demo(self) -> Demo:
        """The question as a demonstration for another one."""
        return Demo(self.fact_id, self.solved, self.target)


@dataclass(frozen=True)
class QuestionSet:
    """The questions of one source.

    Attributes:
        questions: language by language.
        languages: in the order asked for, also those without any question.
        benchmark: short name of the source, as in the table ``predictions``.
        data_hash: of the facts and their wording, not of the demonstrations.
        n_demos: demonstrations that each question should have.
        objects: the answers of each relation in each language, normalised, of the whole source.
    """

    questions: tuple[Question, ...]
    languages: tuple[str, ...]
    benchmark: str
    data_hash: str
    n_demos: int
    objects: Objects

    def only(self, fact_ids: Collection[str], data_hash: str | None = None) -> QuestionSet:
        """Keep some facts, each with the prompt that it has in the whole set.

        Args:
            fact_ids: the facts.
            data_hash: of what is left; computed from the questions by default.
        """
        wanted = frozenset(fact_ids)
        kept = tuple(one for one in self.questions if one.fact_id in wanted)
        return replace(self, questions=kept, data_hash=data_hash or hash_of(kept, self.languages))

    @property
    def prompts_hash(self) -> str:
        """Hash of every prompt, demonstrations included."""
        return canonical_hash([(one.fact_id, one.lang, one.prompt) for one in self.questions])

    @cached_property
    def counts(self) -> pd.DataFrame:
        """What a reader has to know of the questions, one row per language.

        ``facts`` asked, ``missing`` (facts that another language has), ``object_differs`` (facts
        whose answer is another thing than in an earlier language, by its English name),
        ``few_demos`` (fewer demonstrations than wanted) and ``answer_in_demos`` (the true answer
        is also the answer of a demonstration).
        """
        known: dict[str, str | None] = {}
        for one in self.questions:
            known.setdefault(one.fact_id, one.target_en)
        rows = []
        for lang in self.languages:
            mine = [one for one in self.questions if one.lang == lang]
            rows.append(
                {
                    "lang": lang,
                    "facts": len(mine),
                    "missing": len(known) - len(mine),
                    "object_differs": sum(known[one.fact_id] != one.target_en for one in mine),
                    "few_demos": sum(len(one.demos) < self.n_demos for one in mine),
                    "answer_in_demos": sum(
                        any(demo.answer == one.target for demo in one.demos) for one in mine
                    ),
                }
            )
        return pd.DataFrame(rows)


def hash_of(questions: Sequence[Question], languages: Sequence[str]) -> str:
    """Hash facts and their wording, whatever their order in the source."""
    rows = sorted(
        [one.fact_id, one.lang, one.relation, one.solved, one.target, one.target_en or ""]
        for one in questions
    )
    return canonical_hash({"languages": list(languages), "questions": rows})
