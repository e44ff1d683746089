"""Shares of the failure modes by language, with intervals over facts; pure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from interp.data.languages import in_table_order
from interp.errors import InterpError
from interp.evals.failure_modes import LEAK, MODES, can_leak
from interp.stats.bootstrap import DRAWS, ENOUGH, ratio_interval, widen_constant

SAME = "same_as_english"
COLUMNS = ("label", "lang", "mode", "of", "facts", "n", "share", "ci_low", "ci_high", "note")
ALL, LEAKABLE, KNOWN = "all answers", "facts that can leak", "facts with an English form"


def failure_table(predictions: pd.DataFrame, *, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Count the modes.

    Args:
        predictions: rows of the table ``predictions`` with failure_mode, target and target_en; of
            several checkpoints where it has a column ``label``, whose facts are then resampled
            together.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        Rows of ``COLUMNS`` per label and language: one per mode, of all answers (they sum to 1);
        ``english_leak`` again, of the facts that can leak; and ``same_as_english``, of the facts
        with an English form. ``facts`` is the denominator, ``n`` the numerator; a share of no
        facts is empty. ``note`` says where facts are absent in a language that another language or
        checkpoint has, and where fewer than 20 stand behind a share.

    Raises:
        InterpError: no predictions, a row without failure mode, a fact twice in a language.
    """
    frame = _checked(predictions)
    facts = frame["fact_id"].drop_duplicates().tolist()
    cells = [
        (label, lang)
        for label in frame["label"].drop_duplicates()
        for lang in in_table_order(frame.loc[frame["label"] == label, "lang"])
    ]
    statistics = [*((mode, ALL) for mode in MODES), (LEAK, LEAKABLE), (SAME, KNOWN)]
    top = np.zeros((len(facts), len(cells), len(statistics)))
    bottom = np.zeros_like(top)
    fact_at = pd.Series(range(len(facts)), facts)
    cell_at = {cell: place for place, cell in enumerate(cells)}
    for cell, part in frame.groupby(["label", "lang"], sort=False):
        rows, column = fact_at[part["fact_id"]].to_numpy(), cell_at[cell]  # type: ignore[index]
        values, there = _statistics(part)
        top[rows, column], bottom[rows, column] = values, there
    found = widen_constant(ratio_interval(top, bottom, draws=draws, seed=seed), 0, 1)
    made = []
    for column, (label, lang) in enumerate(cells):
        absent = len(facts) - int(bottom[:, column, 0].sum())
        for place, (mode, of) in enumerate(statistics):
            at = column, place
            made.append(
                (label, lang, mode, of, int(bottom[:, *at].sum()), int(top[:, *at].sum()),
                 found.estimate[at], found.low[at], found.high[at],
                 _note(int(bottom[:, *at].sum()), absent))
            )  # fmt: skip
    return pd.DataFrame(made, columns=list(COLUMNS))


def _checked(predictions: pd.DataFrame) -> pd.DataFrame:
    if predictions.empty:
        raise InterpError("there are no predictions: expected at least one generated answer")
    frame = predictions.assign(label=predictions.get("label", ""))
    if wrong := sorted(set(frame["failure_mode"].fillna("(empty)")) - set(MODES)):
        raise InterpError(
            f"failure mode {wrong[0]!r} in the predictions: expected one of {', '.join(MODES)} "
            "(only generated answers have one)"
        )
    twice = frame[frame.duplicated(["label", "fact_id", "lang"])]
    if len(twice):
        row = twice.iloc[0]
        raise InterpError(
            f"fact {row['fact_id']!r} is answered twice in {row['lang']}: expected one answer per "
            "fact, language and label"
        )
    return frame


def _statistics(part: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Numerators and denominators ``[answer, statistic]``."""
    modes = part["failure_mode"].to_numpy()[:, None] == np.array(MODES, object)
    known = part["target_en"].notna().to_numpy()
    able = np.array(
        [
            can_leak(target, english if there else None)
            for target, english, there in zip(part["target"], part["target_en"], known, strict=True)
        ]
    )
    leak = modes[:, MODES.index(LEAK)]
    values = np.column_stack([modes, leak & able, known & ~able])
    return values, np.column_stack([np.ones_like(modes), able, known])


def _note(n: int, absent: int) -> str:
    notes = []
    if n < ENOUGH:
        notes.append(f"not enough data: fewer than {ENOUGH} facts")
    if absent:
        notes.append(f"{absent} facts absent in this language")
    return "; ".join(notes)
