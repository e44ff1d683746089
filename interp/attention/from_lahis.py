"""Read from a study which heads a LAHIS run found most important."""

from __future__ import annotations

from collections.abc import Sequence

from interp.attention.heads import HeadChoice, choose_heads
from interp.causal.read_sets import find_run
from interp.errors import InterpError
from interp.lahis.summary import score_matrices, selected_heads
from interp.options import LahisOptions
from interp.study import Study


def read_choice(
    study: Study,
    name: str,
    *,
    languages: Sequence[str] | None,
    at_most: int,
    shape: tuple[int, int],
    model: str,
) -> HeadChoice:
    """Choose heads from a LAHIS run.

    Args:
        study: the study that holds it.
        name: its run_id, or a label that fits one such run; see ``find_run``.
        languages: whose own top heads are taken; all of the run's by default.
        at_most: how many heads.
        shape: layers, and heads of each, of the model whose patterns are wanted.
        model: its name, for the message.

    Returns:
        The heads and why each was chosen.

    Raises:
        InterpError: no such run, a run of another shape, or one without top heads.
    """
    if at_most < 1:
        raise InterpError(f"n_heads {at_most}: expected at least 1")
    study, run_id = find_run(name, "heads", study)
    scores = score_matrices(study, run_id)
    n_layers, n_heads = next(iter(scores.values())).shape
    if (n_layers, n_heads) != shape:
        raise InterpError(
            f"run {run_id} is of a checkpoint with {n_layers} layers × {n_heads} heads, and "
            f"{model!r} has {shape[0]} × {shape[1]}: expected the same; name heads with --heads"
        )
    spec = study.spec(run_id)
    reasons = choose_heads(
        scores,
        selected_heads(study, run_id),
        general_min=LahisOptions.of_run(spec["arguments"]).general_min,
        languages=languages,
        at_most=at_most,
    )
    if not reasons:
        asked = ", ".join(languages or scores)
        raise InterpError(
            f"run {run_id} has no top heads for {asked} (it has {', '.join(scores)}): expected "
            "some; name heads with --heads"
        )
    return HeadChoice(reasons, run_id, spec["label"])
