"""Whether a subject's name gives its answer away (Cuba: *Cuban peso*), in one language.

The test is on spelling alone and is meant to be too strict rather than too lax: a fact whose
answer can be read off the question measures reading, not knowledge.

- Words: the same word, or a shared beginning of four letters; of three letters where a word is
  short (Peru/*Peruvian* by four, Iran/*Iranischer*, Куба/*кубинское* by three) and in Arabic,
  Hebrew, Persian and Bengali, whose letters carry more; the Arabic and Hebrew article is cut.
- Anywhere inside: five shared letters, four in Swahili, whose nouns begin with class prefixes
  (*Ufaransa*/*Kifaransa*), and in Arabic, Hebrew and Persian.
- Chinese, Japanese, Korean: two shared Han or Hangul signs in a row, three of kana.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_DENSE = frozenset({"ar", "fa", "he", "bn"})
_ARTICLES = {"ar": "ال", "he": "ה"}
_SMALL_WORDS = frozenset(
    [
        "and",
        "the",
        "und",
        "der",
        "die",
        "das",
        "des",
        "von",
        "les",
        "los",
        "las",
        "del",
        "dos",
        "das",
        "san",
        "sao",
        "une",
        "dan",
        "sur",
        "för",
        "van",
        "het",
        "και",
        "στα",
        "της",
        "των",
        "для",
    ]
)


@cache
def fold(text: str, lang: str) -> str:
    """Case and accents away; in scripts where marks are letters (Bengali, kana) they stay."""
    if lang in {"bn", "ja", "zh", "ko"}:
        return unicodedata.normalize("NFKC", text).casefold()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parts if not unicodedata.combining(char))


@cache
def words(text: str, lang: str) -> tuple[str, ...]:
    """Folded words of at least three letters, without small words and without the article."""
    article = _ARTICLES.get(lang, "")
    found = []
    for word in re.split(r"[\W_\d]+", fold(text, lang)) if lang != "bn" else _bengali(text):
        bare = word.removeprefix(article) if len(word) > len(article) + 2 else word
        if len(bare) >= 3 and bare not in _SMALL_WORDS:
            found.append(bare)
    return tuple(found)


def _bengali(text: str) -> list[str]:
    # Vowel signs are marks, not word characters, so words are split at spaces and punctuation.
    return re.split(r"[\s\d,.()'’&/-]+", fold(text, "bn"))


@cache
def _pieces(text: str, lang: str, length: int) -> frozenset[str]:
    return frozenset(
        word[i : i + length] for word in words(text, lang) for i in range(len(word) - length + 1)
    )


@cache
def _signs(text: str, lang: str) -> frozenset[str]:
    folded = fold(text, lang)
    pairs = {folded[i : i + 2] for i in range(len(folded) - 1)}
    triples = {folded[i : i + 3] for i in range(len(folded) - 2)}
    return frozenset(
        {p for p in pairs if all(map(_weighty, p))} | {t for t in triples if t.isalpha()}
    )


def _weighty(char: str) -> bool:
    return unicodedata.name(char, "").startswith(("CJK", "HANGUL"))


@cache
def _beginnings(text: str, lang: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Beginnings of words: of four letters, of three, and of three of short words only."""
    found = words(text, lang)
    three = frozenset(word[:3] for word in found)
    short = three if lang in _DENSE else frozenset(w[:3] for w in found if len(w) <= 4)
    return frozenset(word[:4] for word in found if len(word) > 3), three, short


@cache
def clues(text: str, lang: str, *, of_answer: bool) -> frozenset[str]:
    """What a name gives away, so that a subject leaks an answer iff they share a clue.

    Args:
        text: the name.
        lang: language code; decides the rule.
        of_answer: whether the name is an answer's. A short word meets any word of the other
            name, so what is marked ``<`` in a subject is marked so in answers the other way.

    Returns:
        The clues, each with the kind of rule it belongs to in front.
    """
    if lang in {"zh", "ja", "ko"}:
        return _signs(text, lang)
    four, three, short = _beginnings(text, lang)
    left, right = (three, short) if of_answer else (short, three)
    length = 4 if lang in {"ar", "fa", "he", "sw"} else 5
    return frozenset(
        {f"^{start}" for start in four}
        | {f"<{start}" for start in left}
        | {f">{start}" for start in right}
        | _pieces(text, lang, length)
    )


def leaks(subject: str, answer: str, lang: str) -> bool:
    """Say whether the subject's name gives the answer away in this language.

    Args:
        subject: name of the subject.
        answer: name of the answer.
        lang: language code; decides the rule.
    """
    given = clues(subject, lang, of_answer=False)
    return not given.isdisjoint(clues(answer, lang, of_answer=True))
