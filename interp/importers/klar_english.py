"""English answers to the facts of a file of answers, read from a folder of KLAR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from interp.data.canonical import canonical_hash
from interp.data.languages import looks_like_code, normalise
from interp.data.sources.klar import read_release
from interp.data.sources.text import folder_of
from interp.errors import InterpError

_KLAR = "klar:"


@dataclass(frozen=True)
class English:
    """English answers.

    Attributes:
        answers: fact_id to the English answer.
        digest: hash of the answers that were used.
        notes: ``absent`` (facts without an English answer), ``checked`` (rows whose subject and
            answer could be held against the folder) and ``differ`` (those that are other ones).
    """

    answers: Mapping[str, str]
    digest: str
    notes: Mapping[str, int]


def english_answers(facts: str, frame: pd.DataFrame) -> English:
    """Read the English answers, and check that the folder holds the file's facts.

    Args:
        facts: ``klar:FOLDER``.
        frame: columns fact_id, lang, subject and target.

    Returns:
        The answers. A subject or answer that the folder writes otherwise is counted: the release
        of KLAR has several revisions.

    Raises:
        InterpError: not ``klar:FOLDER``, no English in it, or none of the file's facts in it.
    """
    if not facts.startswith(_KLAR):
        raise InterpError(f"--facts {facts!r}: expected klar:FOLDER, for the English answers")
    folder = folder_of(
        facts.removeprefix(_KLAR), "the folder of KLAR-CLC with one folder per language"
    )
    release = read_release(folder, ["en", *_shared(folder, frame)])
    texts = {
        (f"{name}/{index}", lang): (sample.subject, sample.answer)
        for lang, table in release.items()
        for name, relation in table.items()
        for index, sample in relation.samples.items()
    }
    asked = frame["fact_id"].unique()
    answers = {one: texts[one, "en"][1] for one in asked if (one, "en") in texts}
    if not answers:
        raise InterpError(
            f"{folder}: English has none of the {len(asked)} facts of the file, such as "
            f"{asked[0]}; expected the KLAR-CLC that was asked"
        )
    columns = [frame[name] for name in ("fact_id", "lang", "subject", "target")]
    known = [
        texts[fact, lang] == (subject, target)
        for fact, lang, subject, target in zip(*columns, strict=True)
        if (fact, lang) in texts
    ]
    return English(
        answers,
        canonical_hash(answers),
        {
            "absent": len(asked) - len(answers),
            "checked": len(known),
            "differ": len(known) - sum(known),
        },
    )


def _shared(folder: Path, frame: pd.DataFrame) -> list[str]:
    """Languages of the file that the folder has too, without English."""
    there = {
        normalise(child.name)
        for child in folder.iterdir()
        if child.is_dir() and looks_like_code(child.name) and any(child.glob("*.json"))
    }
    return sorted((set(frame["lang"]) & there) - {"en"})
