"""TED2025 (Shen et al. 2025): ``multi_way.jsonl``, subtitle lines in up to 113 languages.

One line per talk and time stamp, as its ``align_transcripts.py`` writes them:

    {"talk_id": "9", "timestamp": 13000, "lang_list": ["en", "zh-cn"],
     "para_data": {"en": "...", "zh-cn": "..."}, "parallelism": 2}

A subtitle is too short to be a unit: five consecutive lines of one talk that all chosen languages
have become one (the paper's release joins five, too, but per language and without alignment).
``zh`` is TED's ``zh-cn`` and ``pt`` its ``pt-br``, as in the release; where a line lacks these,
its plain ``zh`` or ``pt`` is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from interp.data.corpus import Corpus, Unit
from interp.data.languages import TRAINED, check, in_table_order
from interp.data.sources.text import file_of, read_records, want
from interp.errors import InterpError

ROWS_PER_UNIT = 5
# Our code -> TED's, preferred first.
_TED_CODES = {"zh": ("zh-cn", "zh"), "pt": ("pt-br", "pt")}
_OUR_CODES = {theirs: ours for ours, codes in _TED_CODES.items() for theirs in codes}


def load_corpus(place: str, *, languages: Sequence[str] | None = None) -> Corpus:
    """Read TED2025.

    Args:
        place: the file ``multi_way.jsonl``.
        languages: chosen languages; None takes the trained ones that occur (no line is there in
            all of TED's languages).

    Returns:
        The corpus: chunks of five lines shared by all chosen languages, never across talks.
        ``notes`` counts lines: ``rows`` read, ``rows_dropped`` that lack a chosen language.

    Raises:
        InterpError: a malformed line, a language that never occurs, or no shared line.
    """
    path = file_of(place, "the file multi_way.jsonl of TED2025")
    # Two passes over a file of gigabytes, rather than all its languages in memory.
    present: Counter[str] = Counter()
    for _, _, texts in _rows(path):
        present.update(texts.keys())
    if not present:
        raise InterpError(f"corpus {path} is empty: expected one JSON object per line")
    wanted = languages
    if wanted is None:
        wanted = [code for code in TRAINED if code in present] or in_table_order(present)
    chosen = check(wanted, present, f"corpus {path}")
    notes: Counter[str] = Counter()
    kept = list(_shared(path, chosen, notes))
    if not kept:
        fewest = min(chosen, key=lambda code: present[code])
        raise InterpError(
            f"corpus {path}: no line is there in all of {', '.join(chosen)} "
            f"({fewest} has {present[fewest]} of {notes['rows']} lines)"
        )
    return Corpus.build(_units(kept), chosen, f"ted:{path}", notes=notes)


def _rows(path: Path) -> Iterator[tuple[str, float, dict[str, str]]]:
    """Read talk, time and texts under our language codes."""
    for number, record in read_records(path):
        where = f"{path}:{number}"
        for key in ("talk_id", "timestamp"):
            if key not in record:
                raise InterpError(f"{where}: no field {key!r}, it has {', '.join(record)}")
        texts = want(record, "para_data", dict, where)
        try:
            time = float(record["timestamp"])
        except (TypeError, ValueError):
            raise InterpError(
                f"{where}: timestamp is {record['timestamp']!r}, expected a number"
            ) from None
        yield str(record["talk_id"]), time, _our_codes(texts)


def _our_codes(texts: Mapping[str, Any]) -> dict[str, str]:
    cleaned = {
        code: " ".join(text.split())
        for code, text in texts.items()
        if isinstance(text, str) and text.strip()
    }
    ours: dict[str, str] = {}
    for code in cleaned:
        name = _OUR_CODES.get(code, code)
        ours[name] = cleaned[next(c for c in _TED_CODES.get(name, (code,)) if c in cleaned)]
    return ours


def _shared(
    path: Path, chosen: Sequence[str], notes: Counter[str]
) -> Iterator[tuple[str, float, dict[str, str]]]:
    for talk, time, texts in _rows(path):
        notes["rows"] += 1
        if all(code in texts for code in chosen):
            yield talk, time, {code: texts[code] for code in chosen}
        else:
            notes["rows_dropped"] += 1


def _units(rows: list[tuple[str, float, dict[str, str]]]) -> Iterator[Unit]:
    """Join five consecutive lines of a talk, in the order of time."""
    place = {talk: number for number, talk in enumerate(dict.fromkeys(row[0] for row in rows))}
    rows.sort(key=lambda row: (place[row[0]], row[1]))
    for talk, of_talk in groupby(rows, key=lambda row: row[0]):
        lines = [texts for _, _, texts in of_talk]
        for start in range(0, len(lines), ROWS_PER_UNIT):
            chunk = lines[start : start + ROWS_PER_UNIT]
            yield Unit(
                f"{talk}/{start // ROWS_PER_UNIT}",
                {code: " ".join(texts[code] for texts in chunk) for code in chunk[0]},
            )
