"""Parallel text from any hub data set, in one of the three shapes in which it comes.

* one configuration per language, with a column of text (and of ids, else lines are aligned);
* one table with a column per language: ``en``, ``eng_Latn`` or ``sentence_eng_Latn``;
* one table with a column ``translation`` or ``translations``: a mapping, or ``language`` and
  ``translation`` lists (as ``ted_multi`` has them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from interp.data.corpus import Corpus, Unit
from interp.data.languages import check, looks_like_code
from interp.data.sources.flores import code_of
from interp.data.sources.tables import hub_configs, load_hub
from interp.errors import InterpError
from interp.printable import brief

_TEXT_COLUMNS = ("text", "sentence", "content", "raw_content")
_ID_COLUMNS = ("id", "unit_id", "doc_id", "index")
_NESTED = ("translation", "translations")
_SPLITS = ("train", "test", "validation", "dev", "devtest")
_COLUMN_PREFIX = "sentence_"


def load_corpus(place: str, *, languages: Sequence[str] | None = None) -> Corpus:
    """Read a data set through ``datasets``.

    Args:
        place: a hub id or a local folder of a data set, with an optional ``:config``. The split
            ``train`` is taken, else ``test``, else the first.
        languages: chosen languages; None takes all that are there.

    Returns:
        The corpus.

    Raises:
        InterpError: it cannot be loaded, or is in none of the three shapes.
    """
    name, _, config = place.partition(":")
    source = f"hub:{place}"
    if not config:
        per_language = _language_configs(hub_configs(name))
        if len(per_language) > 1:
            chosen = check(languages, per_language, f"corpus {source}")
            return _from_configs(name, {code: per_language[code] for code in chosen}, source)
    rows = _one_split(load_hub(name, config or None))
    columns = list(rows.column_names)
    nested = next((column for column in _NESTED if column in columns), None)
    if nested:
        units = [
            Unit(_unit_id(row, number), _nested_texts(row[nested], f"{source}: row {number}"))
            for number, row in enumerate(rows, start=1)
        ]
        found = {code for unit in units for code in unit.texts}
    else:
        by_language = _language_configs(columns)
        if len(by_language) < 2:
            raise InterpError(
                f"corpus {source}: neither a configuration nor a column per language nor a column "
                f"'translation'; it has columns {', '.join(columns)}"
            )
        units = [
            Unit(
                _unit_id(row, number),
                {code: str(row[column] or "") for code, column in by_language.items()},
            )
            for number, row in enumerate(rows, start=1)
        ]
        found = set(by_language)
    if not found:
        raise InterpError(f"corpus {source} is empty: expected at least one unit of text")
    return Corpus.build(units, check(languages, found, f"corpus {source}"), source)


def _language_configs(names: Sequence[str]) -> dict[str, str]:
    """Find the names that are language codes; the first of several for one language."""
    found: dict[str, str] = {}
    for name in names:
        bare = name.removeprefix(_COLUMN_PREFIX)
        # "id" is Indonesian as much as an identifier: as a column it is taken as the latter.
        if looks_like_code(bare) and bare not in _ID_COLUMNS and _is_known(code_of(bare)):
            found.setdefault(code_of(bare), name)
    return found


def _is_known(code: str) -> bool:
    from interp.data.languages import get

    return get(code).script != "unknown"


def _from_configs(name: str, configs: Mapping[str, str], source: str) -> Corpus:
    texts: dict[str, dict[str, str]] = {}
    lengths: dict[str, int] = {}
    numbered = False
    for code, config in configs.items():
        rows = _one_split(load_hub(name, config))
        column = next((c for c in _TEXT_COLUMNS if c in rows.column_names), None)
        if column is None:
            raise InterpError(
                f"corpus {source}: configuration {config} has columns "
                f"{', '.join(rows.column_names)}, expected one of {', '.join(_TEXT_COLUMNS)}"
            )
        numbered |= not any(c in rows.column_names for c in _ID_COLUMNS)
        lengths[code] = len(rows)
        for number, row in enumerate(rows, start=1):
            texts.setdefault(_unit_id(row, number), {})[code] = str(row[column] or "")
    if numbered and len(set(lengths.values())) > 1:
        raise InterpError(
            f"corpus {source}: without an id column rows must be aligned, but they number "
            f"{', '.join(f'{n} ({code})' for code, n in lengths.items())}"
        )
    units = [Unit(unit_id, by_language) for unit_id, by_language in texts.items()]
    return Corpus.build(units, tuple(configs), source)


def _nested_texts(value: Any, where: str) -> dict[str, str]:
    if isinstance(value, Mapping) and {"language", "translation"} <= set(value):
        pairs = zip_longest(value["language"], value["translation"])
        return {code_of(str(code)): str(text or "") for code, text in pairs}
    if isinstance(value, Mapping):
        return {code_of(code): str(text) for code, text in value.items() if text}
    raise InterpError(f"{where}: translation is {brief(value)}, expected language to text")


def _unit_id(row: Mapping[str, Any], number: int) -> str:
    column = next((c for c in _ID_COLUMNS if c in row), None)
    return str(row[column]) if column else str(number)


def _one_split(splits: Mapping[str, Any]) -> Any:
    name = next((split for split in _SPLITS if split in splits), next(iter(splits)))
    return splits[name]
