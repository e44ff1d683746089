"""``interp eval lm-eval``: tasks of lm-evaluation-harness on any checkpoint the suite can load."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interp.cli import options as o
from interp.cli.choices import ModelChoice, RecordChoice, with_choices


@with_choices
def command(
    *,
    weights: ModelChoice,
    tasks: Annotated[
        str,
        typer.Option(
            help="Tasks, groups, tags or patterns of them, separated by commas.",
            rich_help_panel="Data",
        ),
    ],
    include_path: Annotated[
        Path | None,
        typer.Option(
            help="Folder with further tasks, e.g. one that `interp export lm-eval` wrote.",
            rich_help_panel="Data",
        ),
    ] = None,
    num_fewshot: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Examples before the question, instead of the task's own number.",
            rich_help_panel="Method",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, help="Use only the first documents of every task.", rich_help_panel="Data"
        ),
    ] = None,
    run: RecordChoice,
    batch_size: Annotated[
        str,
        typer.Option(
            help="auto (a GPU is measured, a CPU gets 8), or a number of rows.",
            rich_help_panel="Run",
        ),
    ] = "auto",
    seed: Annotated[
        int | None,
        typer.Option(
            help="Seed of every random choice; the harness's own (0 and 1234) by default.",
            rich_help_panel="Run",
        ),
    ] = None,
) -> None:
    """Run tasks of lm-evaluation-harness and keep every document's answer (extra: lm-eval).

    Example: interp eval lm-eval --model ckpt/grpo --tasks global_mmlu_full_sw,xcopa_sw
    """
    from interp.cli.print_lm_eval import print_lm_eval
    from interp.cli.session import checkpoint, open_target, rehearse
    from interp.errors import InterpError
    from interp.evals.lm_eval_tasks import load_tasks, need_lm_eval

    need_lm_eval()
    names = [name.strip() for name in tasks.split(",") if name.strip()]
    if not names:
        raise InterpError("--tasks is empty: expected names separated by commas, e.g. xcopa_sw")
    rows = o.parse_batch_size(batch_size)
    spec = checkpoint(weights, run)
    # Before the study is made: a task whose data cannot be had leaves nothing behind.
    loaded = load_tasks(names, include_path=include_path, num_fewshot=num_fewshot, limit=limit)
    target = open_target(run)
    if run.dry_run:
        from interp.evals.lm_eval_estimate import lm_eval_work

        where = str(run.study)
        rehearse(
            spec, run, "lm-eval",
            lambda m: lm_eval_work(m, loaded, where=where, batch_size=rows, seed=seed),
        )  # fmt: skip
        return
    from interp.evals.lm_eval_run import run_lm_eval

    run_id = run_lm_eval(
        spec.load(),
        loaded,
        target,
        label=spec.label,
        stage=spec.stage,
        batch_size=rows,
        seed=seed,
        overwrite=run.overwrite,
    )
    print_lm_eval(target, run_id)
