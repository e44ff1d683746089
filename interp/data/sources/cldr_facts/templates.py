"""Questions and statements around CLDR's names, in every language.

CLDR gives names in their dictionary form only, so the sentences are built not to bend them: the
name stands first with a colon, or after a word that takes the bare form. English alone gets an
article where its names need one (*the Bahamas*). Nobody but their authors has read them.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from interp.data.sources.cldr_facts.truths import RELATIONS, table
from interp.errors import unknown

_WITH_THE = re.compile(
    r"\b(Islands|Territor(y|ies)|Republic|Emirates|Kingdom|United States|Netherlands|Philippines|"
    r"Maldives|Bahamas|Gambia|Comoros|Azores|Isle of Man)$"
)


@cache
def _templates() -> dict[str, Any]:
    return table("templates_trained") | table("templates_held_out")


def _of(relation: str, lang: str) -> dict[str, Any]:
    if lang not in _templates():
        raise unknown("language of the CLDR templates", lang, tuple(_templates()))
    if relation not in RELATIONS:
        raise unknown("CLDR relation", relation, tuple(RELATIONS))
    found: dict[str, Any] = _templates()[lang][relation]
    return found


def _filled(template: str, lang: str, relation: str, subject: str, answer: str) -> str:
    bare, start = subject, subject
    if lang == "en" and _WITH_THE.search(subject):
        bare, start = f"the {subject}", f"The {subject}"
    if lang == "en" and relation == "country" and _WITH_THE.search(answer):
        answer = f"the {answer}"
    # In one pass and not by `format`: names are data and may hold braces.
    names = {"{s}": bare, "{S}": start, "{o}": answer}
    return re.sub(r"\{[sSo]\}", lambda slot: names[slot[0]], template)


def question(relation: str, lang: str, subject: str) -> str:
    """Ask for the answer.

    Args:
        relation: name of the relation.
        lang: language code.
        subject: the subject's name in that language.

    Raises:
        InterpError: no template in that language, or no such relation.
    """
    return _filled(_of(relation, lang)["question"], lang, relation, subject, "")


def statements(relation: str, lang: str, subject: str, answer: str) -> tuple[str, ...]:
    """State a fact in one or more sentences, each complete by itself.

    Args:
        relation: name of the relation.
        lang: language code.
        subject: the subject's name in that language.
        answer: the answer's name in that language.

    Raises:
        InterpError: no template in that language, or no such relation.
    """
    found = _of(relation, lang)["statements"]
    return tuple(_filled(template, lang, relation, subject, answer) for template in found)
