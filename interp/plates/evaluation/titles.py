"""What a chart of answers is of, from metadata."""

from __future__ import annotations

from interp.plates.evaluation.answers import Answers
from interp.plates.view import View


def title_of(view: View, answers: Answers, what: str) -> str:
    """Name benchmark, how answers are decided, and what is shown.

    Args:
        view: the study.
        answers: the runs.
        what: is shown.
    """
    run_id = next(iter(answers.runs.values()))
    rows = view.study.table("predictions", run_id=run_id, columns=["benchmark"])
    name = ", ".join(rows["benchmark"].unique())
    how = f"options per {answers.rule}" if answers.rule else "generated"
    return f"{name} ({how}): {what}"
