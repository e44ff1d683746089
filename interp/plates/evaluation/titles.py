"""What a chart of answers is of, from metadata."""

from __future__ import annotations

from interp.evals.fact_sheet import Part
from interp.plates.evaluation.answers import Answers
from interp.plates.view import View


def title_of(view: View, answers: Answers, what: str, part: Part | None = None) -> str:
    """Name benchmark, how answers are decided, what is shown, and of which facts.

    Args:
        view: the study.
        answers: the runs.
        what: is shown.
        part: which facts; all by default.
    """
    run_id = next(iter(answers.runs.values()))
    rows = view.study.table("predictions", run_id=run_id, columns=["benchmark"])
    name = ", ".join(rows["benchmark"].unique())
    how = f"options per {answers.rule}" if answers.rule else "generated"
    of = "" if part is None or part.whole else f", {part}"
    return f"{name} ({how}): {what}{of}"
