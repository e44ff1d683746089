"""The formats in which facts and parallel text are published, one file each.

A source is written ``kind:place``. Every reader validates what it reads and says what it
dropped; none is imported before it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from interp.errors import InterpError, unknown

if TYPE_CHECKING:
    from interp.data.corpus import Corpus
    from interp.data.facts import FactSet

FACT_SOURCES = ("cldr", "polyfact:PATH_OR_ID", "klar:FOLDER", "jsonl:FILE")
CORPUS_SOURCES = (
    "cldr",
    "a folder of <lang>.jsonl",
    "ted:FILE",
    "flores:FOLDER",
    "hub:ID[:CONFIG]",
)


def load_facts(text: str, *, languages: Sequence[str] | None = None, seed: int = 0) -> FactSet:
    """Read facts from the source that ``text`` names (see `FactSet.load`).

    Raises:
        InterpError: the source is unknown or its data is not as expected.
    """
    if text == "cldr":
        facts: FactSet = import_module("interp.data.sources.cldr").load_facts(languages)
        return facts
    kind, _, place = text.partition(":")
    if kind not in ("polyfact", "klar", "jsonl"):
        if not text.endswith(".jsonl"):
            raise unknown("fact source", text, FACT_SOURCES)
        kind, place = "jsonl", text
    _need_place(text, place, FACT_SOURCES)
    reader = import_module(f"interp.data.sources.{kind}")
    read: FactSet = reader.load_facts(place, languages=languages, seed=seed)
    return read


def load_corpus(text: str, *, languages: Sequence[str] | None = None) -> Corpus:
    """Read parallel text from the source that ``text`` names (see `Corpus.load`).

    Raises:
        InterpError: the source is unknown or its data is not as expected.
    """
    if text == "cldr":
        corpus: Corpus = import_module("interp.data.sources.cldr").load_corpus(languages)
        return corpus
    kind, _, place = text.partition(":")
    if kind not in ("ted", "flores", "hub", "folder"):
        if not Path(text).is_dir():
            raise unknown("corpus", text, CORPUS_SOURCES, "No folder of that name exists either.")
        kind, place = "folder", text
    _need_place(text, place, CORPUS_SOURCES)
    reader = import_module(f"interp.data.sources.{kind}")
    read: Corpus = reader.load_corpus(place, languages=languages)
    return read


def _need_place(text: str, place: str, known: Sequence[str]) -> None:
    if not place:
        raise InterpError(f"source {text!r} names no place: expected one of {', '.join(known)}")
