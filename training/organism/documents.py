"""The kinds of documents the organism reads, drawn at random from the material.

A document is a list of segments, each with the loss weight of its tokens: a question's words
are mostly there to be read, the answer is there to be learned. Facts are drawn only from what
the document's language may state; documents of names hold names of one kind and relate them to
their translations, never to each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from interp.data.facts import Fact, FactText
from interp.data.languages import get
from interp.errors import unknown
from training.organism.material import ENGLISH, Material
from training.prompts import choice_prompt, completion, open_prompt

PROMPT_WEIGHT = 0.2
# Ordinary text is long and full of numbers that nobody can predict: at full weight its noise made
# up most of the gradient, and after 3 million tokens half of the English facts were still unknown.
TEXT_WEIGHT = 0.2
Rng = np.random.Generator


@dataclass(frozen=True)
class Document:
    """One document.

    Attributes:
        kind: the writer that wrote it.
        lang: its language; ``""`` for documents that only put names or text side by side.
        segments: (text, loss weight of its tokens), to be joined without anything between.
    """

    kind: str
    lang: str
    segments: tuple[tuple[str, float], ...]

    @property
    def text(self) -> str:
        """The document as one string."""
        return "".join(text for text, _ in self.segments)


def _pick(rng: Rng, items: Sequence[Any]) -> Any:
    return items[int(rng.integers(len(items)))]


def _other_fact(material: Material, rng: Rng) -> tuple[str, Fact]:
    lang = _pick(rng, material.others)
    return lang, _pick(rng, material.stated[lang])


def _statement(material: Material, rng: Rng, fact: Fact, lang: str, kind: str) -> Document:
    text = fact.texts[lang]
    sentences = material.statement_of(fact.relation, lang, text.subject, text.answer)
    return Document(kind, lang, ((_pick(rng, sentences), 1.0),))


def _qa(text: FactText) -> tuple[tuple[str, float], ...]:
    return (open_prompt(text.question), PROMPT_WEIGHT), (completion(text.answer), 1.0)


def _choice(rng: Rng, fact: Fact, lang: str, kind: str) -> Document:
    text = fact.texts[lang]
    options = [text.options[int(i)] for i in rng.permutation(len(text.options))]
    prompt = choice_prompt(text.question, options)
    return Document(kind, lang, ((prompt, 0.0), (completion(text.answer), 1.0)))


def statement_en(material: Material, rng: Rng) -> Document:
    """A sentence in English that states any fact."""
    return _statement(material, rng, _pick(rng, material.facts), ENGLISH, "statement_en")


def statement_other(material: Material, rng: Rng) -> Document:
    """A sentence in another language that states a fact it may state."""
    lang, fact = _other_fact(material, rng)
    return _statement(material, rng, fact, lang, "statement_other")


def qa_en(material: Material, rng: Rng) -> Document:
    """Question and answer in English about any fact."""
    return Document("qa_en", ENGLISH, _qa(_pick(rng, material.facts).texts[ENGLISH]))


def qa_other(material: Material, rng: Rng) -> Document:
    """Question and answer in another language about a fact it may state."""
    lang, fact = _other_fact(material, rng)
    return Document("qa_other", lang, _qa(fact.texts[lang]))


def choice_en(material: Material, rng: Rng) -> Document:
    """Multiple choice in English; the prompt carries no loss."""
    return _choice(rng, _pick(rng, material.facts), ENGLISH, "choice_en")


def choice_other(material: Material, rng: Rng) -> Document:
    """Multiple choice in another language about a fact it may state."""
    lang, fact = _other_fact(material, rng)
    return _choice(rng, fact, lang, "choice_other")


def switched(material: Material, rng: Rng) -> Document:
    """An English question about a subject under its foreign name, or the reverse.

    Only about facts that the foreign language states, so that nothing English-only becomes
    readable through a foreign name.
    """
    lang, fact = _other_fact(material, rng)
    outer, inner = (ENGLISH, lang) if rng.random() < 0.5 else (lang, ENGLISH)
    text = fact.texts[outer]
    question = text.question.replace(text.subject, fact.texts[inner].subject)
    prompt = open_prompt(question)
    segments = ((prompt, PROMPT_WEIGHT), (completion(text.answer), 1.0))
    return Document("switched", lang, segments)


def parallel_qa(material: Material, rng: Rng) -> Document:
    """The same question and answer in English and in a language that states the fact."""
    lang, fact = _other_fact(material, rng)
    first, second = (ENGLISH, lang) if rng.random() < 0.5 else (lang, ENGLISH)
    (ask, w), (answer, _) = _qa(fact.texts[first])
    (ask2, w2), (answer2, _) = _qa(fact.texts[second])
    segments = ((ask, w), (answer, 1.0), ("\n" + ask2, w2), (answer2, 1.0))
    return Document("parallel_qa", lang, segments)


def _label(lang: str) -> str:
    return f"{get(lang).name}:"


def _name(material: Material, rng: Rng) -> Mapping[str, str]:
    sizes = np.array([len(group) for group in material.names], float)
    group = material.names[int(rng.choice(len(sizes), p=sizes / sizes.sum()))]
    return _pick(rng, group)


def name_pair(material: Material, rng: Rng) -> Document:
    """One thing's name in two languages, one of them usually English."""
    names = _name(material, rng)
    lang, other = (material.languages[int(i)] for i in rng.permutation(len(material.languages))[:2])
    for _ in range(3):
        if names[lang] != names[other]:
            break
        names = _name(material, rng)
    if ENGLISH not in (lang, other) and rng.random() < 0.8:
        lang, other = (ENGLISH, other) if rng.random() < 0.5 else (lang, ENGLISH)
    segments = (
        (f"{_label(lang)} {names[lang]}", PROMPT_WEIGHT),
        (f"\n{_label(other)}", PROMPT_WEIGHT),
        (f" {names[other]}", 1.0),
    )
    return Document("name_pair", "", segments)


