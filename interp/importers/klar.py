"""Answers to KLAR as published: a parquet file with a row per fact and language.

Source: ``jvonrad/Lost-in-Mistranslation``, ``evaluate_klar.py``: language, relation, index, subject,
target, pred (the first generated line, lower-cased and without punctuation), correct, contaminated.
Departures: ``correct`` is stored as it is, and held against our lenient rule; the strict rule and the
failure modes are derived.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from interp.data.canonical import canonical_hash
from interp.data.languages import in_table_order
from interp.data.relations import ANSWER_KINDS, PROPER
from interp.errors import InterpError
from interp.evals.failure_modes import failure_modes
from interp.evals.matching import lenient, strict
from interp.importers.files import read_bytes, read_codes, sha256
from interp.importers.imported import Imported, checkpoint
from interp.importers.klar_english import English, english_answers
from interp.presets import preset
from interp.study.tables import READ_ERRORS

MOST_ROWS = 5_000_000
"""KLAR has 44,000 facts over all its languages."""

FORMAT = "KLAR answers (parquet)"
_TEXTS = ("language", "relation", "subject", "target", "pred")
_COLUMNS = (*_TEXTS, "index", "correct")
_WHAT = f"a parquet file with the columns {', '.join(_COLUMNS)}"
_CAVEAT = (
    "the file does not say how the model was asked: the options stored are those of the code "
    "published with arXiv 2606.06586; answers are stored lower-cased and without punctuation"
)


def read_klar(path: str | Path, *, model: str | None = None, facts: str | None = None) -> Imported:
    """Read a checkpoint's answers.

    Args:
        path: the parquet file.
        model: name of the checkpoint, which the file does not hold.
        facts: ``klar:FOLDER`` with English in it, for the English answers; without, no answer can
            be called an English leak.

    Returns:
        Table ``predictions`` and the facts that were asked; note ``rederived`` (``answers``,
        ``mismatches`` of our lenient rule with the stored verdict), note ``contaminated`` (language
        to number of facts, where the file says so), note ``items`` (what is known of the
        questions). Two files on the same facts have the same ``data_hash``.

    Raises:
        InterpError: not such a file, a column absent or of another type, an empty cell, an unknown
            language, a fact twice in a language; facts that are not those of the file.
    """
    file = Path(path).expanduser()
    data = read_bytes(file, _WHAT)
    frame = _checked(file, data)
    english = None if facts is None else english_answers(facts, frame)
    missing = [
        "prompts and demonstrations: which answers stood in them",
        "answers as they were generated, beyond the first line",
    ]
    if english is None:
        missing.append("English answers, hence the failure mode english_leak (--facts klar:FOLDER)")
    name = checkpoint(model, {}, missing)
    table = _predictions(frame, english)
    verdicts = [lenient(*pair) for pair in zip(frame["pred"], frame["target"], strict=True)]
    mismatches = int((frame["correct"].to_numpy() != np.array(verdicts)).sum())
    return Imported(
        analysis="klar",
        format=FORMAT,
        source=file.name,
        sha256={file.name: sha256(data)},
        arguments={
            **preset("klar", "release").to_dict(),
            "languages": list(in_table_order(frame["lang"])),
            "english_answers": None if english is None else english.digest,
        },
        data_hash=_facts_hash(frame),
        # Not among the arguments, which have to be the same where two checkpoints are compared.
        model={**name, "answers_sha256": sha256(data)},
        missing=tuple(missing),
        caveat="; ".join([_CAVEAT, *_mismatch_note(mismatches, len(frame))]),
        notes={
            "items": _items(frame),
            "rederived": {"rule": "lenient", "answers": len(frame), "mismatches": mismatches},
            **_contaminated(frame),
            **({} if english is None else {"english": english.notes}),
        },
        tables={"predictions": table},
        facts=_facts(frame),
    )


def _checked(file: Path, data: bytes) -> pd.DataFrame:
    """Read the file; adds ``lang`` and ``fact_id`` and sorts nothing."""
    try:
        # The footer first: a page of nothing can stand for thousands of millions of rows.
        footer = pq.read_metadata(io.BytesIO(data))
        if footer.num_rows > MOST_ROWS:
            raise InterpError(
                f"{file}: {footer.num_rows:,} rows, expected one per fact and language: at most "
                f"{MOST_ROWS:,}"
            )
        frame = pd.read_parquet(io.BytesIO(data))
    except READ_ERRORS as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InterpError(f"{file}: cannot be read ({reason:.80}), expected {_WHAT}") from None
    if absent := [name for name in _COLUMNS if name not in frame.columns]:
        raise InterpError(
            f"{file}: no column {absent[0]!r}, it has {', '.join(map(str, frame.columns))}; "
            f"expected {_WHAT}"
        )
    if frame.empty:
        raise InterpError(f"{file}: no row, expected one per fact and language")
    for name in _TEXTS:
        _all(file, frame, name, "text", [isinstance(cell, str) for cell in frame[name]])
    types = pd.api.types
    is_bool, is_int = types.is_bool_dtype, types.is_integer_dtype
    for name, kind, fits in (("correct", "true or false", is_bool), ("index", "a number", is_int)):
        typed = fits(frame[name].dtype)
        _all(file, frame, name, kind, [typed and not pd.isna(cell) for cell in frame[name]])
    for name in ("language", "relation", "target"):
        _all(file, frame, name, "text", [bool(cell.strip()) for cell in frame[name]])
    codes = read_codes(frame["language"].unique(), f"{file}: column 'language'")
    frame = frame.reset_index(drop=True).assign(
        lang=frame["language"].map(codes).to_numpy(),
        fact_id=[f"{relation}/{index}" for relation, index in
                 zip(frame["relation"], frame["index"], strict=True)],
    )  # fmt: skip
    twice = frame[frame.duplicated(["fact_id", "lang"])]
    if len(twice):
        row = twice.iloc[0]
        raise InterpError(
            f"{file}: row {row.name}: fact {row['fact_id']} is answered twice in {row['lang']}, "
            "expected once"
        )
    return frame


def _all(file: Path, frame: pd.DataFrame, name: str, kind: str, good: list[bool]) -> None:
    if not all(good):
        row = good.index(False)
        raise InterpError(
            f"{file}: row {row}, column {name!r}: {frame[name].iloc[row]!r:.40}, expected {kind}"
        )


def _predictions(frame: pd.DataFrame, english: English | None) -> pd.DataFrame:
    pairs = list(zip(frame["pred"], frame["target"], strict=True))
    table = pd.DataFrame(
        {
            "benchmark": "klar",
            "fact_id": frame["fact_id"],
            "lang": frame["lang"],
            "scores": None,
            "n_tokens": None,
            "n_bytes": None,
            "n_characters": None,
            "generated": frame["pred"],
            "correct": frame["correct"].astype(bool),
            "correct_strict": [strict(line, target) for line, target in pairs],
            "relation": frame["relation"],
            "target": frame["target"],
            "target_en": None if english is None else frame["fact_id"].map(english.answers),
        }
    )
    return table.assign(failure_mode=failure_modes(table.assign(line=frame["pred"].str.strip())))


def _facts(frame: pd.DataFrame) -> pd.DataFrame:
    """Lay out what the file says of the facts; it has no question, no options and no split."""
    return pd.DataFrame(
        {
            "fact_id": frame["fact_id"],
            "relation": frame["relation"],
            "property_id": "",
            "split": "",
            "lang": frame["lang"],
            "subject": frame["subject"],
            "question": "",
            "options": [[target] for target in frame["target"]],
            "option_ids": [["answer"]] * len(frame),
            "answer_index": 0,
            "answer": frame["target"],
            "stated": pd.array([pd.NA] * len(frame), dtype="boolean"),
            "is_proper_noun": frame["relation"]
            .map({name: kind == PROPER for name, kind in ANSWER_KINDS.items()})
            .astype("boolean"),
        }
    )


def _facts_hash(frame: pd.DataFrame) -> str:
    columns = ["fact_id", "lang", "relation", "subject", "target"]
    return canonical_hash(sorted(frame[columns].itertuples(index=False, name=None)))


def _items(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """What `interp eval klar` records of its questions; None where the file does not say."""
    n_facts = frame["fact_id"].nunique()
    sizes = frame["lang"].value_counts()
    unknown = ("object_differs", "few_demos", "answer_in_demos", "shortened", "longest")
    return [
        {
            "lang": lang,
            "facts": int(sizes[lang]),
            "missing": n_facts - int(sizes[lang]),
            **dict.fromkeys(unknown),
        }
        for lang in in_table_order(frame["lang"])
    ]


def _contaminated(frame: pd.DataFrame) -> Mapping[str, Any]:
    if "contaminated" not in frame or not pd.api.types.is_bool_dtype(frame["contaminated"].dtype):
        return {}
    counts = frame.groupby("lang")["contaminated"].sum()
    return {"contaminated": {lang: int(counts[lang]) for lang in in_table_order(frame["lang"])}}


def _mismatch_note(mismatches: int, n_answers: int) -> list[str]:
    if not mismatches:
        return []
    return [
        f"{mismatches} of {n_answers} stored verdicts are not those of the lenient rule; they are "
        "kept as stored"
    ]
