"""A folder of ``<lang>.jsonl`` with aligned units: ``{"id": ..., "text": ...}`` per line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from interp.data.corpus import Corpus, Unit
from interp.data.languages import check, in_table_order, looks_like_code, normalise
from interp.data.sources.text import folder_of, read_records, want
from interp.errors import InterpError


def load_corpus(place: str, *, languages: Sequence[str] | None = None) -> Corpus:
    """Read a folder of one JSONL file per language.

    Args:
        place: the folder.
        languages: chosen languages; None takes all that have a file.

    Returns:
        The corpus, in the order of the file of the first language of the table (English, if
        chosen), so that the order of ``languages`` changes no block.

    Raises:
        InterpError: no such file in the folder, a language without a file, a malformed line or
            an id used twice (naming file and line), or no unit in common.
    """
    folder = folder_of(place, "a folder of <lang>.jsonl")
    files: dict[str, Path] = {}
    for path in sorted(folder.glob("*.jsonl")):
        if looks_like_code(path.stem):
            code = normalise(path.stem)
            if code in files:
                raise InterpError(f"{path} and {files[code].name} are both {code}: expected one")
            files[code] = path
    if not files:
        raise InterpError(f"corpus {folder} is empty: expected files <lang>.jsonl in it")
    chosen = check(languages, files, f"corpus {folder}")
    texts: dict[str, dict[str, str]] = {}
    for code in in_table_order(chosen):
        for name, text in _read(files[code], code).items():
            texts.setdefault(name, {})[code] = text
    units = [Unit(name, by_language) for name, by_language in texts.items()]
    for code in chosen:
        if not any(code in unit.texts for unit in units):
            raise InterpError(f"{files[code]} is empty: expected one unit per line")
    return Corpus.build(units, chosen, str(folder))


def _read(path: Path, code: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for number, record in read_records(path):
        where = f"{path}:{number}"
        if "id" not in record:
            raise InterpError(f"{where}: no field 'id', it has {', '.join(record)}")
        name = str(record["id"])
        if name in texts:
            raise InterpError(f"{where}: id {name!r} is used twice in this file")
        lang = record.get("lang")
        if isinstance(lang, str) and normalise(lang) != code:
            raise InterpError(f"{where}: lang is {lang!r}, the file's name says {code}")
        texts[name] = want(record, "text", str, where)
    return texts