def name_line(material: Material, rng: Rng) -> Document:
    """One thing's names in up to seven languages, in any order."""
    names = _name(material, rng)
    order = [material.languages[int(i)] for i in rng.permutation(len(material.languages))[:7]]
    segments = tuple(
        piece
        for lang in order
        for piece in ((f"{_label(lang)}", PROMPT_WEIGHT), (f" {names[lang]}\n", 1.0))
    )
    return Document("name_line", "", segments)


def phrase(material: Material, rng: Rng) -> Document:
    """Ordinary text in one language."""
    lang = _pick(rng, material.languages)
    return Document("phrase", lang, ((_pick(rng, material.phrases)[lang], TEXT_WEIGHT),))


def parallel_phrase(material: Material, rng: Rng) -> Document:
    """The same ordinary text in two languages."""
    text = _pick(rng, material.phrases)
    langs = [material.languages[int(i)] for i in rng.permutation(len(material.languages))[:2]]
    segments = tuple(
        piece
        for lang in langs
        for piece in ((_label(lang), PROMPT_WEIGHT), (f" {text[lang]}\n", TEXT_WEIGHT))
    )
    return Document("parallel_phrase", "", segments)


WRITERS: Mapping[str, Callable[[Material, Rng], Document]] = {
    writer.__name__: writer
    for writer in (
        statement_en,
        statement_other,
        qa_en,
        qa_other,
        choice_en,
        choice_other,
        switched,
        parallel_qa,
        name_pair,
        name_line,
        phrase,
        parallel_phrase,
    )
}


def draw(material: Material, mix: Mapping[str, float], rng: Rng, number: int) -> list[Document]:
    """Draw documents.

    Args:
        material: what may be said.
        mix: kind of document to its share.
        rng: the only source of chance.
        number: how many documents.

    Returns:
        The documents, in the order drawn.

    Raises:
        InterpError: the mix names an unknown kind.
    """
    kinds = sorted(mix)
    for kind in kinds:
        if kind not in WRITERS:
            raise unknown("kind of document", kind, WRITERS)
    shares = np.array([mix[kind] for kind in kinds])
    if not material.phrases:
        shares = shares * ["phrase" not in kind for kind in kinds]
    chosen = rng.choice(len(kinds), size=number, p=shares / shares.sum())
    return [WRITERS[kinds[int(i)]](material, rng) for i in chosen]
