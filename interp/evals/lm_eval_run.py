"""One checkpoint through tasks of lm-evaluation-harness: from loaded tasks to a finished run."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.batches import is_out_of_memory
from interp.errors import InterpError
from interp.evals.lm_eval_model import harness_model
from interp.evals.lm_eval_results import has_own_id, metric_values, prediction_rows
from interp.evals.lm_eval_tasks import HarnessTasks, configuration, quiet
from interp.model import HookedModel
from interp.notices import tell
from interp.parallel import n_processes
from interp.study import Run, RunSpec, Study

SEEDS: Mapping[str, int] = {"random": 0, "numpy": 1234, "torch": 1234, "fewshot": 1234}
"""The harness's own seeds."""


def run_lm_eval(
    model: HookedModel,
    tasks: HarnessTasks,
    study: Study,
    *,
    label: str,
    stage: str,
    batch_size: str | int = "auto",
    seed: int | None = None,
    overwrite: bool = False,
) -> str:
    """Evaluate a checkpoint with the harness, one task after the other.

    Writes the table ``predictions`` (a row per document of every task that says right or wrong of
    each document), the tensors ``metrics`` (``task/metric,filter`` to values ``[document]``) and,
    in the run's record under ``lm_eval``, what the harness reports: results of tasks and groups,
    configurations, versions.

    A task is computed by itself, so that an interrupted run goes on with the next one and ends
    with the same numbers; ``lm_eval`` mixes the requests of all tasks in its batches, which
    changes the last digits only.

    Args:
        model: the checkpoint.
        tasks: of `interp.evals.lm_eval_tasks.load_tasks`.
        study: where results go.
        label: short name of the checkpoint in the study.
        stage: what was done to the checkpoint.
        batch_size: rows per batch, or ``auto``; see `harness_model`.
        seed: instead of every one of the harness's own ``SEEDS``.
        overwrite: run again although the study holds the result.

    Returns:
        The run's id.

    Raises:
        InterpError: memory does not suffice, or a score is not finite.
    """
    if n_processes() > 1:
        raise InterpError(
            f"lm-eval in {n_processes()} processes: the harness makes its own batches in each, which "
            "changes the last digits; start it without a launcher (mcq and klar can be shared)"
        )
    seeds = dict(SEEDS) if seed is None else dict.fromkeys(SEEDS, seed)
    arguments = {
        "tasks": {name: _about(task) for name, task in tasks.tasks.items()},
        "groups": sorted(tasks.groups),
        "limit": tasks.limit,
        "seeds": seeds,
        "harness": tasks.harness,
        "batch_size": batch_size,
    }
    spec = RunSpec(
        "lm-eval", label, stage, "default", arguments, tasks.data_hash, model.provenance,
        seeds["fewshot"],
    )  # fmt: skip
    with study.run(spec, overwrite=overwrite) as run:
        if run.already_finished:
            return run.run_id
        found, metrics = _evaluate_all(model, tasks, run, batch_size, seeds)
        rows = [row for one in found.values() for row in one["rows"]]
        if rows:
            # A task of generated answers among others: an integer that may be empty.
            run.write_table("predictions", pd.DataFrame(rows).astype({"chosen": "Int64"}))
        if metrics:
            axes = "task/metric,filter -> [document], in the order of predictions"
            run.write_tensors("metrics", metrics, {"axes": axes})
        run.record("lm_eval", _report(tasks, found))
    return run.run_id


def _about(task: Any) -> dict[str, Any]:
    return {"version": task.VERSION, "num_fewshot": task.get_config("num_fewshot")}


def _evaluate_all(
    model: HookedModel,
    tasks: HarnessTasks,
    run: Run,
    batch_size: str | int,
    seeds: Mapping[str, int],
) -> tuple[dict[str, dict[str, Any]], dict[str, NDArray[np.float64]]]:
    start, metrics = run.load_progress() or (0, {})
    found: dict[str, dict[str, Any]] = dict(run.progress_state.get("tasks", {}))
    with quiet():
        lm = harness_model(model, batch_size)
        for step, (name, task) in enumerate(tasks.tasks.items()):
            if step < start:
                continue
            tell("eval lm-eval", f"{run.spec.label}: task {step + 1} of {len(tasks.tasks)}, {name}")
            lm.n_tokens.clear()
            lm.truncated = 0
            results = _evaluate(lm, name, task, tasks.limit, seeds)
            samples = results["samples"][name]
            values = metric_values(samples)
            found[name] = {
                "rows": prediction_rows(name, samples, configuration(task), lm.n_tokens),
                "results": _plain(results["results"][name]),
                "own_ids": all(has_own_id(sample["doc"]) for sample in samples),
                "truncated": lm.truncated,
            }
            if lm.truncated:
                tell("eval lm-eval", f"{name}: {lm.truncated} contexts were cut on the left")
            metrics |= {f"{name}/{key}": value for key, value in values.items()}
            run.save_progress(step + 1, metrics, state={"tasks": found})
    return found, metrics


def _evaluate(
    lm: Any, name: str, task: Any, limit: int | None, seeds: Mapping[str, int]
) -> dict[str, Any]:
    """Evaluate one task, seeded as ``lm_eval.simple_evaluate`` does."""
    import torch
    from lm_eval import evaluate

    random.seed(seeds["random"])
    np.random.seed(seeds["numpy"])
    torch.manual_seed(seeds["torch"])
    task.set_fewshot_seed(seed=seeds["fewshot"])
    try:
        results: dict[str, Any] = evaluate(
            lm=lm, task_dict={"tasks": {name: task}}, limit=limit, bootstrap_iters=0
        )
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise InterpError(
            f"lm-eval task {name}: memory does not suffice for a batch: expected a smaller "
            "--batch-size (1 is the smallest) or a smaller --dtype"
        ) from error
    return results


def _report(tasks: HarnessTasks, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Put together what the harness reports, standard errors aside (the suite makes its own)."""
    results = {name: one["results"] for name, one in found.items()}
    return {
        "results": results,
        "tasks": {name: _about(task) for name, task in tasks.tasks.items()},
        "groups": {
            name: {
                "tasks": [task.task_name for task in group.get_all_tasks()],
                "weighted": _weighted(group.aggregate_metric_list or ()),
                "results": _plain(group.aggregate(results)),
            }
            for name, group in tasks.groups.items()
        },
        "own_ids": {name: one["own_ids"] for name, one in found.items()},
        "truncated": {name: one["truncated"] for name, one in found.items() if one["truncated"]},
        "configs": {name: configuration(task) for name, task in tasks.tasks.items()},
    }


def _weighted(aggregations: Sequence[Any]) -> dict[str, bool]:
    return {one.metric: bool(one.weight_by_size) for one in aggregations}


def _plain(results: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what JSON can hold; the harness's ``N/A`` and numbers that are none become empty."""
    found: dict[str, Any] = {}
    for key, value in results.items():
        if "_stderr," in key:
            continue
        if isinstance(value, np.number):
            value = value.item()
        if isinstance(value, float) and not np.isfinite(value):
            value = None
        if value is None or isinstance(value, str | int | float):
            found[key] = value
    return found
