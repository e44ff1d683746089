"""The words around a question, in each trained language.

Every language keeps the ASCII colon, directly behind the word, and (after the question's) one
space, also where print would write ``问题：`` or ``Question :``. An answer follows ``Answer:``
after one space in every language, so prompts of two languages
differ in words only, and a difference between scaffolds is not one of punctuation or tokens.

The words are dictionary words, not checked by native speakers. Options need none: they are lines
of a list, and their letters stay Latin, as in the release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from interp.errors import unknown


@dataclass(frozen=True)
class Scaffold:
    """The words of one language, without colon.

    Attributes:
        question: stands before the question.
        answer: ends the prompt.
    """

    question: str
    answer: str


SCAFFOLDS: Mapping[str, Scaffold] = MappingProxyType(
    {
        "en": Scaffold("Question", "Answer"),
        "de": Scaffold("Frage", "Antwort"),
        "es": Scaffold("Pregunta", "Respuesta"),
        "fr": Scaffold("Question", "Réponse"),
        "pt": Scaffold("Pergunta", "Resposta"),
        "id": Scaffold("Pertanyaan", "Jawaban"),
        "ru": Scaffold("Вопрос", "Ответ"),
        "ar": Scaffold("السؤال", "الإجابة"),
        "zh": Scaffold("问题", "答案"),
        "ja": Scaffold("質問", "答え"),
        "sw": Scaffold("Swali", "Jibu"),
        "bn": Scaffold("প্রশ্ন", "উত্তর"),
    }
)


def native_scaffold(lang: str) -> Scaffold:
    """Look up the words of a language.

    Args:
        lang: language code.

    Returns:
        Its words.

    Raises:
        InterpError: a language without words of its own.
    """
    if lang not in SCAFFOLDS:
        raise unknown(
            "language of the native scaffold", lang, SCAFFOLDS, "Scaffold 'en' serves any language"
        )
    return SCAFFOLDS[lang]
